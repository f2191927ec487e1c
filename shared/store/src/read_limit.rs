//! The limit on the JSON that is read for one response.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{SessionHead, StoreError};

/// The bytes of outlines that are read even of a list that is too large, so that the error can
/// name what would fit.
const MIN_OUTLINES: usize = 2 << 20;

/// Counts the bytes of the sessions of a list as their heads are read. Reading stops when they
/// have more JSON than the limit, and when the heads suffice to tell how many sessions would fit.
#[derive(Debug)]
pub(crate) struct SizeOfHeads {
    most: usize,
    bytes: AtomicUsize,
    outlines: AtomicUsize,
}

impl SizeOfHeads {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, bytes: AtomicUsize::new(0), outlines: AtomicUsize::new(0) }
    }

    pub(crate) fn add(&self, head: &SessionHead) {
        self.bytes.fetch_add(head.json_size(), Ordering::Relaxed);
        self.outlines.fetch_add(head.outline_size(), Ordering::Relaxed);
    }

    /// # Errors
    ///
    /// [`StoreError::ExceedsLimit`]: reading stopped.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let bytes = self.bytes.load(Ordering::Relaxed);
        if self.is_exceeded() { Err(StoreError::ExceedsLimit(bytes)) } else { Ok(()) }
    }

    pub(crate) fn is_exceeded(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > self.most && self.outlines.load(Ordering::Relaxed) > MIN_OUTLINES
    }
}

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
