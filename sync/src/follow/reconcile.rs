//! Reconciliation: compares everything in Redis with everything in the tables.
//!
//! A reconciliation writes nothing. It puts the keys of outdated replicas into the queue, and the
//! workers read each record again. So concurrent changes do no harm.
//!
//! - `batches`: groups records by size, so that reading them takes bounded memory.
//! - `outdated`: finds outdated replicas among a batch of records.
//! - `orphans`: finds replicas without a source record.

mod batches;
mod orphans;
mod outdated;

use std::time::{Duration, Instant};

use agentscope_store::RecordKind;
use futures::stream::{self, StreamExt, TryStreamExt};
use indicatif::ProgressBar;

use self::batches::{Batches, batches};
use self::orphans::{find_orphans, has_any_replica};
use self::outdated::compare;
use super::context::SyncContext;
use super::failure::Failure;
use super::queue::Queue;
use super::work::{Work, WriteMode};
use crate::observe::Observer;
use crate::source::{Keys, RecordKey};

/// Batches that are compared concurrently.
const CONCURRENT_BATCHES: usize = 4;
/// The reconciliation pauses while the queue has more keys than this.
const BACKLOG: usize = 1000;
/// Scans of the tables that run concurrently: one for each kind of record.
const CONCURRENT_SCANS: usize = RecordKind::ALL.len();

/// How to reconcile.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// When to write a replica.
    pub write: WriteMode,
    /// Whether Redis may be empty: then all replicas are deleted.
    pub allow_empty: bool,
    /// Whether to look for parts of states that crashed processes left over. This reads the whole
    /// table of sessions.
    pub left_parts: bool,
}

/// The results of a reconciliation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Records in Redis.
    pub records: usize,
    /// Keys whose replicas are or may be outdated, including replicas without a source record.
    /// They went into the queue.
    pub outdated: usize,
    /// Keys that look like a record's and are not read.
    pub passed_over: usize,
    /// How long it took.
    pub took: Duration,
}

/// Why a reconciliation was not completed.
#[derive(Debug, thiserror::Error)]
pub enum Incomplete {
    /// Redis or DynamoDB does not respond, or refuses a request.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// Redis has no records, and the tables have replicas.
    #[error(
        "Redis has no AgentScope records, but the tables have some: check the server and the database. Nothing was deleted. \
         --allow-empty deletes everything"
    )]
    Empty,
}

impl From<redis::RedisError> for Incomplete {
    fn from(error: redis::RedisError) -> Self {
        Self::Failure(error.into())
    }
}

impl From<agentscope_store::StoreError> for Incomplete {
    fn from(error: agentscope_store::StoreError) -> Self {
        Self::Failure(error.into())
    }
}

/// Compares everything, and puts the keys of outdated replicas into the queue. The workers may
/// still have to process some of them when this returns.
///
/// # Errors
///
/// Redis or DynamoDB does not respond, or Redis is empty. Keys that are in the queue stay there.
pub async fn reconcile(
    context: &SyncContext,
    queue: &Queue,
    options: Options,
    progress: &ProgressBar,
) -> Result<Found, Incomplete> {
    let begun = Instant::now();
    let mut found = Found::default();
    progress.set_message("records read");
    let mut cursor = 0;
    loop {
        let page = context.source().scan_record_keys(cursor).await?;
        found.passed_over += page.not_utf8;
        let keys = records_among(context.source().keys(), page.keys, &mut found);
        let Batches { batches, large } = batches(context, keys).await?;
        found.records += large.len();
        found.outdated += large.len();
        push_all(queue, large, options.write).await;
        let mut responses = stream::iter(batches)
            .map(|batch| compare(context, queue, batch, options.write))
            .buffer_unordered(CONCURRENT_BATCHES);
        while let Some(compared) = responses.try_next().await? {
            found.records += compared.records;
            found.outdated += compared.outdated;
            progress.inc(compared.records as u64);
        }
        match page.next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    context.owners().set_complete();
    if found.records == 0 && !options.allow_empty && has_any_replica(context).await? {
        return Err(Incomplete::Empty);
    }
    progress.set_message("records read; looking for deleted records");
    let orphans =
        stream::iter(RecordKind::ALL).map(|kind| find_orphans(context, queue, kind)).buffer_unordered(CONCURRENT_SCANS);
    found.outdated += orphans.try_fold(0, async |all, orphans| Ok(all + orphans)).await?;
    if options.left_parts {
        progress.set_message("records read; looking for parts left over");
        for (user_id, id) in context.store().scan_left_parts().await? {
            let key = context.source().keys().key(&RecordKey { kind: RecordKind::Session, user_id, id });
            queue.at_most(BACKLOG).await;
            queue.push(key, Work::CLEANUP, None);
        }
    }
    found.took = begun.elapsed();
    Observer::count(&context.observer().counters.reconciliations);
    Ok(found)
}

/// Puts the keys of records into the queue, as it has room.
async fn push_all(queue: &Queue, keys: Vec<String>, write: WriteMode) {
    for key in keys {
        queue.at_most(BACKLOG).await;
        queue.push(key, Work::record(write), None);
    }
}

/// Returns the keys of records. Logs a key that may be a record's and may be a secret's.
fn records_among(templates: &Keys, keys: Vec<String>, found: &mut Found) -> Vec<String> {
    let mut records = Vec::with_capacity(keys.len());
    for key in keys {
        if !templates.candidates(&key).is_empty() {
            records.push(key);
        } else if templates.is_ambiguous(&key) {
            found.passed_over += 1;
            tracing::warn!(key, "passed over a key: it matches a record, and also a key that is never read");
        }
    }
    records
}
