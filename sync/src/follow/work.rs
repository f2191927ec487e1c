//! The work that a key in the queue needs.

use std::time::Instant;

use crate::source::RecordKey;

/// The work that a key needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work {
    /// Bring the replica of the record under the key up to date, with a session's lease.
    pub record: Option<RecordWork>,
    /// Bring the lease of this session up to date. Its record is under the key.
    pub lock: Option<RecordKey>,
    /// Read when the key expires.
    pub expiry: bool,
    /// Check the list of sessions under the key.
    pub list: Option<ListWork>,
}

/// How to bring a replica up to date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordWork {
    /// When to write the replica.
    pub write: WriteMode,
    /// Whether to clean up after earlier attempts.
    pub cleanup: Cleanup,
}

/// When to write a replica.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum WriteMode {
    /// If its fingerprint differs.
    #[default]
    IfChanged,
    /// Whatever its fingerprint.
    Always,
}

/// Whether to clean up after earlier attempts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cleanup {
    /// No attempt was interrupted.
    #[default]
    Skip,
    /// Delete parts of states that an interrupted attempt may have left over.
    LeftParts,
}

/// Why to check a list of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListWork {
    /// It has expired, or was checked a moment ago.
    Recheck,
    /// It has changed.
    Changed,
}

impl Work {
    /// Bring a replica up to date.
    pub const RECORD: Self = Self::record(WriteMode::IfChanged);
    /// Read when a key expires.
    pub const EXPIRY: Self = Self { expiry: true, ..Self::NOTHING };
    /// Check a list that has changed.
    pub const LIST_CHANGED: Self = Self { list: Some(ListWork::Changed), ..Self::NOTHING };
    /// Check a list that has expired, or was checked a moment ago.
    pub const LIST_RECHECK: Self = Self { list: Some(ListWork::Recheck), ..Self::NOTHING };
    /// Bring a replica up to date, and clean up after an interrupted attempt.
    pub const CLEANUP: Self =
        Self { record: Some(RecordWork { write: WriteMode::IfChanged, cleanup: Cleanup::LeftParts }), ..Self::NOTHING };

    const NOTHING: Self = Self { record: None, lock: None, expiry: false, list: None };

    /// Bring a replica up to date.
    pub const fn record(write: WriteMode) -> Self {
        Self { record: Some(RecordWork { write, cleanup: Cleanup::Skip }), ..Self::NOTHING }
    }

    /// Bring the lease of a session up to date.
    pub fn lock(session: RecordKey) -> Self {
        Self { lock: Some(session), ..Self::NOTHING }
    }

    /// Adds a cleanup, after an attempt that may have been interrupted. A list needs none.
    pub(super) fn require_cleanup(&mut self) {
        if self.list.is_none() {
            self.record.get_or_insert_default().cleanup = Cleanup::LeftParts;
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        if let Some(other) = other.record {
            let record = self.record.get_or_insert_default();
            record.write = record.write.max(other.write);
            record.cleanup = record.cleanup.max(other.cleanup);
        }
        self.lock = self.lock.take().or(other.lock);
        self.expiry |= other.expiry;
        self.list = self.list.max(other.list);
    }

    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::NOTHING
    }
}

/// A key with the work that it needs.
#[derive(Debug)]
pub struct Job {
    /// The key.
    pub key: String,
    /// The work.
    pub work: Work,
    /// When the first change of the key was noticed.
    pub noticed: Option<Instant>,
}

/// The worker that a record needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// One of the workers that share memory.
    Shared,
    /// The worker for large records.
    Alone,
}

/// The result of work that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The work is finished.
    Finished,
    /// The record is large, and needs the other lane.
    HandOver,
}
