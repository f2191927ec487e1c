//! The lease of a session, made to be what its lock is.
//!
//! All ends are by the clock of Redis: see [`Source::now`](crate::source::Source::now).

use super::copier::{Copier, Failure};
use super::work::{Done, Lane};
use crate::observe::Observer;
use crate::source::RecordKey;
use crate::source::read::Lock;

/// Who holds the leases of sessions whose locks are held.
const HOLDER: &str = "agentscope-sync redis";

/// How many seconds longer than its lock a lease is held. The same lock is not reckoned to end in
/// the same second every time, and a lease that is too short would end while its session runs; one
/// that is too long is ended with the lock.
const MARGIN: u64 = 1;
/// How much longer it may be without being moved.
const TOLERANCE: u64 = 3;

impl Copier {
    pub(super) async fn copy_lock(&self, key: &str, place: &RecordKey, lane: Lane) -> Result<Done, Failure> {
        let stored = self.store.replica_status(place.kind, &place.user_id, &place.id).await?;
        // Without a record, or a copy of it, there is no session that could run: it is looked at
        // when there is.
        match self.source.lock(key, &place.id).await? {
            Some(lock) if stored.version.exists() => {
                self.set_lease(place, lock, stored.lease_expires_at).await?;
                Ok(Done::Finished)
            }
            _ => self.copy(key, false, false, lane).await,
        }
    }

    pub(super) async fn set_lease(&self, place: &RecordKey, lock: Lock, held: Option<u64>) -> Result<(), Failure> {
        let RecordKey { user_id, id, .. } = place;
        if lock != Lock::Free {
            self.observer.saw_lock();
        }
        match self.lease_end(lock) {
            None if held.is_some_and(|end| end > self.source.now().as_secs()) => {
                self.store.end_lease(user_id, id).await?;
                Observer::count(&self.observer.counters.leases_ended);
            }
            Some(end) if self.is_behind(lock, end, held) => {
                self.store.set_lease(user_id, id, HOLDER, end + MARGIN).await?;
                Observer::count(&self.observer.counters.leases_set);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the lease of a session that is held until then, in seconds since 1970, has to be
    /// written for its lock.
    pub fn is_lease_behind(&self, lock: Lock, held: Option<u64>) -> bool {
        match self.lease_end(lock) {
            None => held.is_some_and(|end| end > self.source.now().as_secs()),
            Some(end) => self.is_behind(lock, end, held),
        }
    }

    fn is_behind(&self, lock: Lock, end: u64, held: Option<u64>) -> bool {
        // Half of one without an end is left before it is set again, as AgentScope itself does with
        // its locks.
        match lock {
            Lock::HeldForever => held.is_none_or(|held| held < end - self.endless_lease.as_secs() / 2),
            Lock::HeldUntil(_) | Lock::Free => held.is_none_or(|held| held < end || held > end + TOLERANCE),
        }
    }

    /// When the lease of a session ends whose lock is held, in seconds since 1970: never before the
    /// lock does.
    fn lease_end(&self, lock: Lock) -> Option<u64> {
        let end = match lock {
            Lock::Free => return None,
            Lock::HeldUntil(end) => end,
            Lock::HeldForever => self.source.now() + self.endless_lease,
        };
        Some(end.as_secs() + u64::from(end.subsec_nanos() > 0))
    }
}
