//! What is to be done about a key.

use std::time::Instant;

use crate::source::Place;

/// What to look at again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work {
    /// The record.
    pub record: bool,
    /// Write it even if it seems to be the same.
    pub rewrite: bool,
    /// An attempt at it may have ended in its middle, and left something over.
    pub again: bool,
    /// The lock of this session, whose record is under the key.
    pub lock: Option<Place>,
}

impl Work {
    /// To look at the record, and at a session's lock with it.
    pub const RECORD: Self = Self { record: true, rewrite: false, again: false, lock: None };

    pub(super) fn merge(&mut self, other: Self) {
        self.record |= other.record;
        self.rewrite |= other.rewrite;
        self.again |= other.again;
        self.lock = self.lock.take().or(other.lock);
    }

    pub(super) fn is_nothing(&self) -> bool {
        !self.record && !self.rewrite && !self.again && self.lock.is_none()
    }
}

/// A key to work on.
#[derive(Debug)]
pub struct Job {
    /// The key.
    pub key: String,
    /// What to look at.
    pub work: Work,
    /// When Redis told of the first change of it.
    pub noticed: Option<Instant>,
}
