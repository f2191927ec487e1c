//! How long a request may take.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The most that a request gets, whatever the function's own time-out: API Gateway waits 29 s (REST API) or 30 s (HTTP
/// API), and the start of a new function counts.
pub const LONGEST: Duration = Duration::from_secs(25);

/// What is left for sending the response. The program looks at the clock where it waits for DynamoDB, so this has to be
/// enough for all that comes between two waits, or after the last one, on a small Lambda.
const MARGIN: Duration = Duration::from_millis(500);

/// What a request gets from `now` on if Lambda stops the function at `deadline`, in milliseconds since 1970.
///
/// A deadline that is past says nothing, since Lambda lets no function live beyond it: `cargo lambda watch` sends one of
/// ten minutes after 1970.
pub(crate) fn until(deadline: u64, now: SystemTime) -> Duration {
    let deadline = UNIX_EPOCH.checked_add(Duration::from_millis(deadline));
    match deadline.and_then(|deadline| deadline.duration_since(now).ok()) {
        Some(left) if !left.is_zero() => left.saturating_sub(MARGIN).min(LONGEST),
        _ => LONGEST,
    }
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
        assert_eq!(left(25_500), LONGEST);
        assert_eq!(left(900_000), LONGEST);
        assert_eq!(left(501), Duration::from_millis(1));
        for too_late in [1, 499, 500] {
            assert_eq!(left(too_late), Duration::ZERO);
        }
    }

    #[test]
    fn a_deadline_that_cannot_be_one_is_none() {
        let now = UNIX_EPOCH + Duration::from_millis(1_700_000_000_000);
        for deadline in [0, 600_000, 1_699_999_999_999, 1_700_000_000_000, u64::MAX] {
            assert_eq!(until(deadline, now), LONGEST, "{deadline}");
        }
    }
}
