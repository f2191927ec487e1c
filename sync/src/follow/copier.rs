//! One record: its copy made to be what the record is.

use std::collections::BTreeSet;
use std::time::Duration;

use agentscope_model::{AgentRecord, ScheduleRecord, SessionRecord, TeamRecord};
use agentscope_store::{RecordKind, ReplicaStatus, SourceFingerprint, Store, StoreError, StoredRecord, StoredVersion};
use futures::future::try_join_all;
use redis::RedisError;

use super::expirations::Expirations;
use super::owners::SessionOwners;
use super::pending_list_entries::PendingListEntries;
use super::work::{Done, Lane, Work};
use crate::memory::{Memory, Reserved, for_copying, for_copying_at_least, for_reading};
use crate::observe::{Observer, Phase, Problem};
use crate::source::problem::explain;
use crate::source::read::{Expiry, Identity, SessionFacts};
use crate::source::{RecordKey, Source};
use crate::source_record::{Copied, Invalid, content_hash, identity, non_finite_numbers, read};

/// Why a record was not brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It may succeed later.
    #[error("{0}")]
    Retryable(String),
    /// DynamoDB refuses the request: a table is missing, or a permission.
    #[error("{0}")]
    Refused(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(_) => Self::Refused(error.to_string()),
            _ => Self::Retryable(error.to_string()),
        }
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::Retryable(format!("Redis: {}", explain(&error)))
    }
}

/// What became of a text that was to be read.
enum Reading {
    /// It is this, if there is any, and this is reserved for it.
    Text(Option<Vec<u8>>, Option<Reserved>),
    /// The lane for large records has to read it.
    HandOver,
    /// Its copy takes more memory than there is.
    TooLarge { length: usize, needed: u64 },
}

/// Brings copies up to date.
pub struct Copier {
    /// Where the copies are.
    pub store: Store,
    /// Where the records are.
    pub source: Source,
    /// Who counts.
    pub observer: Observer,
    /// Whose session an id is.
    pub owners: SessionOwners,
    /// Who is not on a list yet.
    pub pending_list_entries: PendingListEntries,
    /// When keys expire.
    pub expirations: Expirations,
    /// What records may take of it.
    pub memory: Memory,
    /// How long a session counts as running, from when it is seen to, whose lock has no end.
    pub endless_lease: Duration,
}

