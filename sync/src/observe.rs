//! What a sync process has done, and how it is.
//!
//! - `counters`, `lag`, `affected_users`, `problems`, `status`: what is observed.
//! - `report`: the metrics.

mod affected_users;
mod counters;
mod lag;
mod problems;
mod report;
mod status;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use agentscope_model::Release;
use agentscope_store::RecordKind;

use self::affected_users::AffectedKeys;
pub use self::counters::{Counters, Counts};
use self::lag::Lag;
pub use self::lag::LagSummary;
pub use self::problems::Problem;
use self::problems::Problems;
pub use self::status::{Mode, Phase};
use crate::options::set_release;

/// The most fields whose unknown values are logged.
const UNKNOWN_FIELDS: usize = 10_000;
/// After how many changed sessions the process reports that it saw no run lock. A session changes
/// with every message, and AgentScope holds its lock meanwhile.
const CHANGES_WITHOUT_LOCK: u64 = 20;

/// What a sync process has done, and how it is.
#[derive(Debug)]
pub struct Observer {
    /// The counters.
    pub counters: Counters,
    phase: Mutex<Phase>,
    mode: Mutex<Mode>,
    lag: Lag,
    affected: AffectedKeys,
    problems: Problems,
    warned: Mutex<BTreeSet<&'static str>>,
    later_release: Mutex<Option<Release>>,
    unknown_values: Mutex<BTreeSet<(RecordKind, String)>>,
    has_seen_lock: AtomicBool,
    /// Sessions that have changed since the first reconciliation.
    session_changes: AtomicU64,
}

impl Observer {
    /// An observer of a process that has done nothing yet.
    ///
    /// # Errors
    ///
    /// The histograms cannot be allocated.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            counters: Counters::default(),
            phase: Mutex::new(Phase::Reconciling),
            mode: Mutex::new(Mode::ComparisonOnly),
            lag: Lag::new()?,
            affected: AffectedKeys::default(),
            problems: Problems::default(),
            warned: Mutex::default(),
            later_release: Mutex::default(),
            unknown_values: Mutex::default(),
            has_seen_lock: AtomicBool::new(false),
            session_changes: AtomicU64::new(0),
        })
    }

    /// Adds one to a counter of [`counters`](Self::counters).
    pub fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Measures the lag of a key's change that was noticed at this moment, and is now in the
    /// tables.
    pub fn caught_up(&self, key: &str, noticed: Instant) {
        let lag = noticed.elapsed();
        self.lag.record(lag);
        self.affected.catch_up(key, lag);
    }

    /// Counts an attempt to bring a key's replica up to date that failed.
    pub fn failed(&self, key: &str) {
        Self::count(&self.counters.errors);
        self.affected.fail(key);
    }

    /// The lag since the process started.
    pub fn lag(&self) -> LagSummary {
        self.lag.since_start()
    }

    /// The phase of the process.
    pub fn phase(&self) -> Phase {
        *lock(&self.phase)
    }

    /// Sets the phase of the process.
    pub fn set_phase(&self, phase: Phase) {
        *lock(&self.phase) = phase;
    }

    /// How the process finds changes.
    pub fn mode(&self) -> Mode {
        *lock(&self.mode)
    }

    /// Sets how the process finds changes.
    pub fn set_mode(&self, mode: Mode) {
        *lock(&self.mode) = mode;
    }

    /// Logs a warning, once for each reason.
    pub fn warn_once(&self, reason: &'static str, warning: &str) {
        if lock(&self.warned).insert(reason) {
            tracing::warn!("{warning}");
        }
    }

    /// Logs and remembers that a key is not copied.
    pub fn skip(&self, key: &str, problem: Problem) {
        self.problems.skip(key, problem);
    }

    /// Forgets the problem of a key that is valid now, or deleted.
    pub fn clear_problem(&self, key: &str) {
        self.problems.clear(key);
    }

    /// The keys of invalid records, with their problems.
    pub fn invalid(&self) -> Vec<(String, String)> {
        self.problems.invalid()
    }

    /// How many records are too large for the memory of this process.
    pub fn too_large(&self) -> usize {
        self.problems.too_large()
    }

    /// How many keys are skipped, for any reason. At most 10,000 are counted.
    pub fn skipped(&self) -> usize {
        self.problems.len()
    }

    /// Whether any key was ever skipped.
    pub fn has_skipped(&self) -> bool {
        self.problems.has_skipped()
    }

    /// The latest release that a record comes from, if that is later than the set one.
    pub fn later_release(&self) -> Option<Release> {
        *lock(&self.later_release)
    }

    /// Notes a record that comes from a later release than the set one: its replica stays. Logs
    /// each such release once.
    pub fn note_later_release(&self, later: Release) {
        let mut latest = lock(&self.later_release);
        if latest.is_none_or(|latest| latest < later) {
            *latest = Some(later);
            tracing::error!("{}; their last good replicas stay", set_release(later));
        }
        Self::count(&self.counters.later_release);
    }

    /// Notes the fields of a record with values that the release does not know. Logs each field
    /// once.
    pub fn note_unknown_values(&self, kind: RecordKind, fields: &BTreeSet<String>) {
        for field in fields {
            Self::count(&self.counters.unknown_values);
            let mut logged = lock(&self.unknown_values);
            if logged.len() < UNKNOWN_FIELDS && logged.insert((kind, field.clone())) {
                tracing::warn!(kind = kind.as_str(), field, "kept a value that the release does not know");
            }
        }
    }

    /// Notes that a session was locked.
    pub fn saw_lock(&self) {
        self.has_seen_lock.store(true, Ordering::Relaxed);
    }

    /// Notes that a session has changed. Logs once if many sessions have changed without a lock.
    pub fn session_changed(&self) {
        let changes = self.session_changes.fetch_add(1, Ordering::Relaxed) + 1;
        if changes == CHANGES_WITHOUT_LOCK && !self.has_seen_lock.load(Ordering::Relaxed) {
            tracing::warn!(
                changes,
                "no run lock was seen while sessions changed: is_running stays false if AgentScope keeps its locks in the \
                 process (InMemoryMessageBus); configure RedisMessageBus"
            );
        }
    }
}

/// No code panics while it has one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
