//! Brings one replica up to date with its source record.

use std::sync::Arc;

use agentscope_store::{RecordKind, StoreError};
use futures::future::try_join_all;

use super::context::{Replica, SyncContext};
use super::failure::Failure;
use super::limited_read::{LimitedRead, read_within_limits};
use super::work::{Cleanup, Done, Lane, RecordWork, Work, WriteMode};
use crate::observe::{Observer, Phase, Problem};
use crate::source::RecordKey;
use crate::source::read::Expiry;
use crate::source_record::{IdentifiedRecord, InvalidSourceRecord, SourceRecord};

/// Brings replicas up to date.
#[derive(Clone)]
pub struct Copier {
    context: Arc<SyncContext>,
}

impl Copier {
    /// A copier between both ends of the context.
    pub fn new(context: Arc<SyncContext>) -> Self {
        Self { context }
    }

    pub(super) fn context(&self) -> &SyncContext {
        &self.context
    }

    /// Does the work that a key needs, except for a list's.
    ///
    /// # Errors
    ///
    /// Redis or DynamoDB does not respond, or another process has written the record meanwhile.
    pub async fn work(&self, key: &str, work: &Work, lane: Lane) -> Result<Done, Failure> {
        match (work.record, &work.lock) {
            (Some(record), _) => self.copy(key, record, lane).await,
            (None, Some(session)) => {
                self.learn_expiry(key, work).await?;
                self.copy_lock(key, session, lane).await
            }
            (None, None) if self.learn_expiry(key, work).await? == Some(Expiry::Missing) => {
                self.copy(key, RecordWork::default(), lane).await
            }
            (None, None) => Ok(Done::Finished),
        }
    }

    /// Reads and remembers when a record's key expires, if that is part of the work. Returns
    /// `None` for other work, and for lists.
    async fn learn_expiry(&self, key: &str, work: &Work) -> Result<Option<Expiry>, Failure> {
        if !work.expiry {
            return Ok(None);
        }
        let source = self.context.source();
        let expiry = source.expiry(key).await?;
        self.context.expirations().set(key, expiry);
        Ok(Some(expiry).filter(|_| !source.keys().is_list(key)))
    }

    pub(super) async fn copy(&self, key: &str, work: RecordWork, lane: Lane) -> Result<Done, Failure> {
        let (source, observer) = (self.context.source(), self.context.observer());
        let candidates = source.keys().candidates(key);
        // The tables are read before the record, so that a slow copier cannot overwrite a newer
        // replica: see `agentscope_store::copy`. The length of the record is not the record.
        let replicas = async { try_join_all(candidates.iter().map(|it| self.context.replica(it))).await };
        let facts = async {
            let facts = source.key_facts(&[key.to_owned()]).await?.into_iter().next();
            facts.ok_or_else(Failure::no_response)
        };
        let (replicas, facts) = tokio::try_join!(async { Ok(replicas.await?) }, facts)?;
        self.context.expirations().set(key, facts.expiry);
        let Some(length) = facts.length else {
            self.context.skip_wrong_type(key, "string").await;
            return Ok(Done::Finished);
        };
        let (text, _reserved) = match read_within_limits(&self.context, key, length, lane).await? {
            LimitedRead::Text(text, reserved) => (text, reserved),
            LimitedRead::HandOver => return Ok(Done::HandOver),
            LimitedRead::TooLarge { length, needed } => {
                self.skip_too_large(key, length, needed);
                return Ok(Done::Finished);
            }
        };
        let Some(text) = text else {
            for replica in &replicas {
                self.delete(key, replica, work.cleanup).await?;
            }
            observer.clear_problem(key);
            return Ok(Done::Finished);
        };
        Observer::count(&observer.counters.reads);
        let record = match IdentifiedRecord::new(key.to_owned(), text, &candidates) {
            Ok(record) => record,
            Err(problem) => {
                observer.skip(key, Problem::Invalid(problem));
                return Ok(Done::Finished);
            }
        };
        let own = record.candidate();
        for (_, other) in replicas.iter().enumerate().filter(|(number, _)| *number != own) {
            self.delete(key, other, work.cleanup).await?;
        }
        let record = self.load(record).await?;
        self.replicate(record, &replicas[own], work).await?;
        Ok(Done::Finished)
    }

    fn skip_too_large(&self, key: &str, length: usize, needed: u64) {
        let (needed, limit) = (needed >> 20, self.context.memory().alone_bytes() >> 20);
        let problem = format!(
            "its text has {length} bytes, and copying it takes {needed} MB of memory, of {limit} MB that one record may \
             take; raise --memory-limit-mb and the memory of the process"
        );
        self.context.observer().skip(key, Problem::TooLarge(problem));
    }

