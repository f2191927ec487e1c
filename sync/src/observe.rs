//! What a sync process counts, and how that is told: in logs, as CloudWatch's metrics, and to Prometheus.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use agentscope_model::Release;
use agentscope_store::RecordKind;
use hdrhistogram::Histogram;

use crate::source_record::set_release;

/// The longest lag that is told apart from longer ones: an hour, in milliseconds.
const LONGEST_LAG: u64 = 3_600_000;

/// The most keys that are remembered by name because their records do not fit.
const MOST_PROBLEMS: usize = 10_000;

macro_rules! counters {
    ($( $(#[$meta:meta])* $field:ident, $name:literal, $help:literal; )*) => {
        /// What has been done since the process began.
        #[derive(Debug, Default)]
        pub struct Counters {
            $( $(#[$meta])* pub $field: AtomicU64, )*
        }

        /// The counters at one moment.
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
        pub struct Counts {
            $( $(#[$meta])* pub $field: u64, )*
        }

        impl Counters {
            /// The counters now.
            pub fn now(&self) -> Counts {
                Counts { $( $field: self.$field.load(Ordering::Relaxed), )* }
            }
        }

        impl Counts {
            /// Names for CloudWatch, names and texts for Prometheus, and values.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str, u64)> {
                [$( ($name, stringify!($field), $help, self.$field), )*].into_iter()
            }

            /// What has been added since `earlier`.
            pub fn since(&self, earlier: &Self) -> Self {
                Self { $( $field: self.$field - earlier.$field, )* }
            }
        }
    };
}

counters! {
    /// Notifications of Redis's that were about keys that matter.
    followed, "Followed", "Notifications of changes that matter";
    /// Records that were read from Redis.
    reads, "Reads", "Records read from Redis";
    /// Copies that were written.
    written, "Written", "Copies written to the tables";
    /// Copies that were deleted.
    deleted, "Deleted", "Copies deleted from the tables";
    /// Records whose copies were current.
    unchanged, "Unchanged", "Records whose copies were current";
    /// Leases that were set or moved.
    leases_set, "LeasesSet", "Run leases set or renewed";
    /// Leases that were ended.
    leases_ended, "LeasesEnded", "Run leases ended";
    /// Attempts that did not succeed and were made again.
    errors, "Errors", "Attempts that failed and are made again";
    /// Values that the release does not know, which were kept.
    unknown_values, "UnknownValues", "Values unknown to the release, kept as they came";
    /// Records of a later release than the set one.
    later_release, "LaterRelease", "Records of a later release than the set one, not copied";
    /// Full reconciliations that came to their end.
    reconciliations, "Reconciliations", "Full reconciliations completed";
}

/// How many sessions change before it is said that no run lock was seen. A session changes with
/// every message, and AgentScope holds its lock meanwhile.
const CHANGES_WITHOUT_LOCK: u64 = 20;

/// What is known of run locks.
#[derive(Debug, Default)]
struct LockWatch {
    has_seen: AtomicBool,
    /// Sessions that have changed since the process began to follow.
    changes: AtomicU64,
}

/// Where a process that follows stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It has not compared everything yet since it is connected.
    Reconciling,
    /// It is in step, but for what is in its queue.
    Following,
    /// Redis is not there.
    Reconnecting,
    /// It ends.
    Stopping,
}

impl Phase {
    /// As `following`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reconciling => "reconciling",
            Self::Following => "following",
            Self::Reconnecting => "reconnecting",
            Self::Stopping => "stopping",
        }
    }
}

/// How changes in Redis are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Redis notifies of them.
    Notifications,
    /// Redis notifies of some of them. Reconciliations find the others.
    SomeNotifications,
    /// Reconciliations find all of them.
    ComparisonOnly,
}

impl Mode {
    /// As `comparison only`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notifications => "notifications",
            Self::SomeNotifications => "some notifications",
            Self::ComparisonOnly => "comparison only",
        }
    }
}

/// Why what is under a key is not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The record does not fit the models or the tables, or is not that of its key.
    DoesNotFit(String),
    /// The key holds no string, or a list no set.
    WrongType(String),
    /// The record is too large for the memory of this process.
    TooLarge(String),
}

impl Problem {
    fn text(&self) -> &str {
        match self {
            Self::DoesNotFit(text) | Self::WrongType(text) | Self::TooLarge(text) => text,
        }
    }
}

/// What a sync process has done, and how it is.
#[derive(Debug)]
pub struct Observer {
    /// The counters.
    pub counters: Counters,
    phase: Mutex<Phase>,
    mode: Mutex<Mode>,
    lag: Mutex<Lag>,
    problems: Mutex<BTreeMap<String, Problem>>,
    warned: Mutex<BTreeSet<&'static str>>,
    has_skipped: AtomicBool,
    later_release: Mutex<Option<Release>>,
    unknown_values: Mutex<BTreeSet<(RecordKind, String)>>,
    locks: LockWatch,
}

#[derive(Debug)]
struct Lag {
    ever: Histogram<u64>,
    lately: Histogram<u64>,
}

