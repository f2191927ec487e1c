//! The limit on the JSON that is read for one response.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::StoreError;

/// Counts the bytes of JSON that are read for one response, and fails reads beyond a limit.
#[derive(Debug)]
pub struct ReadLimit {
    most: usize,
    read: AtomicUsize,
}

impl ReadLimit {
    /// A limit of this many bytes of JSON.
    pub fn new(most: usize) -> Self {
        Self { most, read: AtomicUsize::new(0) }
    }

    /// Adds bytes that were read.
    ///
    /// # Errors
    ///
    /// [`StoreError::ExceedsLimit`]: the sum exceeds the limit.
    pub(crate) fn add(&self, bytes: usize) -> Result<(), StoreError> {
        let read = self.read.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if read > self.most { Err(StoreError::ExceedsLimit(read)) } else { Ok(()) }
    }
}
