//! The metrics of a sync process, as CloudWatch and Prometheus read them.

use std::io::IsTerminal;
use std::time::Duration;

use super::{Counts, Mode, Observer, Phase};

impl Observer {
    /// Reports what the process has done since `before`: on standard output in CloudWatch's
    /// embedded metric format, and in the log. `pending` is the length of the queue, and `owner_of`
    /// maps a key to its user.
    pub fn report(
        &self,
        namespace: &str,
        before: &mut Counts,
        pending: usize,
        owner_of: impl Fn(&str) -> Option<String>,
    ) {
        let counts = self.counters.now();
        let lag = self.lag.take();
        let affected = self.affected.take(&owner_of);
        let new = counts.since(before);
        *before = counts;
        let is_following = u64::from(self.phase() == Phase::Following);
        let gauges = [
            ("Skipped", self.skipped() as u64),
            ("SkippedUsers", self.problems.users(&owner_of) as u64),
            ("FailingUsers", affected.failing as u64),
            ("TooLarge", self.too_large() as u64),
            ("Pending", pending as u64),
            ("Following", is_following),
        ];
        let p99 = (lag.count > 0).then_some(("LagMilliseconds", lag.p99));
        let lags = p99.into_iter().chain(affected.lag.map(|lag| ("LagOfSeveralUsers", lag)));
        let values: Vec<_> = new.named().map(|(name, _, _, value)| (name, value)).chain(gauges).chain(lags).collect();
        // The metrics are for CloudWatch, not for a person at a terminal.
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
            "activity of the last minute"
        );
    }

    /// The metrics in the text format of Prometheus. `pending` is the length of the queue.
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

/// The embedded metric format:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
fn embedded_metrics(namespace: &str, values: &[(&str, u64)]) -> serde_json::Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis();
    let unit = |name: &str| if name.starts_with("Lag") { "Milliseconds" } else { "Count" };
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