/// How far behind the copies were, in milliseconds from a notification to its item.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct LagSummary {
    /// How many changes were measured.
    pub count: u64,
    /// Half of them took no longer.
    pub p50: u64,
    /// 99 of 100 took no longer.
    pub p99: u64,
    /// None took longer.
    pub max: u64,
}

impl LagSummary {
    fn of(lag: &Histogram<u64>) -> Self {
        let [p50, p99] = [0.5, 0.99].map(|quantile| lag.value_at_quantile(quantile));
        Self { count: lag.len(), p50, p99, max: lag.max() }
    }
}

impl Observer {
    /// Nothing has been done.
    ///
    /// # Errors
    ///
    /// There is no memory.
    pub fn new() -> anyhow::Result<Self> {
        let lag = || Histogram::new_with_max(LONGEST_LAG, 3);
        Ok(Self {
            counters: Counters::default(),
            phase: Mutex::new(Phase::Reconciling),
            mode: Mutex::new(Mode::ComparisonOnly),
            lag: Mutex::new(Lag { ever: lag()?, lately: lag()? }),
            problems: Mutex::default(),
            warned: Mutex::default(),
            has_skipped: AtomicBool::new(false),
            later_release: Mutex::default(),
            unknown_values: Mutex::default(),
            locks: LockWatch::default(),
        })
    }

    /// Adds one to a counter of [`counters`](Self::counters).
    pub fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A change that was noticed at this moment is in the tables.
    pub fn caught_up(&self, noticed: Instant) {
        let lag = u64::try_from(noticed.elapsed().as_millis()).unwrap_or(LONGEST_LAG);
        let mut lags = held(&self.lag);
        lags.ever.saturating_record(lag);
        lags.lately.saturating_record(lag);
    }

    /// The lag since the process began.
    pub fn lag(&self) -> LagSummary {
        LagSummary::of(&held(&self.lag).ever)
    }

    /// The lag since this was last asked.
    pub fn take_lag(&self) -> LagSummary {
        let mut lags = held(&self.lag);
        let summary = LagSummary::of(&lags.lately);
        lags.lately.reset();
        summary
    }

    /// Where the process stands.
    pub fn phase(&self) -> Phase {
        *held(&self.phase)
    }

    /// The process has come to another phase.
    pub fn set_phase(&self, phase: Phase) {
        *held(&self.phase) = phase;
    }

    /// How changes are found.
    pub fn mode(&self) -> Mode {
        *held(&self.mode)
    }

    /// Changes are found in another way.
    pub fn set_mode(&self, mode: Mode) {
        *held(&self.mode) = mode;
    }

    /// Logs a warning the first time that it is for this reason.
    pub fn warn_once(&self, reason: &'static str, warning: &str) {
        if held(&self.warned).insert(reason) {
            tracing::warn!("{warning}");
        }
    }

    /// What is under a key is not copied. A record that does not fit is logged whenever it is
    /// looked at. Other problems are logged once, and again when they change.
    pub fn skip(&self, key: &str, problem: Problem) {
        let mut problems = held(&self.problems);
        let is_known = problems.get(key) == Some(&problem);
        if !is_known || matches!(problem, Problem::DoesNotFit(_)) {
            let text = problem.text();
            match problem {
                Problem::DoesNotFit(_) => tracing::warn!(key, problem = text, "skipped a record that does not fit"),
                Problem::WrongType(_) => {
                    tracing::warn!(key, problem = text, "skipped a key with a value of another kind")
                }
                Problem::TooLarge(_) => tracing::error!(
                    key,
                    problem = text,
                    "skipped a record that is too large; its last copy stays, if there is one"
                ),
            }
        }
        if problems.len() < MOST_PROBLEMS || problems.contains_key(key) {
            problems.insert(key.to_owned(), problem);
        }
        drop(problems);
        self.has_skipped.store(true, Ordering::Relaxed);
    }

    /// A record comes from a later release than the set one. It is said once for each release.
    pub fn later_release(&self) -> Option<Release> {
        *held(&self.later_release)
    }

    /// Takes note of a record that comes from a later release than the set one: its replica stays
    /// as it is.
    pub fn note_later_release(&self, later: Release) {
        let mut known = held(&self.later_release);
        if known.is_none_or(|known| known < later) {
            *known = Some(later);
            tracing::error!("{}; their last good versions stay", set_release(later));
        }
        Self::count(&self.counters.later_release);
    }

    /// Takes note of the fields of a record with values that the release does not know. Each field
    /// is named once.
    pub fn note_unknown_values(&self, kind: RecordKind, fields: &BTreeSet<String>) {
        for field in fields {
            Self::count(&self.counters.unknown_values);
            let mut known = held(&self.unknown_values);
            if known.len() < MOST_PROBLEMS && known.insert((kind, field.clone())) {
                tracing::warn!(kind = kind.as_str(), field, "kept a value that the release does not know");
            }
        }
    }

    /// A run lock was seen.
    pub fn saw_lock(&self) {
        self.locks.has_seen.store(true, Ordering::Relaxed);
    }

