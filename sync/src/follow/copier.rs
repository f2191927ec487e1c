//! One record: its copy made to be what the record is.

use std::time::Duration;

use agentscope_shared::model::{AgentRecord, ScheduleRecord, SessionRecord, TeamRecord};
use agentscope_shared::store::{Held, Original, RecordKind, Store, StoreError};
use futures::future::try_join_all;
use redis::RedisError;

use super::latecomers::Latecomers;
use super::owners::SessionOwners;
use super::work::Work;
use crate::observe::{Observer, Phase};
use crate::original::{Copied, Invalid, content_hash, identity, read};
use crate::record::Record;
use crate::source::read::{Identity, Lock, SessionFacts, now};
use crate::source::{Place, Source};

/// Who holds the leases of sessions whose locks are held.
pub const HOLDER: &str = "agentscope-sync redis";

/// How many seconds longer than its lock a lease is held. The same lock is not reckoned to end in the same second every time,
/// and a lease that is too short would end while its session runs; one that is too long is ended with the lock.
const MARGIN: u64 = 1;
/// How much longer it may be without being moved.
const TOLERANCE: u64 = 3;

/// Why a record was not brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It may succeed later.
    #[error("{0}")]
    Later(String),
    /// DynamoDB refuses the request: a table is missing, or a permission.
    #[error("{0}")]
    Refused(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(_) => Self::Refused(error.to_string()),
            _ => Self::Later(error.to_string()),
        }
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::Later(format!("Redis: {error}"))
    }
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
    pub latecomers: Latecomers,
    /// How long a session counts as running, from when it is seen to, whose lock has no end.
    pub endless_lease: Duration,
}

