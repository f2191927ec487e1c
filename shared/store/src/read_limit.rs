//! A limit on the JSON that is read for one response.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::StoreError;

/// Counts the bytes of JSON that the reads for one response have brought, and ends those reads
/// when they are more than any response can have.
#[derive(Debug)]
pub struct ReadLimit {
    most: usize,
    read: AtomicUsize,
}

impl ReadLimit {
    /// Reads of at most this many bytes of JSON together.
    pub fn new(most: usize) -> Self {
        Self { most, read: AtomicUsize::new(0) }
    }

    /// Counts what has been read.
    ///
    /// # Errors
    ///
    /// [`StoreError::ExceedsLimit`]: it is too much.
    pub(crate) fn add(&self, bytes: usize) -> Result<(), StoreError> {
        let read = self.read.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if read > self.most { Err(StoreError::ExceedsLimit(read)) } else { Ok(()) }
    }
}
