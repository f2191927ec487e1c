//! Writes of sessions.
//!
//! A session's state may lie in parts. A writer puts the parts first, under a new version. It
//! leaves a change mark with this version. Then it puts the head, which makes the parts current in
//! one step. Then it deletes the parts of older versions. A writer that dies between these steps
//! leaves the old state whole, and its parts are deleted by the next writer.
//!
//! No clock is trusted. A head is put on condition that the version that it replaces is still
//! stored, and each version is unique. A writer of parts for a session without a head first puts a
//! claim in place of the head, to have such a version. So after a head is deleted, no writer will
//! name the parts that exist before the next head.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use agentscope_model::SessionRecord;
use uuid::Uuid;

use crate::attributes::{EXPIRES_AT, ID, ITEM, LISTING, VERSION};
use crate::batch::BACKOFF;
use crate::change_mark::{marked_session, references, references_to_lists};
use crate::condition::Condition;
use crate::get::Consistency;
use crate::item::{Fields, Item, number, text};
use crate::lease::now;
use crate::session_items::SessionItems;
use crate::{
    ConstraintViolation, Difference, Marked, RecordKind, SourceFingerprint, Store, StoreError, StoredRecord,
    StoredVersion, keys,
};

/// The attempts of a write that other writers interfere with.
const ATTEMPTS: u32 = 8;

/// The life of a claim: far longer than a write takes.
const CLAIM: Duration = Duration::from_secs(24 * 3600);

impl StoredRecord for SessionRecord {
    const RECORD_KIND: RecordKind = RecordKind::Session;

    fn validate(&self) -> Result<(), ConstraintViolation> {
        SessionItems::new(self, &Uuid::nil().to_string(), None).map(drop)
    }

    async fn put(&self, store: &Store) -> Result<(), StoreError> {
        // DynamoDB rejects a read with ids that do not fit a key.
        self.validate()?;
        let current = store.session_version(&self.user_id, &self.id).await?;
        repeat_put(self, store, store.replace_session(self, None, current).await?).await
    }

    fn group(&self) -> (String, Vec<String>) {
        (self.user_id.clone(), references_to_lists(self, None))
    }

    async fn mark_all(store: &Store, sessions: &[Self]) -> Result<Vec<Marked>, StoreError> {
        let Some(first) = sessions.first() else { return Ok(Vec::new()) };
        let keys: Vec<_> = sessions.iter().map(|session| (&*session.user_id, &*session.id)).collect();
        let current = store.session_versions(&keys).await?;
        let at = Some(Instant::now());
        let marked =
            current.into_iter().map(|current| Marked { version: version_after(current.as_deref()), current, at });
        let marked: Vec<_> = marked.collect();
        let records =
            sessions.iter().zip(&marked).map(|(session, marked)| marked_session(session, None, &marked.version));
        let records: Vec<_> = records.collect();
        store.mark(RecordKind::Session, &first.user_id, &records, references_to_lists(first, None)).await?;
        Ok(marked)
    }

    async fn put_marked(&self, store: &Store, marked: Marked) -> Result<(), StoreError> {
        repeat_put(self, store, store.replace_marked(self, None, marked).await?).await
    }

    async fn replicate(
        &self,
        store: &Store,
        source: &SourceFingerprint,
        replaced: &StoredVersion,
    ) -> Result<bool, StoreError> {
        store.replace_session(self, Some(source), replaced.version.clone()).await
    }

    async fn compare(&self, store: &Store, source: &SourceFingerprint) -> Result<Option<Difference>, StoreError> {
        store.compare_session(self, source).await
    }
}

/// Repeats the put of a session until no other writer interferes. `is_written` is the outcome of
/// the first attempt.
async fn repeat_put(session: &SessionRecord, store: &Store, is_written: bool) -> Result<(), StoreError> {
    if is_written {
        return Ok(());
    }
    for attempt in 1..ATTEMPTS {
        BACKOFF.wait(attempt).await;
        let current = store.session_version(&session.user_id, &session.id).await?;
        if store.replace_session(session, None, current).await? {
            return Ok(());
        }
    }
    Err(StoreError::Contended(session.id.clone()))
}

impl Store {
    /// Writes a session on condition that the head of this version, or none, is still stored.
    /// Returns whether it was.
    async fn replace_session(
        &self,
        session: &SessionRecord,
        source: Option<&SourceFingerprint>,
        current: Option<String>,
    ) -> Result<bool, StoreError> {
        let version = version_after(current.as_deref());
        self.replace_marked(session, source, Marked { current, version, at: None }).await
    }