impl Copier {
    /// A copier that has seen nothing yet. Everything is compared `every` so often.
    ///
    /// # Errors
    ///
    /// There is no memory.
    pub fn new(store: Store, source: Source, every: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            store,
            source,
            observer: Observer::new()?,
            owners: SessionOwners::default(),
            latecomers: Latecomers::default(),
            // As long as AgentScope's own locks, or until it has been looked at twice more.
            endless_lease: Duration::from_secs(600).max(every * 3),
        })
    }

    /// Looks at what there is to look at under a key.
    ///
    /// # Errors
    ///
    /// Redis or DynamoDB does not answer, or somebody else has written in between.
    pub async fn work(&self, key: &str, work: &Work) -> Result<(), Failure> {
        match &work.lock {
            _ if work.record || work.rewrite || work.again => self.copy(key, work.rewrite, work.again).await,
            Some(place) => self.copy_lock(key, place).await,
            None => Ok(()),
        }
    }

    /// `again` after an attempt that may have ended in its middle: what it has left over is cleared away as well.
    async fn copy(&self, key: &str, rewrite: bool, again: bool) -> Result<(), Failure> {
        let places = self.source.keys().places(key);
        // First what is held, then the original: see `agentscope_shared::store::copy`.
        let held = try_join_all(places.iter().map(async |place| {
            let held = self.store.held_of(place.kind, &[(&place.user_id, &place.id)], true).await?;
            Ok::<_, StoreError>(held.into_iter().next().unwrap_or_default())
        }));
        let held = held.await?;
        let text = match self.source.text(key).await {
            Ok(text) => text,
            // The name of a key may look like a record's by chance. What is in it is none.
            Err(error) if error.code() == Some("WRONGTYPE") => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let Some(text) = text else {
            for (place, (held, lease)) in places.iter().zip(&held) {
                self.delete(key, place, held, *lease, again).await?;
            }
            self.observer.fits(key);
            return Ok(());
        };
        Observer::count(&self.observer.counters.reads);
        let (identity, index) = match identity(&text).and_then(|identity| {
            let index = identity.index_among(&places)?;
            Ok((identity, index))
        }) {
            Ok(found) => found,
            Err(problem) => {
                self.observer.skip(key, &problem);
                return Ok(());
            }
        };
        for (number, (place, (held, lease))) in places.iter().zip(&held).enumerate() {
            if number != index {
                self.delete(key, place, held, *lease, again).await?;
            }
        }
        let (place, (held, lease)) = (&places[index], &held[index]);
        let facts = match place.kind {
            RecordKind::Session => Some(self.facts(key, place, &identity).await?),
            RecordKind::Agent | RecordKind::Team | RecordKind::Schedule => None,
        };
        let original = content_hash(self.store.release(), place.kind, facts.as_ref(), &text);
        let mut is_there = held.is_there();
        if held.is_copy_of(&original.content_hash) && !rewrite {
            self.observer.fits(key);
            Observer::count(&self.observer.counters.unchanged);
            if again && place.kind == RecordKind::Session {
                self.store.clear_left_parts(&place.user_id, &place.id).await?;
            }
        } else {
            match self.write(place, &text, &original, held).await? {
                Copied::Written => {
                    self.observer.fits(key);
                    Observer::count(&self.observer.counters.written);
                    if place.kind == RecordKind::Session && self.observer.phase() == Phase::Following {
                        self.observer.session_changed();
                    }
                    is_there = true;
                }
                Copied::Invalid(Invalid::Problem(problem)) => self.observer.skip(key, &problem),
                Copied::Invalid(Invalid::LaterRelease(later)) => self.observer.note_later_release(later),
                Copied::Moved => return Err(Failure::Later("somebody else has written this record".to_owned())),
            }
        }
        match facts {
            Some(facts) if is_there => self.set_lease(place, facts.lock, *lease).await,
            _ => Ok(()),
        }
    }

    /// What Redis knows of a session besides its record. If it is not on its lists, it is waited for there.
    async fn facts(&self, key: &str, place: &Place, identity: &Identity) -> Result<SessionFacts, Failure> {
        self.owners.add(key, place);
        let [agent_list, schedule_list] = self.source.lists_of(identity);
        for list in [&agent_list, &schedule_list].into_iter().flatten() {
            // Before it is looked for: it may be put there a moment after.
            self.latecomers.await_on(list.clone(), key);
        }
        let facts = self.source.session_facts(&[identity]).await?;
        let facts = facts.into_iter().next().ok_or_else(|| Failure::Later("Redis gave no answer".to_owned()))?;
        for (list, is_on) in [(agent_list, facts.is_on_agent_list), (schedule_list, facts.is_on_schedule_list)] {
            if let Some(list) = list.filter(|_| is_on) {
                self.latecomers.forget(&list, key);
            }
        }
        Ok(facts)
    }

    async fn delete(
        &self,
        key: &str,
        place: &Place,
        held: &Held,
        lease: Option<u64>,
        again: bool,
    ) -> Result<(), Failure> {
        if place.kind == RecordKind::Session {
            self.owners.remove(key, place);
        }
        if held.is_there() {
            if !self.store.delete_copy(place.kind, &place.user_id, &place.id, held).await? {
                return Err(Failure::Later("somebody else has written this record".to_owned()));
            }
            Observer::count(&self.observer.counters.deleted);
        } else if lease.is_some_and(|end| end > now().as_secs()) {
            self.store.end_lease(&place.user_id, &place.id).await?;
            Observer::count(&self.observer.counters.leases_ended);
        }
        if !held.is_there() && again && place.kind == RecordKind::Session {
            self.store.clear_left_parts(&place.user_id, &place.id).await?;
        }
        Ok(())
    }

    async fn write(&self, place: &Place, text: &[u8], original: &Original, held: &Held) -> Result<Copied, Failure> {
        match place.kind {
            RecordKind::Agent => self.write_as::<AgentRecord>(place.kind, text, original, held).await,
            RecordKind::Team => self.write_as::<TeamRecord>(place.kind, text, original, held).await,
            RecordKind::Schedule => self.write_as::<ScheduleRecord>(place.kind, text, original, held).await,
            RecordKind::Session => self.write_as::<SessionRecord>(place.kind, text, original, held).await,
        }
    }

    async fn write_as<T: Record + Sync>(
        &self,
        kind: RecordKind,
        text: &[u8],
        original: &Original,
        held: &Held,
    ) -> Result<Copied, Failure> {
        let record = match read::<T>(text, self.store.release()) {
            Ok(record) => record,
            Err(invalid) => return Ok(Copied::Invalid(invalid)),
        };
        self.observer.note_unknown_values(kind, record.unknown_values());
        match record.copy(&self.store, original, held).await {
            Ok(true) => Ok(Copied::Written),
            Ok(false) => Ok(Copied::Moved),
            Err(StoreError::Unfit(unfit)) => Ok(Copied::Invalid(Invalid::Problem(unfit.to_string()))),
            Err(error) => Err(error.into()),
        }
    }

    async fn copy_lock(&self, key: &str, place: &Place) -> Result<(), Failure> {
        let held = self.store.held_of(place.kind, &[(&place.user_id, &place.id)], true).await?;
        let Some((held, lease)) = held.into_iter().next() else { return Ok(()) };
        // Without a record, or a copy of it, there is no session that could run: it is looked at when there is.
        match self.source.lock(key, &place.id).await? {
            Some(lock) if held.is_there() => self.set_lease(place, lock, lease).await,
            _ => self.copy(key, false, false).await,
        }
    }

    async fn set_lease(&self, place: &Place, lock: Lock, held: Option<u64>) -> Result<(), Failure> {
        let Place { user_id, id, .. } = place;
        if lock != Lock::Free {
            self.observer.saw_lock();
        }
        match self.lease_end(lock) {
            None if held.is_some_and(|end| end > now().as_secs()) => {
                self.store.end_lease(user_id, id).await?;
                Observer::count(&self.observer.counters.leases_ended);
            }
            Some(end) if self.is_behind(lock, end, held) => {
                self.store.set_lease(user_id, id, HOLDER, end + MARGIN).await?;
                Observer::count(&self.observer.counters.leases_set);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the lease of a session that is held until then, in seconds since 1970, has to be written for its lock.
    pub fn is_lease_behind(&self, lock: Lock, held: Option<u64>) -> bool {
        match self.lease_end(lock) {
            None => held.is_some_and(|end| end > now().as_secs()),
            Some(end) => self.is_behind(lock, end, held),
        }
    }

    fn is_behind(&self, lock: Lock, end: u64, held: Option<u64>) -> bool {
        // Half of one without an end is left before it is set again, as AgentScope itself does with its locks.
        match lock {
            Lock::HeldForever => held.is_none_or(|held| held < end - self.endless_lease.as_secs() / 2),
            Lock::HeldUntil(_) | Lock::Free => held.is_none_or(|held| held < end || held > end + TOLERANCE),
        }
    }

    /// When the lease of a session ends whose lock is held, in seconds since 1970: never before the lock does.
    fn lease_end(&self, lock: Lock) -> Option<u64> {
        let end = match lock {
            Lock::Free => return None,
            Lock::HeldUntil(end) => end,
            Lock::HeldForever => now() + self.endless_lease,
        };
        Some(end.as_secs() + u64::from(end.subsec_nanos() > 0))
    }
}
