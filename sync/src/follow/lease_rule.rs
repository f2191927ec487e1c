//! The rule by which a session's lease follows from its run lock.
//!
//! All times are by the clock of Redis: see [`Source::now`](crate::source::Source::now).

use std::time::Duration;

use crate::source::sessions::Lock;

/// How many seconds a lease outlasts its lock. The computed end of the same lock varies by a
/// second. A lease that is too short would end while its session runs; one that is too long is
/// ended with the lock.
const MARGIN: u64 = 1;
/// How many seconds a lease may outlast its lock without being written again.
const TOLERANCE: u64 = 3;
/// The expiry of AgentScope's own locks.
const LOCK_EXPIRY: Duration = Duration::from_secs(600);

/// Derives leases from locks.
#[derive(Debug, Clone, Copy)]
pub struct LeaseRule {
    /// How long a session counts as running after its lock was last seen, if the lock has no
    /// expiry.
    without_expiry: Duration,
}

/// A change that a lease needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseChange {
    /// The lease has to end now.
    End,
    /// The lease has to end at this time, in seconds since 1970.
    SetEnd(u64),
}

impl LeaseRule {
    /// The rule for a process whose reconciliations are this far apart. The lease of a lock
    /// without expiry outlasts two missed reconciliations.
    pub fn new(reconcile_interval: Duration) -> Self {
        Self { without_expiry: LOCK_EXPIRY.max(reconcile_interval * 3) }
    }

    /// The change that a lease with this end needs; `None` if it needs none.
    pub fn change(&self, lock: Lock, lease_end: Option<u64>, now: Duration) -> Option<LeaseChange> {
        let (lock_end, is_current) = match lock {
            Lock::Free => return lease_end.filter(|end| *end > now.as_secs()).map(|_| LeaseChange::End),
            Lock::Until(end) => {
                let end = seconds_rounded_up(end);
                (end, lease_end.is_some_and(|lease| (end..=end + TOLERANCE).contains(&lease)))
            }
            Lock::WithoutExpiry => {
                let end = seconds_rounded_up(now + self.without_expiry);
                // The lease is renewed at half its time, as AgentScope renews its own locks.
                let renewed_from = end - self.without_expiry.as_secs() / 2;
                (end, lease_end.is_some_and(|lease| lease >= renewed_from))
            }
        };
        (!is_current).then_some(LeaseChange::SetEnd(lock_end + MARGIN))
    }
}

/// A lease never ends before its lock.
fn seconds_rounded_up(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_lasts_as_long_as_its_lock() {
        let rule = LeaseRule::new(Duration::from_secs(1));
        let now = Duration::from_secs(1000);
        let lock = Lock::Until(Duration::from_millis(1_059_001));
        let set = Some(LeaseChange::SetEnd(1061));
        for (lease_end, change) in
            [(None, set), (Some(1059), set), (Some(1060), None), (Some(1063), None), (Some(1064), set)]
        {
            assert_eq!(rule.change(lock, lease_end, now), change, "{lease_end:?}");
        }
    }

    #[test]
    fn a_lease_ends_with_its_lock() {
        let rule = LeaseRule::new(Duration::from_secs(1));
        let now = Duration::from_secs(1000);
        for (lease_end, change) in [(None, None), (Some(1000), None), (Some(1001), Some(LeaseChange::End))] {
            assert_eq!(rule.change(Lock::Free, lease_end, now), change, "{lease_end:?}");
        }
    }

    #[test]
    fn the_lease_of_a_lock_without_expiry_is_renewed_at_half_its_time() {
        let now = Duration::from_secs(1000);
        for (reconcile_interval, lasts) in [(10, 600), (300, 900)] {
            let rule = LeaseRule::new(Duration::from_secs(reconcile_interval));
            let change = |lease_end| rule.change(Lock::WithoutExpiry, lease_end, now);
            let set = Some(LeaseChange::SetEnd(1001 + lasts));
            assert_eq!((change(None), change(Some(999 + lasts / 2)), change(Some(1000 + lasts / 2))), (set, set, None));
        }
    }
}
