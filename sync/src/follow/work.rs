//! What is to be done about a key.

use std::time::Instant;

use crate::source::RecordKey;

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
    pub lock: Option<RecordKey>,
    /// When the key expires.
    pub expiry: bool,
    /// The list of sessions under the key.
    pub list: Option<ListWork>,
}

/// Why to look at a list of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListWork {
    /// It has ended, or was looked at a moment ago.
    Again,
    /// It has changed.
    Changed,
}

impl Work {
    /// To look at the record, and at a session's lock with it.
    pub const RECORD: Self = Self { record: true, ..Self::NOTHING };
    /// To look at when a key expires.
    pub const EXPIRY: Self = Self { expiry: true, ..Self::NOTHING };
    /// To look at a list that has changed.
    pub const LIST_CHANGED: Self = Self { list: Some(ListWork::Changed), ..Self::NOTHING };
    /// To look at a list that has ended, or was looked at a moment ago.
    pub const LIST_ENDED: Self = Self { list: Some(ListWork::Again), ..Self::NOTHING };

    const NOTHING: Self = Self { record: false, rewrite: false, again: false, lock: None, expiry: false, list: None };

    pub(super) fn merge(&mut self, other: Self) {
        self.record |= other.record;
        self.rewrite |= other.rewrite;
        self.again |= other.again;
        self.lock = self.lock.take().or(other.lock);
        self.expiry |= other.expiry;
        self.list = self.list.max(other.list);
    }

    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::NOTHING
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

/// Which worker works on a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// One of those that share memory.
    Shared,
    /// The one that works on large records.
    Alone,
}

/// What became of work that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It is done.
    Finished,
    /// The record is large: the other lane has to do it.
    HandOver,
}
