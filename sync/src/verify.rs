//! What is in Redis against what is in the tables, record by record and byte by byte.
//!
//! Both may change meanwhile. What differs is looked at again a moment later, and counts if it differs still.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use agentscope_model::{AgentRecord, ScheduleRecord, SessionRecord, TeamRecord};
use agentscope_store::{Difference, RecordKind, ScanPage, ScanStart, SourceFingerprint, StoreError, StoredRecord};
use futures::stream::{self, StreamExt, TryStreamExt};
use indicatif::ProgressBar;

use crate::follow::copier::{Copier, Failure};
use crate::memory::for_copying_at_least;
use crate::source::RecordKey;
use crate::source::read::Lock;
use crate::source_record::{Invalid, content_hash, identity, read};

/// Records that are compared side by side.
const SIDE_BY_SIDE: usize = 8;
/// How long after it was found a difference is looked at again, and how often.
const SETTLING: Duration = Duration::from_secs(1);
const LOOKS: usize = 3;
/// How many differences are put aside to be looked at again together.
const ASIDE: usize = 1000;

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    /// The record under a key, and its copy.
    Record(String),
    /// A copy, and the key under which its record ought to be.
    Copy(RecordKey),
    /// A lease, and the lock of its session.
    Lease(RecordKey),
    /// The parts of a session's state, and its head.
    Parts(RecordKey),
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `missing`, `changed`, `extra`, `missing lease`, `stale lease`, `left over`, or `unfit`.
    pub what: &'static str,
    /// Which record it is about, and how it differs.
    pub about: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.about)
    }
}

/// What a comparison came to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Records of Redis's.
    pub records: usize,
    /// Copies and leases in the tables.
    pub items: usize,
    /// How many differences there are of each kind.
    pub differences: BTreeMap<&'static str, usize>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { records, items, differences } = self;
        write!(f, "{records} records compared with {items} copies and leases: ")?;
        if differences.is_empty() {
            return write!(f, "no difference");
        }
        let counts: Vec<_> = differences.iter().map(|(what, count)| format!("{count} {what}")).collect();
        write!(f, "{}", counts.join(", "))
    }
}

