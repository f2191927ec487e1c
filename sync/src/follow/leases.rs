//! Brings the lease of a session up to date with its run lock.

use super::copier::Copier;
use super::failure::Failure;
use super::lease_rule::LeaseChange;
use super::work::{Done, Lane, RecordWork};
use crate::observe::Observer;
use crate::source::RecordKey;
use crate::source::sessions::Lock;

/// The holder of the leases of sessions that are locked in Redis.
const HOLDER: &str = "agentscope-sync redis";

impl Copier {
    pub(super) async fn copy_lock(&self, key: &str, record_key: &RecordKey, lane: Lane) -> Result<Done, Failure> {
        let replica = self.context().replica(record_key).await?;
        match self.context().source().lock(key, &record_key.id).await? {
            Some(lock) if replica.version.is_there() => {
                self.set_lease(record_key, lock, replica.lease_end).await?;
                Ok(Done::Finished)
            }
            // The record or its replica is missing, so the session itself is copied.
            _ => self.copy(key, RecordWork::default(), lane).await,
        }
    }

    pub(super) async fn set_lease(
        &self,
        record_key: &RecordKey,
        lock: Lock,
        lease_end: Option<u64>,
    ) -> Result<(), Failure> {
        let context = self.context();
        let (store, observer) = (context.store(), context.observer());
        let RecordKey { user_id, id, .. } = record_key;
        if lock != Lock::Free {
            observer.saw_lock();
        }
        match context.lease_rule().change(lock, lease_end, context.source().now()) {
            Some(LeaseChange::End) => {
                store.end_lease(user_id, id).await?;
                Observer::count(&observer.counters.leases_ended);
            }
            Some(LeaseChange::SetEnd(end)) => {
                store.set_lease(user_id, id, HOLDER, end).await?;
                Observer::count(&observer.counters.leases_set);
            }
            None => {}
        }
        Ok(())
    }
}
