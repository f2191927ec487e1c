//! The time budget of a request.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The maximum budget, whatever the function's timeout. API Gateway waits 29 s (REST API) or 30 s
/// (HTTP API), including a cold start.
pub const MAX_BUDGET: Duration = Duration::from_secs(25);

/// The time reserved for sending the response. The deadline is checked only at await points, so
/// the margin also covers the work between two of them on a small Lambda.
const MARGIN: Duration = Duration::from_millis(500);

/// The budget from `now` on if Lambda stops the function at `deadline`, in milliseconds since
/// 1970.
///
/// A deadline in the past is ignored: Lambda sends none, and `cargo lambda watch` sends one of ten
/// minutes after 1970.
pub(crate) fn until(deadline: u64, now: SystemTime) -> Duration {
    let deadline = UNIX_EPOCH.checked_add(Duration::from_millis(deadline));
    match deadline.and_then(|deadline| deadline.duration_since(now).ok()) {
        Some(left) if !left.is_zero() => left.saturating_sub(MARGIN).min(MAX_BUDGET),
        _ => MAX_BUDGET,
    }
}

/// The time reserved for the error of a stream that is cut off. The error follows what is in the
/// buffers of the connection, up to 7 MB (measured on Linux). Lambda reads 2 MB of that a second.
const STREAM_MARGIN: Duration = Duration::from_secs(5);

/// When a stream that has not been sent to its end is given up, from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamTimes {
    /// The rest is replaced by an error.
    pub(crate) cut: Duration,
    /// The connection is closed.
    pub(crate) close: Duration,
}

/// The times of a stream if Lambda stops the function at `deadline`, in milliseconds since 1970.
/// `None` if the deadline is unknown or impossible.
pub(crate) fn stream_times(deadline: u64, now: SystemTime) -> Option<StreamTimes> {
    let deadline = UNIX_EPOCH.checked_add(Duration::from_millis(deadline))?;
    let left = deadline.duration_since(now).ok()?;
    Some(StreamTimes { cut: left - STREAM_MARGIN.min(left / 2), close: left.saturating_sub(MARGIN / 2) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_ends_before_lambda_and_the_gateway_end_it() {
        let now = UNIX_EPOCH + Duration::from_millis(1_700_000_000_000);
        let left = |milliseconds: u64| until(1_700_000_000_000 + milliseconds, now);
        assert_eq!(left(3000), Duration::from_millis(2500));
        assert_eq!(left(15_000), Duration::from_millis(14_500));
        assert_eq!(left(25_500), MAX_BUDGET);
        assert_eq!(left(900_000), MAX_BUDGET);
        assert_eq!(left(501), Duration::from_millis(1));
        for too_late in [1, 499, 500] {
            assert_eq!(left(too_late), Duration::ZERO);
        }
    }

    #[test]
    fn a_stream_ends_before_lambda_ends_it() {
        let now = UNIX_EPOCH + Duration::from_millis(1_700_000_000_000);
        for (left, cut, close) in [(0, 0, 0), (300, 150, 50), (3000, 1500, 2750), (12_000, 7000, 11_750)] {
            let [cut, close] = [cut, close].map(Duration::from_millis);
            assert_eq!(stream_times(1_700_000_000_000 + left, now), Some(StreamTimes { cut, close }), "{left}");
        }
        for deadline in [0, 600_000, 1_699_999_999_999] {
            assert_eq!(stream_times(deadline, now), None, "{deadline}");
        }
    }

    #[test]
    fn an_impossible_deadline_is_ignored() {
        let now = UNIX_EPOCH + Duration::from_millis(1_700_000_000_000);
        for deadline in [0, 600_000, 1_699_999_999_999, 1_700_000_000_000, u64::MAX] {
            assert_eq!(until(deadline, now), MAX_BUDGET, "{deadline}");
        }
    }
}
