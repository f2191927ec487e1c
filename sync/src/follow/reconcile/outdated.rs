//! Finds outdated replicas among a batch of records.

use agentscope_store::{RecordKind, StoredVersion};

use super::batches::Batch;
use super::{Incomplete, push_all};
use crate::follow::context::SyncContext;
use crate::follow::queue::Queue;
use crate::follow::work::WriteMode;
use crate::memory::for_reading;
use crate::observe::Observer;
use crate::source::sessions::Lock;
use crate::source_record::{IdentifiedRecord, SourceRecord};

/// The results of comparing a batch.
pub(super) struct Compared {
    pub(super) records: usize,
    pub(super) outdated: usize,
}

/// Puts the keys of outdated replicas into the queue.
pub(super) async fn compare(
    context: &SyncContext,
    queue: &Queue,
    Batch { keys, bytes }: Batch,
    write: WriteMode,
) -> Result<Compared, Incomplete> {
    let reserved = context.memory().reserve_shared(for_reading(bytes)).await;
    let texts = context.source().texts(&keys).await?;
    let mut identified = [const { Vec::new() }; RecordKind::ALL.len()];
    let mut outdated = Vec::new();
    let mut records = 0;
    for (key, text) in keys.into_iter().zip(texts) {
        let Some(text) = text else { continue };
        records += 1;
        Observer::count(&context.observer().counters.reads);
        let candidates = context.source().keys().candidates(&key);
        // A key with several candidates is rare: the workers check it.
        if candidates.len() != 1 || write == WriteMode::Always {
            outdated.push(key);
            continue;
        }
        match IdentifiedRecord::new(key.clone(), text, &candidates) {
            Ok(record) => identified[record.record_key().kind as usize].push(record),
            Err(_) => outdated.push(key),
        }
    }
    for (kind, identified) in RecordKind::ALL.into_iter().zip(identified) {
        outdated.extend(outdated_among(context, kind, identified).await?);
    }
    // The texts are freed. The workers may need their memory before the queue has room.
    drop(reserved);
    let compared = Compared { records, outdated: outdated.len() };
    push_all(queue, outdated, write).await;
    Ok(compared)
}

async fn outdated_among(
    context: &SyncContext,
    kind: RecordKind,
    identified: Vec<IdentifiedRecord>,
) -> Result<Vec<String>, Incomplete> {
    if identified.is_empty() {
        return Ok(Vec::new());
    }
    let records = context.load(identified).await?;
    let ids = records.iter().map(SourceRecord::record_key).map(|it| (it.user_id.as_str(), it.id.as_str()));
    let stored = context.store().stored_versions(kind, &ids.collect::<Vec<_>>(), false).await?;
    let mut outdated = Vec::new();
    for (record, (version, lease_end)) in records.iter().zip(stored) {
        if is_outdated(context, record, &version, lease_end) {
            outdated.push(record.key().to_owned());
        } else {
            context.observer().clear_problem(record.key());
            Observer::count(&context.observer().counters.unchanged);
        }
    }
    Ok(outdated)
}

fn is_outdated(context: &SyncContext, record: &SourceRecord, version: &StoredVersion, lease_end: Option<u64>) -> bool {
    let fingerprint = record.fingerprint();
    let session = record.session();
    if session.is_some_and(|session| session.lock != Lock::Free) {
        context.observer().saw_lock();
    }
    // A session that is missing on a list goes to a worker, which waits for the list to grow.
    let is_on_its_lists = fingerprint.is_on_agent_list && fingerprint.is_on_schedule_list;
    !version.is_copy_of(&fingerprint.content_hash)
        || session.is_some_and(|session| context.is_lease_outdated(session.lock, lease_end))
        || !is_on_its_lists
}