    /// Does the same with a given version, which a change mark may have announced.
    async fn replace_marked(
        &self,
        session: &SessionRecord,
        source: Option<&SourceFingerprint>,
        marked: Marked,
    ) -> Result<bool, StoreError> {
        let SessionRecord { user_id, id, .. } = session;
        let (mut current, version) = (marked.current.clone(), marked.version.clone());
        let SessionItems { head, parts } = SessionItems::new(session, &version, source)?;
        let part_keys = parts.iter().filter_map(|part| part.get(ITEM)?.as_s().ok().cloned()).collect();
        if current.is_none() && !parts.is_empty() {
            current = self.claim(user_id, id, None).await?;
            if current.is_none() {
                return Ok(false);
            }
        }
        // Large parts may take longer than a mark counts, so the mark comes after them.
        self.put_parts(parts).await?;
        if !marked.is_valid() {
            let mark = marked_session(session, source, &version);
            self.mark(RecordKind::Session, user_id, &[mark], references(session, source)).await?;
        }
        // The client sends a put again if its response was lost. The second put fails, because the
        // head of the first one is stored.
        if self.put_head(head, current.as_deref()).await?
            || self.session_version(user_id, id).await?.as_deref() == Some(version.as_str())
        {
            let is_left_behind = |head: Option<&str>, part: &str| head == Some(&version) && *part < *version;
            self.clear_parts(user_id, id, current.as_deref(), is_left_behind).await?;
            return Ok(true);
        }
        self.batch_delete(user_id, part_keys).await?;
        Ok(false)
    }

    /// Puts a claim in place of the current head, or where there is none, and returns its version.
    /// Returns `None` if another writer was faster.
    ///
    /// A claim is on no list, and readers ignore it. Scans find it.
    pub(crate) async fn claim(
        &self,
        user_id: &str,
        id: &str,
        current: Option<&str>,
    ) -> Result<Option<String>, StoreError> {
        let version = version_after(current);
        let mut claim = self.names.of(RecordKind::Session).key(user_id, keys::head(id));
        claim.insert(ID.into(), text(id));
        claim.insert(VERSION.into(), text(&version));
        claim.insert(LISTING.into(), text(keys::unlisted(id)));
        claim.insert(EXPIRES_AT.into(), number(now() + CLAIM.as_secs()));
        Ok(self.put_head(claim, current).await?.then_some(version))
    }

    /// Reads the version of a session's state, with strong consistency.
    pub(crate) async fn session_version(&self, user_id: &str, id: &str) -> Result<Option<String>, StoreError> {
        let table = self.names.of(RecordKind::Session);
        let head = self.get(table, user_id, &keys::head(id), &[VERSION], Consistency::Strong).await?;
        Ok(head.and_then(|head| head.get(VERSION)?.as_s().ok().cloned()))
    }

    /// Reads the versions of sessions of one user, with strong consistency, in the same order.
    async fn session_versions(&self, sessions: &[(&str, &str)]) -> Result<Vec<Option<String>>, StoreError> {
        let table = self.names.of(RecordKind::Session);
        let keys = sessions.iter().map(|(user_id, id)| table.key(user_id, keys::head(id))).collect();
        let mut versions = HashMap::new();
        for item in self.get_chunk(table, keys, &[VERSION], Consistency::Strong).await? {
            let mut fields = Fields::new(table, item);
            versions.insert(fields.text(ITEM)?, fields.optional_text(VERSION)?);
        }
        Ok(sessions.iter().map(|(_, id)| versions.remove(&keys::head(id)).flatten()).collect())
    }

    /// Puts a head if the one that it replaces is still stored.
    async fn put_head(&self, head: Item, current: Option<&str>) -> Result<bool, StoreError> {
        let condition = current.map_or(Condition::absent(VERSION), |version| Condition::equals(VERSION, text(version)));
        self.put_if(self.names.of(RecordKind::Session), head, condition).await
    }
}

/// A unique version for a state that is written now. It is later than the current version even if
/// the clock of the current version's writer was fast.
pub(crate) fn version_after(current: Option<&str>) -> String {
    /// The bits of a UUID of version 7 below its milliseconds: a counter and random bits.
    const BELOW_MILLISECONDS: u32 = 80;
    let now = Uuid::now_v7().as_u128();
    let current = current.and_then(|text| Uuid::parse_str(text).ok()).map_or(0, |current| current.as_u128());
    if now > current {
        return Uuid::from_u128(now).to_string();
    }
    let next_millisecond = ((current >> BELOW_MILLISECONDS) + 1) << BELOW_MILLISECONDS;
    let random = now & ((1 << BELOW_MILLISECONDS) - 1);
    Uuid::from_u128(next_millisecond | random).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_later_than_the_one_it_replaces_and_comes_once() {
        for current in
            [None, Some("00000000-0000-7000-8000-000000000000"), Some("7fffffff-ffff-7fff-bfff-ffffffffffff")]
        {
            let [one, other] = [version_after(current), version_after(current)];
            assert!(Some(one.as_str()) > current && Some(other.as_str()) > current, "{one} {other}");
            assert_ne!(one, other);
            assert_eq!(Uuid::parse_str(&one).unwrap().get_version_num(), 7);
        }
    }
}
