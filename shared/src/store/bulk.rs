//! The bulk of a session's state: the summary, the conversation, what the tools remember.
//!
//! It is compact JSON texts, one a line (compact JSON holds no line break), compressed with zstd, whose checksum finds
//! any damage. It lies in the head while it is small, else in parts.

use std::io;
use std::ops::Range;

use zstd::bulk::Compressor;

/// The largest compressed bulk that lies in the head, in bytes.
///
/// A head of up to 4 KB costs one read unit whether there is bulk in it or not, and a part costs at least one more; but
/// heads are read for summaries too, which need no bulk.
pub(super) const INLINE_LIMIT: usize = 8 * 1024;

/// The size of a part's data, in bytes: an item of 400 KB less the longest keys.
pub(super) const PART_SIZE: usize = 400 * 1024 - 8 * 1024;

/// zstd's default level.
const LEVEL: i32 = 3;

/// The largest bulk that is unpacked, in bytes: a bound on the memory that a damaged item can make a reader take.
const UNPACKED_LIMIT: u64 = 1 << 30;

/// Packs JSON texts.
///
/// # Errors
///
/// zstd finds no memory.
pub(super) fn pack(lines: &[&str]) -> io::Result<Vec<u8>> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    compressor.compress(lines.join("\n").as_bytes())
}

/// Unpacked bulk.
#[derive(Debug, Clone)]
pub(super) struct Bulk {
    text: String,
    lines: Vec<Range<usize>>,
}

impl Bulk {
    /// # Errors
    ///
    /// The data are damaged, or hold fewer than `lines` texts; it says what is wrong.
    pub(super) fn unpack(packed: &[u8], lines: usize) -> Result<Self, String> {
        let size = zstd::zstd_safe::get_frame_content_size(packed)
            .ok()
            .flatten()
            .filter(|size| *size <= UNPACKED_LIMIT)
            .ok_or("the state's bulk has no size, or one over 1 GB")?;
        let size = usize::try_from(size).map_err(|error| error.to_string())?;
        let bytes = zstd::bulk::decompress(packed, size).map_err(|error| format!("the state's bulk: {error}"))?;
        let text = String::from_utf8(bytes).map_err(|_| "the state's bulk is not UTF-8")?;
        let mut start = 0;
        let ranges: Vec<_> = text
            .split('\n')
            .map(|line| {
                let range = start..start + line.len();
                start = range.end + 1;
                range
            })
            .collect();
        if ranges.len() < lines {
            return Err(format!("the state's bulk has {} texts instead of {lines}", ranges.len()));
        }
        Ok(Self { text, lines: ranges })
    }

    /// JSON text number `index`.
    pub(super) fn line(&self, index: usize) -> &str {
        self.lines.get(index).map_or("null", |range| &self.text[range.clone()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_damage_goes_unseen() {
        let packed = pack(&["\"\"", "[1,2,3,4,5,6,7,8,9]", "{}"]).unwrap();
        let intact = Bulk::unpack(&packed, 3).unwrap();
        assert_eq!(Bulk::unpack(&packed, 3).unwrap().line(1), "[1,2,3,4,5,6,7,8,9]");
        assert!(Bulk::unpack(&packed, 4).is_err());
        for bit in 0..8 * packed.len() {
            let mut damaged = packed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            // A bit of the header means nothing.
            let unpacked = Bulk::unpack(&damaged, 3);
            assert!(unpacked.is_err() || unpacked.is_ok_and(|bulk| bulk.text == intact.text), "bit {bit}");
        }
        assert!(Bulk::unpack(&packed[..packed.len() - 1], 3).is_err());
        assert!(Bulk::unpack(b"", 3).is_err());
    }
}
