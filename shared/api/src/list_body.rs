//! Assembles the body of a response from a list, and compresses it.

use std::io::Write;

use crate::body::Body;
use crate::compression::Compressor;
use crate::encoding::Encoding;
use crate::error::ApiError;
use crate::fitting::FittingRequest;
use crate::limits::{METADATA_BYTES, ResponseLimits};
use crate::list::SessionList;
use crate::render::WriteJson;
use crate::too_large::{Advice, Excess, TooLarge};

/// The bytes that are processed before other futures run. One of them ends the request at its
/// deadline.
const YIELD_INTERVAL: usize = 256 * 1024;

/// A body with a list.
pub(crate) struct ListBody {
    pub(crate) body: Body,
    /// Its bytes in the function's result.
    pub(crate) bytes: usize,
}

impl ListBody {
    /// Renders a list in an encoding.
    ///
    /// # Errors
    ///
    /// The body is larger than a function may return, a state is damaged, or compression fails.
    pub(crate) async fn render<T: WriteJson>(
        list: SessionList<T>,
        encoding: Encoding,
        limits: ResponseLimits,
    ) -> Result<Self, ApiError> {
        match Compressor::new(encoding, limits.binary_body())? {
            Some(compressor) => compressed(list, compressor, limits).await,
            None => text(list, limits).await,
        }
    }
}

async fn compressed<T: WriteJson>(
    list: SessionList<T>,
    mut compressor: Compressor,
    limits: ResponseLimits,
) -> Result<ListBody, ApiError> {
    let fitting = list.fitting;
    let mut progress = Progress::default();
    for piece in list.into_pieces() {
        for chunk in piece?.chunks(YIELD_INTERVAL) {
            compressor.write_all(chunk)?;
            if compressor.count() > limits.binary_body() {
                let size = limits.binary_size(compressor.count()) + METADATA_BYTES;
                return Err(too_large(Excess::AtLeast(size), limits, fitting));
            }
            progress.add(chunk.len()).await;
        }
    }
    let (bytes, count) = compressor.finish()?;
    let size = limits.binary_size(count);
    if count > limits.binary_body() {
        return Err(too_large(Excess::Bytes(size + METADATA_BYTES), limits, fitting));
    }
    Ok(ListBody { body: Body::Binary(bytes), bytes: size })
}

async fn text<T: WriteJson>(list: SessionList<T>, limits: ResponseLimits) -> Result<ListBody, ApiError> {
    let fitting = list.fitting;
    let mut pieces = Vec::with_capacity(list.sessions.len() + 2);
    let (mut size, mut progress) = (0, Progress::default());
    for piece in list.into_pieces() {
        let piece = piece?;
        progress.add(piece.len()).await;
        size += limits.text_size(&piece);
        if size > limits.body() {
            // The rest is rendered for its exact size, which the error states. The rest is short:
            // a list that is much too large is refused before it is rendered.
            pieces.clear();
        } else {
            pieces.push(String::from_utf8(piece).map_err(|_| ApiError::InvalidUtf8)?);
        }
    }
    if size > limits.body() {
        return Err(too_large(Excess::Bytes(size + METADATA_BYTES), limits, fitting));
    }
    Ok(ListBody { body: Body::Text(pieces), bytes: size })
}

fn too_large(excess: Excess, limits: ResponseLimits, fitting: FittingRequest) -> ApiError {
    ApiError::TooLarge(TooLarge { excess, limit: limits.result, advice: Advice::Fitting(fitting) })
}

/// Counts the bytes that have been processed, and yields to other futures in intervals.
#[derive(Default)]
struct Progress {
    since_yield: usize,
}

impl Progress {
    async fn add(&mut self, bytes: usize) {
        self.since_yield += bytes;
        if self.since_yield > YIELD_INTERVAL {
            self.since_yield = 0;
            tokio::task::yield_now().await;
        }
    }
}