/// Compares everything, and tells each difference as soon as it is certain.
///
/// # Errors
///
/// Redis or DynamoDB does not respond, or refuses.
pub async fn verify(
    copier: &Copier,
    progress: &ProgressBar,
    mut tell: impl FnMut(&Finding),
) -> Result<Verdict, Failure> {
    let mut verdict = Verdict::default();
    let mut aside = Vec::new();
    let mut cursor = 0;
    loop {
        let page = copier.source.record_keys(cursor).await?;
        let keys = page.keys.into_iter().filter(|key| !copier.source.keys().places(key).is_empty());
        let subjects: Vec<_> = keys.map(Subject::Record).collect();
        verdict.records += subjects.len();
        progress.inc(subjects.len() as u64);
        compare(copier, subjects, &mut aside).await?;
        settle(copier, &mut aside, ASIDE, &mut verdict, &mut tell).await?;
        match page.next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    for kind in RecordKind::ALL {
        let subject = |(user_id, id)| Subject::Copy(RecordKey { kind, user_id, id });
        let mut start = None;
        loop {
            let page = match kind {
                RecordKind::Session => copier.store.scan_heads(start).await?,
                RecordKind::Agent | RecordKind::Team | RecordKind::Schedule => copier.store.scan(kind, start).await?,
            };
            start = items(copier, page, subject, &mut verdict, &mut aside).await?;
            settle(copier, &mut aside, ASIDE, &mut verdict, &mut tell).await?;
            if start.is_none() {
                break;
            }
        }
    }
    let subject = |(user_id, id)| Subject::Lease(RecordKey { kind: RecordKind::Session, user_id, id });
    let mut start = None;
    loop {
        let page = copier.store.scan_leases(start).await?;
        start = items(copier, page, subject, &mut verdict, &mut aside).await?;
        if start.is_none() {
            break;
        }
    }
    let parts = copier.store.scan_left_parts().await?.into_iter();
    let subjects = parts.map(|(user_id, id)| Subject::Parts(RecordKey { kind: RecordKind::Session, user_id, id }));
    compare(copier, subjects.collect(), &mut aside).await?;
    settle(copier, &mut aside, 0, &mut verdict, &mut tell).await?;
    Ok(verdict)
}

async fn items(
    copier: &Copier,
    page: ScanPage,
    subject: impl Fn((String, String)) -> Subject,
    verdict: &mut Verdict,
    aside: &mut Vec<Subject>,
) -> Result<Option<ScanStart>, Failure> {
    verdict.items += page.records.len();
    compare(copier, page.records.into_iter().map(subject).collect(), aside).await?;
    Ok(page.next)
}

/// Puts those aside that differ.
async fn compare(copier: &Copier, subjects: Vec<Subject>, aside: &mut Vec<Subject>) -> Result<(), Failure> {
    let mut responses = stream::iter(subjects)
        .map(async |subject| Ok::<_, Failure>((look(copier, &subject).await?, subject)))
        .buffer_unordered(SIDE_BY_SIDE);
    while let Some((finding, subject)) = responses.try_next().await? {
        if finding.is_some() {
            aside.push(subject);
        }
    }
    Ok(())
}

/// Looks again at what was put aside, if that is more than so many.
async fn settle(
    copier: &Copier,
    aside: &mut Vec<Subject>,
    most: usize,
    verdict: &mut Verdict,
    tell: &mut impl FnMut(&Finding),
) -> Result<(), Failure> {
    if aside.len() <= most {
        return Ok(());
    }
    for _ in 1..LOOKS {
        tokio::time::sleep(SETTLING).await;
        let subjects = std::mem::take(aside);
        compare(copier, subjects, aside).await?;
        if aside.is_empty() {
            return Ok(());
        }
    }
    tokio::time::sleep(SETTLING).await;
    for subject in aside.drain(..) {
        if let Some(finding) = look(copier, &subject).await? {
            *verdict.differences.entry(finding.what).or_default() += 1;
            tell(&finding);
        }
    }
    Ok(())
}

async fn look(copier: &Copier, subject: &Subject) -> Result<Option<Finding>, Failure> {
    match subject {
        Subject::Record(key) => look_at_record(copier, key).await,
        Subject::Copy(place) => {
            let key = copier.source.keys().key(place);
            let exists = copier.source.exist(&[key]).await? == [true];
            let stored = copier.store.replica_status(place.kind, &place.user_id, &place.id).await?;
            let is_extra = !exists && stored.version.exists();
            Ok(is_extra.then(|| Finding { what: "extra", about: place.to_string() }))
        }
        Subject::Lease(place) => {
            let is_free = copier.source.locked(std::slice::from_ref(&place.id)).await? == [false];
            let stored = copier.store.replica_status(place.kind, &place.user_id, &place.id).await?;
            let is_stale = is_free && copier.is_lease_behind(Lock::Free, stored.lease_expires_at);
            Ok(is_stale.then(|| Finding { what: "stale lease", about: place.to_string() }))
        }
        Subject::Parts(place) => {
            let is_left = copier.store.has_left_parts(&place.user_id, &place.id).await?;
            Ok(is_left.then(|| Finding { what: "left over", about: format!("parts of the state of {place}") }))
        }
    }
}

async fn look_at_record(copier: &Copier, key: &str) -> Result<Option<Finding>, Failure> {
    let Some(facts) = copier.source.key_facts(&[key.to_owned()]).await?.into_iter().next() else { return Ok(None) };
    let unfit = |problem: String| Ok(Some(Finding { what: "unfit", about: format!("key {key:?}: {problem}") }));
    let Some(length) = facts.length else {
        return unfit("it holds another kind of value than a string".to_owned());
    };
    // The copy takes as much as the record.
    let needed = 2 * for_copying_at_least(length);
    if needed > copier.memory.alone_bytes() {
        return unfit(format!("its text has {length} bytes, too many for the memory limit: it is not compared"));
    }
    let _reserved = copier.memory.reserve(needed).await;
    let Some(text) = copier.source.text(key).await? else { return Ok(None) };
    let places = copier.source.keys().places(key);
    let identity = match identity(&text) {
        Ok(identity) => identity,
        Err(problem) => return unfit(problem),
    };
    let place = match identity.index_among(&places) {
        Ok(index) => &places[index],
        Err(problem) => return unfit(problem),
    };
    let facts = match place.kind {
        RecordKind::Session => copier.source.session_facts(&[&identity]).await?.0.into_iter().next(),
        RecordKind::Agent | RecordKind::Team | RecordKind::Schedule => None,
    };
    let original = content_hash(copier.store.release(), place.kind, facts.as_ref(), &text);
    let difference = match place.kind {
        RecordKind::Agent => difference::<AgentRecord>(copier, &text, &original).await?,
        RecordKind::Team => difference::<TeamRecord>(copier, &text, &original).await?,
        RecordKind::Schedule => difference::<ScheduleRecord>(copier, &text, &original).await?,
        RecordKind::Session => difference::<SessionRecord>(copier, &text, &original).await?,
    };
    match (difference, facts) {
        (Err(problem), _) => unfit(problem),
        (Ok(Some(Difference::Missing)), _) => Ok(Some(Finding { what: "missing", about: place.to_string() })),
        (Ok(Some(Difference::Changed(names))), _) => {
            Ok(Some(Finding { what: "changed", about: format!("{place}: {}", names.join(", ")) }))
        }
        (Ok(None), Some(facts)) if is_lease_missing(copier, place, facts.lock).await? => {
            Ok(Some(Finding { what: "missing lease", about: place.to_string() }))
        }
        (Ok(None), _) => Ok(None),
    }
}

/// How the copy of a record differs from it, or why it can have none.
async fn difference<T: StoredRecord>(
    copier: &Copier,
    text: &[u8],
    original: &SourceFingerprint,
) -> Result<Result<Option<Difference>, String>, Failure> {
    let record = match read::<T>(text, copier.store.release()) {
        Ok(record) => record,
        Err(Invalid::Problem(problem)) => return Ok(Err(problem)),
        // It is said once, and not for each record.
        Err(Invalid::LaterRelease(later)) => {
            copier.observer.note_later_release(later);
            return Ok(Ok(None));
        }
    };
    match record.compare(&copier.store, original).await {
        Ok(difference) => Ok(Ok(difference)),
        Err(StoreError::ConstraintViolation(problem)) => Ok(Err(problem.to_string())),
        Err(error) => Err(error.into()),
    }
}

async fn is_lease_missing(copier: &Copier, place: &RecordKey, lock: Lock) -> Result<bool, Failure> {
    let lease = copier.store.replica_status(place.kind, &place.user_id, &place.id).await?.lease_expires_at;
    Ok(match lock {
        Lock::Free => false,
        Lock::HeldUntil(_) => copier.is_lease_behind(lock, lease),
        // Any lease will do that has not ended.
        Lock::HeldForever => !copier.is_lease_behind(Lock::Free, lease),
    })
}
