//! Everything there is in Redis against everything that the tables hold.
//!
//! Nothing is written here: keys whose copies are behind go into the queue, and are looked at again by whoever takes them from
//! there. So it makes no difference what changes meanwhile.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use agentscope_store::{RecordKind, ReplicaStatus, ScanStart};
use futures::stream::{self, StreamExt, TryStreamExt};
use indicatif::ProgressBar;

use super::copier::{Copier, Failure};
use super::queue::Queue;
use super::work::Work;
use crate::memory::for_reading;
use crate::observe::Observer;
use crate::source::read::{Identity, Lock, SessionFacts};
use crate::source::{RecordKey, Source};
use crate::source_record::{content_hash, identity};

/// The most bytes of records that are read at once. One that is larger is not read here: the
/// workers, which take large records one at a time, compare it with its copy.
const BYTES_AT_ONCE: usize = 8 << 20;
/// How many such groups are looked at side by side.
const GROUPS: usize = 4;
/// How many keys may wait before the comparison does.
const BACKLOG: usize = 1000;
/// The tables are read in so many parts side by side, one a kind of record.
const KINDS: usize = RecordKind::ALL.len();

/// How a reconciliation is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Every record is written, whatever is held of it.
    pub rewrite: bool,
    /// What is held is deleted even if Redis has no record at all.
    pub allow_empty: bool,
    /// What processes that died have left over of states is looked for, which reads the whole table of sessions.
    pub left_parts: bool,
}

/// What a reconciliation found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Records in Redis.
    pub records: usize,
    /// Keys whose copies were behind or may have been, those included of records that are gone: they were looked at again.
    pub behind: usize,
    /// Keys that are none of a record or of one that may be read, though they look so.
    pub passed_over: usize,
    /// How long it took.
    pub took: Duration,
}

/// Why a reconciliation did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Incomplete {
    /// Redis or DynamoDB did not respond, or refused.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// There is nothing in Redis, and a lot in the tables.
    #[error(
        "Redis has no record of AgentScope's, and the tables do: is it the right server and database? Nothing was deleted. \
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