impl Copier {
    /// A copier that has seen nothing yet. Everything is compared `every` so often.
    ///
    /// # Errors
    ///
    /// There is no memory.
    pub fn new(store: Store, source: Source, memory: Memory, every: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            store,
            source,
            observer: Observer::new()?,
            owners: SessionOwners::default(),
            pending_list_entries: PendingListEntries::default(),
            expirations: Expirations::default(),
            memory,
            // As long as AgentScope's own locks, or until it has been looked at twice more.
            endless_lease: Duration::from_secs(600).max(every * 3),
        })
    }

    /// Looks at what there is to look at under a key, but for a list.
    ///
    /// # Errors
    ///
    /// Redis or DynamoDB does not respond, or somebody else has written in between.
    pub async fn work(&self, key: &str, work: &Work, lane: Lane) -> Result<Done, Failure> {
        match &work.lock {
            _ if work.record || work.rewrite || work.again => self.copy(key, work.rewrite, work.again, lane).await,
            Some(place) => {
                self.learn_expiry(key, work).await?;
                self.copy_lock(key, place, lane).await
            }
            None if self.learn_expiry(key, work).await? => self.copy(key, false, false, lane).await,
            None => Ok(Done::Finished),
        }
    }

    /// Remembers when a key ends, if that is part of the work. Returns whether it has ended.
    async fn learn_expiry(&self, key: &str, work: &Work) -> Result<bool, Failure> {
        if !work.expiry {
            return Ok(false);
        }
        let expiries = self.source.expiries(&[key.to_owned()]).await?;
        let Some(&expiry) = expiries.first() else { return Ok(false) };
        self.expirations.set(key, expiry);
        Ok(expiry == Expiry::Gone && !self.source.keys().is_list(key))
    }

    /// Names a key that holds another kind of value than AgentScope puts there.
    pub async fn skip_wrong_type(&self, key: &str, expected: &str) {
        let kind = self.source.type_of(key).await.unwrap_or_else(|| "value of another kind".to_owned());
        self.observer
            .skip(key, Problem::WrongType(format!("it holds a {kind}, and AgentScope keeps a {expected} there")));
    }

    /// `again` after an attempt that may have ended in its middle: what it has left over is cleared away as well.
    pub(super) async fn copy(&self, key: &str, rewrite: bool, again: bool, lane: Lane) -> Result<Done, Failure> {
        let places = self.source.keys().places(key);
        // The stored version is read before the source record: see `agentscope_store`'s replicas. The
        // length is not part of the record.
        let stored = async {
            let stored = places.iter().map(|place| self.store.replica_status(place.kind, &place.user_id, &place.id));
            Ok::<_, Failure>(try_join_all(stored).await?)
        };
        let facts = async {
            let facts = self.source.key_facts(&[key.to_owned()]).await?.into_iter().next();
            facts.ok_or_else(|| Failure::Retryable("Redis sent no response".to_owned()))
        };
        let (stored, facts) = tokio::try_join!(stored, facts)?;
        self.expirations.set(key, facts.expiry);
        let Some(length) = facts.length else {
            self.skip_wrong_type(key, "string").await;
            return Ok(Done::Finished);
        };
        let (text, _reserved) = match self.read_within_limits(key, length, lane).await? {
            Reading::Text(text, reserved) => (text, reserved),
            Reading::HandOver => return Ok(Done::HandOver),
            Reading::TooLarge { length, needed } => {
                let (needed, limit) = (needed >> 20, self.memory.alone_bytes() >> 20);
                let problem = format!(
                    "its text has {length} bytes, and copying it takes {needed} MB of memory, of {limit} MB that one record may \
                     take; raise --memory-limit-mb and the memory of the process"
                );
                self.observer.skip(key, Problem::TooLarge(problem));
                return Ok(Done::Finished);
            }
        };
        let Some(text) = text else {
            for (place, stored) in places.iter().zip(&stored) {
                self.delete(key, place, stored, again).await?;
            }
            self.observer.fits(key);
            return Ok(Done::Finished);
        };
        Observer::count(&self.observer.counters.reads);
        let (identity, index) = match identity(&text).and_then(|identity| {
            let index = identity.index_among(&places)?;
            Ok((identity, index))
        }) {
            Ok(found) => found,
            Err(problem) => {
                self.observer.skip(key, Problem::DoesNotFit(problem));
                return Ok(Done::Finished);
            }
        };
        for (number, (place, stored)) in places.iter().zip(&stored).enumerate() {
            if number != index {
                self.delete(key, place, stored, again).await?;
            }
        }
        let (place, stored) = (&places[index], &stored[index]);
        let facts = match place.kind {
            RecordKind::Session => Some(self.facts(key, place, &identity).await?),
            RecordKind::Agent | RecordKind::Team | RecordKind::Schedule => None,
        };
        let original = content_hash(self.store.release(), place.kind, facts.as_ref(), &text);
        let mut is_there = stored.version.exists();
        if stored.version.is_replica_of(&original) && !rewrite {
            self.observer.fits(key);
            Observer::count(&self.observer.counters.unchanged);
            if again && place.kind == RecordKind::Session {
                self.store.clear_left_parts(&place.user_id, &place.id).await?;
            }
        } else {
            let non_finite = non_finite_numbers(&text);
            match self.write(place, text, &original, &stored.version).await? {
                Copied::Written => {
                    self.observer.fits(key);
                    if non_finite > 0 {
                        tracing::warn!(
                            key,
                            count = non_finite,
                            "copied a record with numbers that are not finite: they become null"
                        );
                    }
                    Observer::count(&self.observer.counters.written);
                    if place.kind == RecordKind::Session && self.observer.phase() == Phase::Following {
                        self.observer.session_changed();
                    }
                    is_there = true;
                }
                Copied::Invalid(Invalid::Problem(problem)) => self.observer.skip(key, Problem::DoesNotFit(problem)),
                Copied::Invalid(Invalid::LaterRelease(later)) => self.observer.note_later_release(later),
                Copied::Moved => return Err(Failure::Retryable("somebody else has written this record".to_owned())),
            }
        }
        if let Some(facts) = facts.filter(|_| is_there) {
            self.set_lease(place, facts.lock, stored.lease_expires_at).await?;
        }
        Ok(Done::Finished)
    }

    /// Reads a text, and reserves what copying it takes. Of a record that takes more than its lane
    /// has, nothing stays in memory.
    async fn read_within_limits(&self, key: &str, length: usize, lane: Lane) -> Result<Reading, Failure> {
        let limit = match lane {
            Lane::Shared => self.memory.shared_bytes(),
            Lane::Alone => self.memory.alone_bytes(),
        };
        let mut length = length;
        let mut needed = for_reading(length).max(for_copying_at_least(length));
        loop {
            if needed > limit {
                return Ok(match lane {
                    Lane::Shared => Reading::HandOver,
                    Lane::Alone => Reading::TooLarge { length, needed },
                });
            }
            let (reserved, text) = match lane {
                Lane::Shared => {
                    let reserved = self.memory.reserve_shared(needed).await;
                    (Some(reserved), self.source.text(key).await)
                }
                // There is one worker in this lane.
                Lane::Alone => (None, self.source.large_text(key).await),
            };
            let text = match text {
                Ok(text) => text,
                // It was another kind of value a moment ago.
                Err(error) if error.code() == Some("WRONGTYPE") => {
                    return Err(Failure::Retryable("the key holds another kind of value now".to_owned()));
                }
                Err(error) => return Err(error.into()),
            };
            let found = text.as_deref().map_or(0, for_copying);
            if found <= needed || (found <= limit && lane == Lane::Alone) {
                return Ok(Reading::Text(text, reserved));
            }
            // It has many small values, or has grown: the text is read again with more reserved.
            length = text.map_or(0, |text| text.len());
            needed = found;
        }
    }

    /// What Redis knows of a session besides its record. If it is not on its lists, it is waited for there.
    async fn facts(&self, key: &str, place: &RecordKey, identity: &Identity) -> Result<SessionFacts, Failure> {
        self.owners.add(key, place);
        let [agent_list, schedule_list] = self.source.lists_of(identity);
        let lists: Vec<_> = [&agent_list, &schedule_list].into_iter().flatten().cloned().collect();
        for list in [&agent_list, &schedule_list].into_iter().flatten() {
            // Before it is looked for: it may be put there a moment after.
            self.pending_list_entries.await_on(list.clone(), key);
        }
        let of_session = [identity];
        let (facts, expiries) = tokio::try_join!(self.source.session_facts(&of_session), self.source.expiries(&lists))?;
        self.learn_lists(&lists, &expiries, &facts.1).await;
        let facts =
            facts.0.into_iter().next().ok_or_else(|| Failure::Retryable("Redis sent no response".to_owned()))?;
        for (list, is_on) in [(agent_list, facts.is_on_agent_list), (schedule_list, facts.is_on_schedule_list)] {
            if let Some(list) = list.filter(|_| is_on) {
                self.pending_list_entries.forget(&list, key);
            }
        }
        Ok(facts)
    }

    /// Remembers when lists end, and names those that are none.
    pub(super) async fn learn_lists(&self, lists: &[String], expiries: &[Expiry], wrong: &BTreeSet<String>) {
        for (list, expiry) in lists.iter().zip(expiries) {
            self.expirations.set(list, *expiry);
            if wrong.contains(list) {
                self.skip_wrong_type(list, "set").await;
            } else {
                self.observer.fits(list);
            }
        }
    }

    async fn delete(&self, key: &str, place: &RecordKey, stored: &ReplicaStatus, again: bool) -> Result<(), Failure> {
        if place.kind == RecordKind::Session {
            self.owners.remove(key, place);
        }
        if stored.version.exists() {
            if !self.store.delete_replica(place.kind, &place.user_id, &place.id, &stored.version).await? {
                return Err(Failure::Retryable("somebody else has written this record".to_owned()));
            }
            Observer::count(&self.observer.counters.deleted);
        } else if stored.lease_expires_at.is_some_and(|end| end > self.source.now().as_secs()) {
            self.store.end_lease(&place.user_id, &place.id).await?;
            Observer::count(&self.observer.counters.leases_ended);
        }
        if !stored.version.exists() && again && place.kind == RecordKind::Session {
            self.store.clear_left_parts(&place.user_id, &place.id).await?;
        }
        Ok(())
    }

    async fn write(
        &self,
        place: &RecordKey,
        text: Vec<u8>,
        original: &SourceFingerprint,
        stored: &StoredVersion,
    ) -> Result<Copied, Failure> {
        match place.kind {
            RecordKind::Agent => self.write_as::<AgentRecord>(text, original, stored).await,
            RecordKind::Team => self.write_as::<TeamRecord>(text, original, stored).await,
            RecordKind::Schedule => self.write_as::<ScheduleRecord>(text, original, stored).await,
            RecordKind::Session => self.write_as::<SessionRecord>(text, original, stored).await,
        }
    }

    async fn write_as<T: StoredRecord>(
        &self,
        text: Vec<u8>,
        original: &SourceFingerprint,
        stored: &StoredVersion,
    ) -> Result<Copied, Failure> {
        let record = match read::<T>(&text, self.store.release()) {
            Ok(record) => record,
            Err(invalid) => return Ok(Copied::Invalid(invalid)),
        };
        self.observer.note_unknown_values(T::RECORD_KIND, record.unknown_values());
        // A large text takes more memory than all that follows can spare.
        drop(text);
        match record.replicate(&self.store, original, stored).await {
            Ok(true) => Ok(Copied::Written),
            Ok(false) => Ok(Copied::Moved),
            Err(StoreError::ConstraintViolation(unfit)) => Ok(Copied::Invalid(Invalid::Problem(unfit.to_string()))),
            Err(error) => Err(error.into()),
        }
    }
}