    /// A session was copied because it had changed. Says once that no run lock was ever seen, if
    /// many sessions have changed.
    pub fn session_changed(&self) {
        let changes = self.locks.changes.fetch_add(1, Ordering::Relaxed) + 1;
        if changes == CHANGES_WITHOUT_LOCK && !self.locks.has_seen.load(Ordering::Relaxed) {
            tracing::warn!(
                changes,
                "no run lock was seen while sessions changed: is_running stays false if AgentScope keeps its locks in the \
                 process (InMemoryMessageBus); configure RedisMessageBus"
            );
        }
    }

    /// There is nothing under a key any more that does not fit.
    pub fn fits(&self, key: &str) {
        held(&self.problems).remove(key);
    }

    /// The keys under which there are records that do not fit, and why they do not.
    pub fn problems(&self) -> Vec<(String, String)> {
        let problems = held(&self.problems);
        let unfit = problems.iter().filter(|(_, problem)| matches!(problem, Problem::DoesNotFit(_)));
        unfit.map(|(key, problem)| (key.clone(), problem.text().to_owned())).collect()
    }

    /// How many keys have records that are too large for the memory of this process.
    pub fn too_large(&self) -> usize {
        held(&self.problems).values().filter(|problem| matches!(problem, Problem::TooLarge(_))).count()
    }

    /// How many keys are skipped, for whatever reason; of more than ten thousand only so many are
    /// counted.
    pub fn skipped(&self) -> usize {
        held(&self.problems).len()
    }

    /// Whether a record was ever skipped.
    pub fn has_skipped(&self) -> bool {
        self.has_skipped.load(Ordering::Relaxed)
    }

    /// Writes what has been done since `before` as a line in CloudWatch's embedded metric format, and as a line of the log.
    pub fn report(&self, namespace: &str, before: &mut Counts, pending: usize) {
        let counts = self.counters.now();
        let lag = self.take_lag();
        let new = counts.since(before);
        *before = counts;
        let is_following = u64::from(self.phase() == Phase::Following);
        let gauges = [
            ("Skipped", self.skipped() as u64),
            ("TooLarge", self.too_large() as u64),
            ("Pending", pending as u64),
            ("Following", is_following),
        ];
        let lags = if lag.count > 0 { vec![("LagMilliseconds", lag.p99)] } else { Vec::new() };
        let values: Vec<_> = new.named().map(|(name, _, _, value)| (name, value)).chain(gauges).chain(lags).collect();
        // Nobody at a terminal wants to read them.
        if !std::io::stdout().is_terminal() {
            println!("{}", embedded_metrics(namespace, &values));
        }
        tracing::info!(
            phase = self.phase().as_str(),
            mode = self.mode().as_str(),
            followed = new.followed,
            written = new.written,
            deleted = new.deleted,
            skipped = self.skipped(),
            pending,
            lag_p50_ms = lag.p50,
            lag_p99_ms = lag.p99,
            lag_max_ms = lag.max,
            "in the last minute"
        );
    }

    /// Everything for Prometheus, as text.
    pub fn prometheus(&self, pending: usize) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        let mut write = |name: &str, kind: &str, help: &str, value: &dyn std::fmt::Display| {
            // Writing to a String does not fail.
            let _ = writeln!(
                text,
                "# HELP agentscope_sync_{name} {help}\n# TYPE agentscope_sync_{name} {kind}\nagentscope_sync_{name} {value}"
            );
        };
        for (_, field, help, value) in self.counters.now().named() {
            write(&format!("{field}_total"), "counter", help, &value);
        }
        let is_following = u8::from(self.phase() == Phase::Following);
        write("following", "gauge", "1 while the tables are kept in step", &is_following);
        write("pending", "gauge", "Keys whose copies may be behind", &pending);
        write("skipped", "gauge", "Keys under which there are records that do not fit", &self.skipped());
        write("too_large", "gauge", "Keys of records that are too large for the memory limit", &self.too_large());
        let is_notified = u8::from(self.mode() == Mode::Notifications);
        write("notifications", "gauge", "1 while Redis notifies of every change that matters", &is_notified);
        let lag = self.lag();
        for (name, value) in [("p50", lag.p50), ("p99", lag.p99), ("max", lag.max)] {
            let seconds = Duration::from_millis(value).as_secs_f64();
            write(
                &format!("lag_seconds_{name}"),
                "gauge",
                "From a notification to its item, since the start",
                &seconds,
            );
        }
        text
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
fn embedded_metrics(namespace: &str, values: &[(&str, u64)]) -> serde_json::Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis();
    let unit = |name: &str| if name == "LagMilliseconds" { "Milliseconds" } else { "Count" };
    let metrics: Vec<_> =
        values.iter().map(|(name, _)| serde_json::json!({ "Name": name, "Unit": unit(name) })).collect();
    let mut line = serde_json::json!({
        "_aws": {
            "Timestamp": u64::try_from(now).unwrap_or_default(),
            "CloudWatchMetrics": [{ "Namespace": namespace, "Dimensions": [[]], "Metrics": metrics }],
        },
    });
    for (name, value) in values {
        line[*name] = (*value).into();
    }
    line
}

/// Nobody panics while holding one of these.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
