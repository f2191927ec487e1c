//! Replicas of records that another database owns.
//!
//! A writer of a replica reads the stored version first, then the source record, and writes on
//! condition that the same version is still stored. So a slow writer cannot replace a newer
//! replica with an older one: the newer replica was written after the slow writer read the stored
//! version, the condition fails, and the slow writer starts over.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::attributes::{CONTENT_HASH, EXPIRES_AT, PARTS, USER_ID, VERSION};
use crate::batch::GET_LIMIT;
use crate::change_mark::{deleted_session, marked_document};
use crate::condition::Condition;
use crate::get::Consistency;
use crate::item::{Fields, Item, text};
use crate::session_write::version_after;
use crate::{RecordKind, Store, StoreError, keys};

/// The attributes of a head and of a lease that a [`ReplicaStatus`] needs.
const STATUS: [&str; 4] = [CONTENT_HASH, VERSION, PARTS, EXPIRES_AT];

/// The state of a source record that a replica is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFingerprint {
    /// A digest of everything that the replica depends on.
    pub digest: [u8; 32],
    /// Whether a session is on its agent's list. One that is not can be read by its id alone.
    pub is_on_agent_list: bool,
    /// Whether a session is on the list of the schedule that started it.
    pub is_on_schedule_list: bool,
}

impl SourceFingerprint {
    /// Records the digest in the item of a replica.
    pub(crate) fn mark(&self, item: &mut Item) {
        item.insert(CONTENT_HASH.into(), AttributeValue::B(Blob::new(self.digest)));
    }
}

/// The version of a stored record: what a conditional write compares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredVersion {
    digest: Option<Vec<u8>>,
    /// The version of a session's state.
    pub(crate) version: Option<String>,
    /// Whether parts of a state may belong to the item.
    has_parts: bool,
    exists: bool,
}

impl StoredVersion {
    fn of(item: Option<Item>) -> Self {
        let Some(mut item) = item else { return Self::default() };
        let digest = match item.remove(CONTENT_HASH) {
            Some(AttributeValue::B(digest)) => Some(digest.into_inner()),
            _ => None,
        };
        let version = match item.remove(VERSION) {
            Some(AttributeValue::S(version)) => Some(version),
            _ => None,
        };
        // The parts of a claim exist already, or its writer is about to put them.
        let has_parts = item.contains_key(PARTS) || item.contains_key(EXPIRES_AT);
        Self { digest, version, has_parts, exists: true }
    }

    /// Whether an item is stored.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// Whether the item is the replica of a source record in this state.
    pub fn is_replica_of(&self, source: &SourceFingerprint) -> bool {
        self.digest.as_deref() == Some(&source.digest)
    }

    /// The condition that this version is still stored.
    pub(crate) fn is_unchanged(&self) -> Condition {
        match self {
            Self { exists: false, .. } => Condition::absent(USER_ID),
            Self { version: Some(version), .. } => Condition::equals(VERSION, text(version)),
            Self { digest: Some(digest), .. } => {
                Condition::equals(CONTENT_HASH, AttributeValue::B(Blob::new(digest.clone())))
            }
            // Only replicas have a digest.
            _ => Condition::absent(CONTENT_HASH),
        }
    }
}

/// What is stored of a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplicaStatus {
    /// The version of the record.
    pub version: StoredVersion,
    /// The end of a session's lease, in seconds since 1970, whether it has passed or not. `None`
    /// if the session has no lease, [`u64::MAX`] if its end is unreadable.
    pub lease_expires_at: Option<u64>,
}

impl Store {
    /// Reads what is stored of a record, with strong consistency. An id that no table can hold has
    /// nothing stored.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn replica_status(&self, kind: RecordKind, user_id: &str, id: &str) -> Result<ReplicaStatus, StoreError> {
        let statuses = self.statuses(kind, &[(user_id, id)], Consistency::Strong).await?;
        Ok(statuses.into_iter().next().unwrap_or_default())
    }

    /// Reads what is stored of these records, each given once by owner and id, in the same order.
    /// The reads are eventually consistent, at half the price of
    /// [`replica_status`](Self::replica_status).
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn replica_statuses(
        &self,
        kind: RecordKind,
        records: &[(&str, &str)],
    ) -> Result<Vec<ReplicaStatus>, StoreError> {
        self.statuses(kind, records, Consistency::Eventual).await
    }

    async fn statuses(
        &self,
        kind: RecordKind,
        records: &[(&str, &str)],
        consistency: Consistency,
    ) -> Result<Vec<ReplicaStatus>, StoreError> {
        let table = self.names.of(kind);
        let is_session = kind == RecordKind::Session;
        let attributes: &[_] = if is_session { &STATUS } else { &STATUS[..1] };
        let mut found = HashMap::new();
        for chunk in records.chunks(if is_session { GET_LIMIT / 2 } else { GET_LIMIT }) {
            let keys = chunk.iter().flat_map(|(user_id, id)| {
                let lease = is_session.then(|| keys::run(id));
                let sort_keys = [Some(kind.sort_key(id)), lease].into_iter().flatten();
                sort_keys
                    .filter(|sort_key| keys::can_exist(user_id, sort_key))
                    .map(|sort_key| table.key(user_id, sort_key))
            });
            let keys: Vec<_> = keys.collect();
            if keys.is_empty() {
                continue;
            }
            for item in self.get_chunk(table, keys, attributes, consistency).await? {
                let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
                found.insert((text(USER_ID), text(table.sort)), item);
            }
        }
        let statuses = records.iter().map(|(user_id, id)| {
            let version = StoredVersion::of(found.remove(&((*user_id).to_owned(), kind.sort_key(id))));
            let lease = found.remove(&((*user_id).to_owned(), keys::run(id))).filter(|_| is_session);
            // Readers reject an unreadable lease, so it must be written again or deleted.
            let expires_at = |lease| Fields::new(table, lease).optional_number(EXPIRES_AT).ok().flatten();
            ReplicaStatus { version, lease_expires_at: lease.map(|lease| expires_at(lease).unwrap_or(u64::MAX)) }
        });
        Ok(statuses.collect())
    }

    /// Deletes a replica, and the lease and the parts of a session with it, on condition that
    /// `deleted` is still stored. Returns whether it was.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn delete_replica(
        &self,
        kind: RecordKind,
        user_id: &str,
        id: &str,
        deleted: &StoredVersion,
    ) -> Result<bool, StoreError> {
        let table = self.names.of(kind);
        let key = table.key(user_id, kind.sort_key(id));
        if kind != RecordKind::Session {
            self.mark(kind, user_id, &[marked_document(id, None)], Vec::new()).await?;
            return self.delete_if(table, key, deleted.is_unchanged()).await;
        }
        // The lease goes first: if this delete is interrupted, a session remains, and is deleted
        // later.
        self.end_lease(user_id, id).await?;
        let version = version_after(deleted.version.as_deref());
        self.mark(kind, user_id, &[deleted_session(id, &version)], Vec::new()).await?;
        if deleted.has_parts {
            // A claim replaces the head until the parts are deleted, so that they are found if
            // this delete is interrupted.
            let Some(claim) = self.claim(user_id, id, deleted.version.as_deref()).await? else { return Ok(false) };
            self.clear_left_parts(user_id, id).await?;
            // If the condition fails, another writer has stored the session again.
            return self.delete_if(table, key, Condition::equals(VERSION, text(claim))).await;
        }
        let is_deleted = self.delete_if(table, key, deleted.is_unchanged()).await?;
        if is_deleted {
            self.clear_left_parts(user_id, id).await?;
        }
        Ok(is_deleted)
    }
}
