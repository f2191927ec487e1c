//! What copying, reconciliation and verification share: both ends, and what is remembered of them.

use std::collections::BTreeSet;
use std::time::Duration;

use agentscope_store::{RecordKind, Store, StoreError, StoredVersion};
use redis::RedisResult;

use super::expirations::Expirations;
use super::lease_rule::LeaseRule;
use super::owners::SessionOwners;
use super::pending_list_entries::PendingListEntries;
use crate::memory::Memory;
use crate::observe::{Observer, Problem};
use crate::source::sessions::Lock;
use crate::source::{RecordKey, Source};
use crate::source_record::{self, IdentifiedRecord, LoadedRecords, SourceRecord};

/// The shared context of a sync process.
pub struct SyncContext {
    store: Store,
    source: Source,
    observer: Observer,
    owners: SessionOwners,
    pending_list_entries: PendingListEntries,
    expirations: Expirations,
    memory: Memory,
    lease_rule: LeaseRule,
}

/// A replica as the tables store it, if they do.
#[derive(Debug)]
pub struct Replica {
    /// The kind, owner and id.
    pub record_key: RecordKey,
    /// The stored version.
    pub version: StoredVersion,
    /// When the session's lease ends, in seconds since 1970; `None` without a lease.
    pub lease_end: Option<u64>,
}

impl SyncContext {
    /// A context that remembers nothing yet. Reconciliations are `reconcile_interval` apart.
    ///
    /// # Errors
    ///
    /// The histograms of the observer cannot be allocated.
    pub fn new(store: Store, source: Source, memory: Memory, reconcile_interval: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            store,
            source,
            observer: Observer::new()?,
            owners: SessionOwners::default(),
            pending_list_entries: PendingListEntries::default(),
            expirations: Expirations::default(),
            memory,
            lease_rule: LeaseRule::new(reconcile_interval),
        })
    }

    /// The tables, which store the replicas.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Redis, which stores the source records.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The counters, the phase and the problems of the process.
    pub fn observer(&self) -> &Observer {
        &self.observer
    }

    /// The owners of session ids.
    pub fn owners(&self) -> &SessionOwners {
        &self.owners
    }

    /// The sessions that are missing on their lists.
    pub fn pending_list_entries(&self) -> &PendingListEntries {
        &self.pending_list_entries
    }

    /// When keys expire.
    pub fn expirations(&self) -> &Expirations {
        &self.expirations
    }

    /// The memory for records.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// How leases follow from locks.
    pub fn lease_rule(&self) -> &LeaseRule {
        &self.lease_rule
    }

    /// Reads what the tables store of a record, consistently.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn replica(&self, record_key: &RecordKey) -> Result<Replica, StoreError> {
        let RecordKey { kind, user_id, id } = record_key;
        let stored = self.store.stored_versions(*kind, &[(user_id, id)], true).await?;
        let (version, lease_end) = stored.into_iter().next().unwrap_or_default();
        Ok(Replica { record_key: record_key.clone(), version, lease_end })
    }

    /// Loads records, and remembers the owners of sessions and the expiries of their lists.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn load(&self, identified: Vec<IdentifiedRecord>) -> RedisResult<Vec<SourceRecord>> {
        let mut lists = BTreeSet::new();
        for record in identified.iter().filter(|record| record.record_key().kind == RecordKind::Session) {
            self.owners.add(record.key(), record.record_key());
            lists.extend(self.source.lists_of(record.identity()).into_iter().flatten());
        }
        let lists: Vec<_> = lists.into_iter().collect();
        let loaded = source_record::load(&self.source, identified);
        let (loaded, expiries) = tokio::try_join!(loaded, self.source.expiries(&lists))?;
        let LoadedRecords { records, wrong_type_lists } = loaded;
        for (list, expiry) in lists.iter().zip(expiries) {
            self.expirations.set(list, expiry);
            if wrong_type_lists.contains(list) {
                self.skip_wrong_type(list, "set").await;
            } else {
                self.observer.clear_problem(list);
            }
        }
        Ok(records)
    }

    /// Reports a key whose value has another type than AgentScope stores there.
    pub async fn skip_wrong_type(&self, key: &str, expected: &str) {
        let found = self.source.type_of(key).await.unwrap_or_else(|| "value of another type".to_owned());
        let problem = format!("it holds a {found}, and AgentScope keeps a {expected} there");
        self.observer.skip(key, Problem::WrongType(problem));
    }

    /// Whether a lease has to be written or ended for its lock.
    pub fn is_lease_outdated(&self, lock: Lock, lease_end: Option<u64>) -> bool {
        self.lease_rule.change(lock, lease_end, self.source.now()).is_some()
    }
}