/// Compares everything, and puts the keys into the queue whose copies are behind. They may still be there when this ends.
///
/// # Errors
///
/// Redis or DynamoDB does not respond, or Redis is empty. Whatever has been put into the queue stays there.
pub async fn reconcile(
    copier: &Copier,
    queue: &Queue,
    options: Options,
    progress: &ProgressBar,
) -> Result<Found, Incomplete> {
    let begun = Instant::now();
    let mut found = Found::default();
    progress.set_message("records read");
    let mut cursor = 0;
    loop {
        let page = copier.source.record_keys(cursor).await?;
        found.passed_over += page.unreadable;
        let keys = records_among(&copier.source, page.keys, &mut found);
        let (groups, large) = grouped(copier, keys).await?;
        found.records += large.len();
        found.behind += large.len();
        for key in large {
            queue.at_most(BACKLOG).await;
            queue.push(key, Work { rewrite: options.rewrite, ..Work::RECORD }, None);
        }
        let mut responses =
            stream::iter(groups).map(|group| compare(copier, queue, group, options.rewrite)).buffer_unordered(GROUPS);
        while let Some((records, behind)) = responses.try_next().await? {
            found.records += records;
            found.behind += behind;
            progress.inc(records as u64);
        }
        match page.next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    copier.owners.set_all();
    if found.records == 0 && !options.allow_empty && is_anything_held(copier).await? {
        return Err(Incomplete::Empty);
    }
    progress.set_message("records read; looking for what is gone");
    let gone = stream::iter(RecordKind::ALL).map(|kind| find_gone(copier, queue, kind)).buffer_unordered(KINDS);
    found.behind += gone.try_fold(0, async |all, gone| Ok(all + gone)).await?;
    if options.left_parts {
        progress.set_message("records read; looking for what was left over");
        for (user_id, id) in copier.store.scan_left_parts().await? {
            let key = copier.source.keys().key(&RecordKey { kind: RecordKind::Session, user_id, id });
            queue.at_most(BACKLOG).await;
            queue.push(key, Work { again: true, ..Work::RECORD }, None);
        }
    }
    found.took = begun.elapsed();
    Observer::count(&copier.observer.counters.reconciliations);
    Ok(found)
}

/// The keys that may be records'. Those that look so, and may be credentials', are told of.
fn records_among(source: &Source, keys: Vec<String>, found: &mut Found) -> Vec<String> {
    let all = source.keys();
    let mut records = Vec::with_capacity(keys.len());
    for key in keys {
        if !all.places(&key).is_empty() {
            records.push(key);
        } else if all.is_ambiguous(&key) {
            found.passed_over += 1;
            tracing::warn!(key, "passed over a key: it may be a record's, and may be one that is never read");
        }
    }
    records
}

/// The keys of texts in groups of so many bytes, and the keys of those that are larger. Keys of
/// other values are named.
async fn grouped(copier: &Copier, keys: Vec<String>) -> Result<(Vec<Group>, Vec<String>), redis::RedisError> {
    let all_facts = copier.source.key_facts(&keys).await?;
    let mut groups: Vec<Group> = Vec::new();
    let mut large = Vec::new();
    for (key, facts) in keys.into_iter().zip(all_facts) {
        copier.expirations.set(&key, facts.expiry);
        match facts.length {
            None => copier.skip_wrong_type(&key, "string").await,
            Some(length) if length > BYTES_AT_ONCE => large.push(key),
            Some(length) => match groups.last_mut() {
                Some(group) if group.bytes + length <= BYTES_AT_ONCE => {
                    group.bytes += length;
                    group.keys.push(key);
                }
                _ => groups.push(Group { keys: vec![key], bytes: length }),
            },
        }
    }
    Ok((groups, large))
}

/// Keys whose texts are read at once.
struct Group {
    keys: Vec<String>,
    /// How many bytes the texts have.
    bytes: usize,
}

/// A record as far as it has to be known.
struct Seen {
    key: String,
    place: RecordKey,
    identity: Identity,
    text: Vec<u8>,
}

/// Puts those of the keys into the queue whose copies are behind. Returns how many records there are, and how many are behind.
async fn compare(
    copier: &Copier,
    queue: &Queue,
    Group { keys, bytes }: Group,
    rewrite: bool,
) -> Result<(usize, usize), Incomplete> {
    let reserved = copier.memory.reserve_shared(for_reading(bytes)).await;
    let texts = copier.source.texts(&keys).await?;
    let mut seen = [const { Vec::new() }; KINDS];
    let mut behind = Vec::new();
    let mut records = 0;
    for (key, text) in keys.into_iter().zip(texts) {
        let Some(text) = text else { continue };
        records += 1;
        Observer::count(&copier.observer.counters.reads);
        let mut places = copier.source.keys().places(&key);
        let is_alone = places.len() == 1;
        match identity(&text).and_then(|identity| Ok((identity.index_among(&places)?, identity))) {
            Ok((index, identity)) if is_alone && !rewrite => {
                let place = places.swap_remove(index);
                seen[place.kind as usize].push(Seen { key, place, identity, text });
            }
            // Keys that may be several records' are rare, and each of these takes a look.
            _ => behind.push(key),
        }
    }
    for (kind, seen) in RecordKind::ALL.into_iter().zip(seen) {
        behind.extend(behind_of(copier, kind, seen).await?);
    }
    // The texts are gone. Whoever waits for workers must not keep what those need.
    drop(reserved);
    let count = behind.len();
    for key in behind {
        queue.at_most(BACKLOG).await;
        queue.push(key, Work { rewrite, ..Work::RECORD }, None);
    }
    Ok((records, count))
}

/// The keys of those whose copies are behind.
async fn behind_of(copier: &Copier, kind: RecordKind, seen: Vec<Seen>) -> Result<Vec<String>, Incomplete> {
    if seen.is_empty() {
        return Ok(Vec::new());
    }
    let facts: Vec<Option<SessionFacts>> = if kind == RecordKind::Session {
        for Seen { key, place, .. } in &seen {
            copier.owners.add(key, place);
        }
        let sessions: Vec<_> = seen.iter().map(|seen| &seen.identity).collect();
        let lists: BTreeSet<_> =
            sessions.iter().flat_map(|session| copier.source.lists_of(session)).flatten().collect();
        let lists: Vec<_> = lists.into_iter().collect();
        let ((facts, wrong), expiries) =
            tokio::try_join!(copier.source.session_facts(&sessions), copier.source.expiries(&lists))?;
        copier.learn_lists(&lists, &expiries, &wrong).await;
        facts.into_iter().map(Some).collect()
    } else {
        vec![None; seen.len()]
    };
    let places: Vec<_> = seen.iter().map(|seen| (seen.place.user_id.as_str(), seen.place.id.as_str())).collect();
    let stored = copier.store.replica_statuses(kind, &places).await?;
    let mut behind = Vec::new();
    for ((seen, facts), stored) in seen.into_iter().zip(facts).zip(stored) {
        if is_behind(copier, &seen, facts, &stored) {
            behind.push(seen.key);
        } else {
            copier.observer.fits(&seen.key);
            Observer::count(&copier.observer.counters.unchanged);
        }
    }
    Ok(behind)
}

fn is_behind(copier: &Copier, seen: &Seen, facts: Option<SessionFacts>, stored: &ReplicaStatus) -> bool {
    let original = content_hash(copier.store.release(), seen.place.kind, facts.as_ref(), &seen.text);
    if facts.is_some_and(|facts| facts.lock != Lock::Free) {
        copier.observer.saw_lock();
    }
    let is_listed = original.is_on_agent_list && original.is_on_schedule_list;
    !stored.version.is_replica_of(&original)
        || facts.is_some_and(|facts| copier.is_lease_behind(facts.lock, stored.lease_expires_at))
        // It may come to be on its list, and is waited for by whoever looks at it next.
        || !is_listed
}

/// Puts the keys of copies into the queue whose records are gone; how many they are.
async fn find_gone(copier: &Copier, queue: &Queue, kind: RecordKind) -> Result<usize, Incomplete> {
    let mut start: Option<ScanStart> = None;
    let mut gone = 0;
    loop {
        let page = copier.store.scan(kind, start).await?;
        let place = |(user_id, id)| copier.source.keys().key(&RecordKey { kind, user_id, id });
        let keys: Vec<_> = page.records.into_iter().map(place).collect();
        for keys in keys.chunks(BACKLOG) {
            let exist = copier.source.exist(keys).await?;
            for (key, _) in keys.iter().zip(exist).filter(|(_, exists)| !exists) {
                gone += 1;
                queue.at_most(BACKLOG).await;
                queue.push(key.clone(), Work::RECORD, None);
            }
        }
        start = page.next;
        if start.is_none() {
            return Ok(gone);
        }
    }
}

async fn is_anything_held(copier: &Copier) -> Result<bool, Incomplete> {
    for kind in RecordKind::ALL {
        let mut start = None;
        loop {
            let page = copier.store.scan(kind, start).await?;
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
