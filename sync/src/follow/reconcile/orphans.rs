//! Finds replicas without a source record.

use agentscope_store::{RecordKind, ScanStart, StoreError};

use super::{BACKLOG, Incomplete, push_all};
use crate::follow::context::SyncContext;
use crate::follow::queue::Queue;
use crate::follow::work::WriteMode;
use crate::source::RecordKey;

/// Puts the keys of replicas without a source record into the queue. Returns how many they are.
pub(super) async fn find_orphans(context: &SyncContext, queue: &Queue, kind: RecordKind) -> Result<usize, Incomplete> {
    let source = context.source();
    let mut start: Option<ScanStart> = None;
    let mut count = 0;
    loop {
        let page = context.store().scan(kind, start).await?;
        let key = |(user_id, id)| source.keys().key(&RecordKey { kind, user_id, id });
        let keys: Vec<_> = page.records.into_iter().map(key).collect();
        for keys in keys.chunks(BACKLOG) {
            let exist = source.exist(keys).await?;
            let orphans = keys.iter().zip(exist).filter(|(_, exists)| !exists).map(|(key, _)| key.clone());
            let orphans: Vec<_> = orphans.collect();
            count += orphans.len();
            push_all(queue, orphans, WriteMode::IfChanged).await;
        }
        start = page.next;
        if start.is_none() {
            return Ok(count);
        }
    }
}

/// Whether the tables have any replica.
pub(super) async fn has_any_replica(context: &SyncContext) -> Result<bool, StoreError> {
    for kind in RecordKind::ALL {
        let mut start = None;
        loop {
            let page = context.store().scan(kind, start).await?;
            if !page.records.is_empty() {
                return Ok(true);
            }
            start = page.next;
            if start.is_none() {
                break;
            }
        }
    }
    Ok(false)
}
