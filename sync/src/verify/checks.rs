//! The checks of single records, replicas, leases and parts.

use agentscope_store::{Difference, StoreError};

use super::Finding;
use crate::follow::context::SyncContext;
use crate::follow::failure::Failure;
use crate::memory::for_copying_at_least;
use crate::source::RecordKey;
use crate::source::sessions::Lock;
use crate::source_record::{IdentifiedRecord, InvalidSourceRecord, LoadedRecords, SourceRecord, load};

/// What is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// The record under a key, with its replica.
    Record(String),
    /// A replica: its source record must exist.
    Replica(RecordKey),
    /// The lease of a session: its lock must exist.
    Lease(RecordKey),
    /// The parts of a session's state: its head must use them.
    Parts(RecordKey),
}

/// Checks one subject; `None` if nothing differs.
pub(super) async fn check(context: &SyncContext, subject: &Subject) -> Result<Option<Finding>, Failure> {
    let finding = |kind, record_key: &RecordKey| Some(Finding { kind, about: record_key.to_string() });
    match subject {
        Subject::Record(key) => check_record(context, key).await,
        Subject::Replica(record_key) => {
            let exists = context.source().exists(&context.source().keys().key(record_key)).await?;
            let is_extra = context.replica(record_key).await?.version.is_there() && !exists;
            Ok(finding("extra", record_key).filter(|_| is_extra))
        }
        Subject::Lease(record_key) => {
            let is_locked = context.source().is_locked(&record_key.id).await?;
            let lease_end = context.replica(record_key).await?.lease_end;
            let is_stale = !is_locked && context.is_lease_outdated(Lock::Free, lease_end);
            Ok(finding("stale lease", record_key).filter(|_| is_stale))
        }
        Subject::Parts(record_key) => {
            let is_left = context.store().has_left_parts(&record_key.user_id, &record_key.id).await?;
            let about = format!("parts of the state of {record_key}");
            Ok(is_left.then_some(Finding { kind: "left over", about }))
        }
    }
}

async fn check_record(context: &SyncContext, key: &str) -> Result<Option<Finding>, Failure> {
    let source = context.source();
    let Some(facts) = source.key_facts(&[key.to_owned()]).await?.into_iter().next() else { return Ok(None) };
    let invalid = |problem: String| Ok(Some(Finding { kind: "invalid", about: format!("key {key:?}: {problem}") }));
    let Some(length) = facts.length else {
        return invalid("its value is not a string".to_owned());
    };
    // The replica takes as much memory as the record.
    let needed = 2 * for_copying_at_least(length);
    if needed > context.memory().alone_bytes() {
        return invalid(format!("its text has {length} bytes, too many for the memory limit: it is not compared"));
    }
    let _reserved = context.memory().reserve(needed).await;
    let Some(text) = source.text(key).await? else { return Ok(None) };
    let identified = match IdentifiedRecord::new(key.to_owned(), text, &source.keys().candidates(key)) {
        Ok(identified) => identified,
        Err(problem) => return invalid(problem),
    };
    let LoadedRecords { mut records, .. } = load(source, vec![identified]).await?;
    let Some(record) = records.pop() else { return Ok(None) };
    let (record_key, session) = (record.record_key().clone(), record.session());
    let finding = |kind, about| Ok(Some(Finding { kind, about }));
    match compare(context, record).await? {
        ReplicaCheck::Invalid(problem) => invalid(problem),
        ReplicaCheck::Different(Difference::Missing) => finding("missing", record_key.to_string()),
        ReplicaCheck::Different(Difference::Changed(names)) => {
            finding("changed", format!("{record_key}: {}", names.join(", ")))
        }
        ReplicaCheck::Identical => match session {
            Some(session) if is_lease_missing(context, &record_key, session.lock).await? => {
                finding("missing lease", record_key.to_string())
            }
            _ => Ok(None),
        },
    }
}

/// The result of comparing a record with its replica.
enum ReplicaCheck {
    Identical,
    Different(Difference),
    Invalid(String),
}

async fn compare(context: &SyncContext, record: SourceRecord) -> Result<ReplicaCheck, Failure> {
    let parsed = match record.parse(context.store().release()) {
        Ok(parsed) => parsed,
        Err(InvalidSourceRecord::Problem(problem)) => return Ok(ReplicaCheck::Invalid(problem)),
        // The observer reports the release once, in place of a finding for each record.
        Err(InvalidSourceRecord::LaterRelease(later)) => {
            context.observer().note_later_release(later);
            return Ok(ReplicaCheck::Identical);
        }
    };
    match parsed.compare_replica(context.store()).await {
        Ok(None) => Ok(ReplicaCheck::Identical),
        Ok(Some(difference)) => Ok(ReplicaCheck::Different(difference)),
        Err(StoreError::ConstraintViolation(violation)) => Ok(ReplicaCheck::Invalid(violation.to_string())),
        Err(error) => Err(error.into()),
    }
}

async fn is_lease_missing(context: &SyncContext, record_key: &RecordKey, lock: Lock) -> Result<bool, Failure> {
    let lease_end = context.replica(record_key).await?.lease_end;
    Ok(match lock {
        Lock::Free => false,
        Lock::Until(_) => context.is_lease_outdated(lock, lease_end),
        // Any lease counts that has not ended.
        Lock::WithoutExpiry => !context.is_lease_outdated(Lock::Free, lease_end),
    })
}
