//! The lag of replicas: the time from a notification to the written item.

use std::sync::Mutex;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::lock;

/// The longest lag that is measured: an hour, in milliseconds.
const LONGEST_LAG: u64 = 3_600_000;

/// Measures the lag.
#[derive(Debug)]
pub(super) struct Lag(Mutex<Histograms>);

#[derive(Debug)]
struct Histograms {
    since_start: Histogram<u64>,
    since_report: Histogram<u64>,
}

/// The distribution of the lag, in milliseconds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct LagSummary {
    /// How many changes were measured.
    pub count: u64,
    /// The median.
    pub p50: u64,
    /// The 99th percentile.
    pub p99: u64,
    /// The maximum.
    pub max: u64,
}

impl LagSummary {
    fn of(lag: &Histogram<u64>) -> Self {
        let [p50, p99] = [0.5, 0.99].map(|quantile| lag.value_at_quantile(quantile));
        Self { count: lag.len(), p50, p99, max: lag.max() }
    }
}

impl Lag {
    pub(super) fn new() -> anyhow::Result<Self> {
        let histogram = || Histogram::new_with_max(LONGEST_LAG, 3);
        Ok(Self(Mutex::new(Histograms { since_start: histogram()?, since_report: histogram()? })))
    }

    pub(super) fn record(&self, lag: Duration) {
        let lag = u64::try_from(lag.as_millis()).unwrap_or(LONGEST_LAG);
        let mut lags = lock(&self.0);
        lags.since_start.saturating_record(lag);
        lags.since_report.saturating_record(lag);
    }

    pub(super) fn since_start(&self) -> LagSummary {
        LagSummary::of(&lock(&self.0).since_start)
    }

    /// Returns the lag since the last call.
    pub(super) fn take(&self) -> LagSummary {
        let mut lags = lock(&self.0);
        let summary = LagSummary::of(&lags.since_report);
        lags.since_report.reset();
        summary
    }
}
