//! Reads the text of a record within the memory of a lane.

use super::context::SyncContext;
use super::failure::Failure;
use super::work::Lane;
use crate::memory::{Reserved, for_copying, for_copying_at_least, for_reading};

/// The result of a read within limits.
pub(super) enum LimitedRead {
    /// The text, if the key exists, and the memory that is reserved for it.
    Text(Option<Vec<u8>>, Option<Reserved>),
    /// The record needs the lane for large records.
    HandOver,
    /// Copying the record takes more memory than any lane has.
    TooLarge {
        /// The length of the text in bytes.
        length: usize,
        /// The memory that copying takes, in bytes.
        needed: u64,
    },
}

/// Reads a text of this length, and reserves the memory that copying it takes. The text of a
/// record that exceeds the lane's memory is freed.
pub(super) async fn read_within_limits(
    context: &SyncContext,
    key: &str,
    mut length: usize,
    lane: Lane,
) -> Result<LimitedRead, Failure> {
    let (source, memory) = (context.source(), context.memory());
    let limit = match lane {
        Lane::Shared => memory.shared_bytes(),
        Lane::Alone => memory.alone_bytes(),
    };
    let mut needed = for_reading(length).max(for_copying_at_least(length));
    loop {
        if needed > limit {
            return Ok(match lane {
                Lane::Shared => LimitedRead::HandOver,
                Lane::Alone => LimitedRead::TooLarge { length, needed },
            });
        }
        let (reserved, text) = match lane {
            Lane::Shared => {
                let reserved = memory.reserve_shared(needed).await;
                (Some(reserved), source.text(key).await)
            }
            // This lane has one worker.
            Lane::Alone => (None, source.large_text(key).await),
        };
        let text = match text {
            Ok(text) => text,
            // The value had another type a moment ago.
            Err(error) if error.code() == Some("WRONGTYPE") => {
                return Err(Failure::Retryable("the type of the key's value has changed".to_owned()));
            }
            Err(error) => return Err(error.into()),
        };
        let found = text.as_deref().map_or(0, for_copying);
        if found <= needed || (found <= limit && lane == Lane::Alone) {
            return Ok(LimitedRead::Text(text, reserved));
        }
        // The record has many small values, or has grown: read it again with more reserved.
        length = text.map_or(0, |text| text.len());
        needed = found;
    }
}