    /// Loads a record. A session that is missing on a list is remembered, and copied again when
    /// the list grows.
    async fn load(&self, record: IdentifiedRecord) -> Result<SourceRecord, Failure> {
        let pending = self.context.pending_list_entries();
        let lists = match record.record_key().kind {
            RecordKind::Session => self.context.source().lists_of(record.identity()),
            RecordKind::Agent | RecordKind::Team | RecordKind::Schedule => [None, None],
        };
        for list in lists.iter().flatten() {
            // Before the list is read: the session may be added right after that.
            pending.await_on(list.clone(), record.key());
        }
        let record = self.context.load(vec![record]).await?.pop().ok_or_else(Failure::no_response)?;
        let fingerprint = record.fingerprint();
        let is_on = [fingerprint.is_on_agent_list, fingerprint.is_on_schedule_list];
        for (list, _) in lists.iter().zip(is_on).filter(|(_, is_on)| *is_on) {
            if let Some(list) = list {
                pending.forget(list, record.key());
            }
        }
        Ok(record)
    }

    /// Writes the replica if it has to be written, and a session's lease.
    async fn replicate(&self, record: SourceRecord, replica: &Replica, work: RecordWork) -> Result<(), Failure> {
        let Replica { record_key, version, lease_end } = replica;
        let lock = record.session().map(|session| session.lock);
        let is_current = version.is_copy_of(&record.fingerprint().content_hash);
        let has_replica = if is_current && work.write == WriteMode::IfChanged {
            self.context.observer().clear_problem(record.key());
            Observer::count(&self.context.observer().counters.unchanged);
            self.clean_up(record_key, work.cleanup).await?;
            true
        } else {
            self.write(record, replica).await?
        };
        if let Some(lock) = lock.filter(|_| has_replica) {
            self.set_lease(record_key, lock, *lease_end).await?;
        }
        Ok(())
    }

    /// Writes the replica, unless the record is invalid. Returns whether there is a replica now.
    async fn write(&self, record: SourceRecord, replica: &Replica) -> Result<bool, Failure> {
        let (store, observer) = (self.context.store(), self.context.observer());
        let (key, non_finite) = (record.key().to_owned(), record.non_finite_numbers());
        let result = match record.parse(store.release()) {
            Ok(parsed) => {
                observer.note_unknown_values(parsed.kind(), parsed.unknown_values());
                parsed.write_replica(store, &replica.version).await
            }
            Err(InvalidSourceRecord::Problem(problem)) => {
                observer.skip(&key, Problem::Invalid(problem));
                return Ok(replica.version.is_there());
            }
            Err(InvalidSourceRecord::LaterRelease(later)) => {
                observer.note_later_release(later);
                return Ok(replica.version.is_there());
            }
        };
        match result {
            Ok(true) => {}
            Ok(false) => return Err(Failure::conflict()),
            Err(StoreError::ConstraintViolation(violation)) => {
                observer.skip(&key, Problem::Invalid(violation.to_string()));
                return Ok(replica.version.is_there());
            }
            Err(error) => return Err(error.into()),
        }
        observer.clear_problem(&key);
        if non_finite > 0 {
            tracing::warn!(key, count = non_finite, "copied a record with non-finite numbers, which become null");
        }
        Observer::count(&observer.counters.written);
        if replica.record_key.kind == RecordKind::Session && observer.phase() == Phase::Following {
            observer.session_changed();
        }
        Ok(true)
    }

    async fn delete(&self, key: &str, replica: &Replica, cleanup: Cleanup) -> Result<(), Failure> {
        let (store, observer) = (self.context.store(), self.context.observer());
        let Replica { record_key, version, lease_end } = replica;
        let RecordKey { kind, user_id, id } = record_key;
        if *kind == RecordKind::Session {
            self.context.owners().remove(key, record_key);
        }
        if version.is_there() {
            if !store.delete_copy(*kind, user_id, id, version).await? {
                return Err(Failure::conflict());
            }
            Observer::count(&observer.counters.deleted);
            return Ok(());
        }
        if lease_end.is_some_and(|end| end > self.context.source().now().as_secs()) {
            store.end_lease(user_id, id).await?;
            Observer::count(&observer.counters.leases_ended);
        }
        self.clean_up(record_key, cleanup).await
    }

    async fn clean_up(&self, record_key: &RecordKey, cleanup: Cleanup) -> Result<(), Failure> {
        if cleanup == Cleanup::LeftParts && record_key.kind == RecordKind::Session {
            self.context.store().clear_left_parts(&record_key.user_id, &record_key.id).await?;
        }
        Ok(())
    }
}
