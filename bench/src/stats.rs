//! What is said of a series of times.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A series of times, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Times {
    /// How many there are.
    pub(crate) count: usize,
    /// The shortest.
    pub(crate) min: f64,
    /// The median.
    pub(crate) p50: f64,
    /// The 99th percentile.
    pub(crate) p99: f64,
}

impl Times {
    /// `None` if there are none.
    pub(crate) fn of(times: &[Duration]) -> Option<Self> {
        let mut sorted: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e6).collect();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            count: sorted.len(),
            min: *sorted.first()?,
            p50: percentile(&sorted, 50)?,
            p99: percentile(&sorted, 99)?,
        })
    }
}

/// The median of the ratios of times that were taken in turns; `None` if there are none.
pub(crate) fn paired_ratio(times: &[Duration], others: &[Duration]) -> Option<f64> {
    let ratios = times.iter().zip(others).map(|(time, other)| time.as_secs_f64() / other.as_secs_f64());
    let mut sorted: Vec<f64> = ratios.collect();
    sorted.sort_by(f64::total_cmp);
    percentile(&sorted, 50)
}

/// The smallest value that at least so many percent of the values do not exceed (nearest rank).
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(percentile(&values, 50), Some(100.0));
        assert_eq!(percentile(&values, 99), Some(198.0));
        assert_eq!(percentile(&values[..1], 99), Some(1.0));
        assert_eq!(percentile(&values[..3], 50), Some(2.0));
        assert_eq!(percentile(&values[..10], 99), Some(10.0));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn ratios_are_of_times_side_by_side() {
        let times = [10, 40, 30].map(Duration::from_micros);
        let others = [10, 10, 15].map(Duration::from_micros);
        assert_eq!(paired_ratio(&times, &others), Some(2.0));
        assert_eq!(paired_ratio(&[], &[]), None);
    }

    #[test]
    fn the_order_of_times_does_not_matter() {
        let times = Times::of(&[30, 10, 20].map(Duration::from_micros)).unwrap();
        assert_eq!((times.count, times.min, times.p50, times.p99), (3, 10.0, 20.0, 30.0));
        assert_eq!(Times::of(&[]), None);
    }
}
