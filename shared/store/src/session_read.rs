//! Reads of sessions: heads, and the parts of their states.

use std::cell::Cell;
use std::collections::HashMap;

use agentscope_model::Release;

use crate::attributes::{DATA, EXPIRES_AT, ID, ITEM};
use crate::batch::{BACKOFF, Batch, GET_LIMIT, distinct};
use crate::get::Consistency;
use crate::item::{Fields, Item};
use crate::session_head::{AGENT_OF_SESSION, SUMMARY, agent_id_of};
use crate::tables::TableRef;
use crate::{Detail, RecordKind, SessionHead, Store, StoreError, StoredSession, keys};

/// The attempts to read a session whose head changes while its parts are read.
const ATTEMPTS: u32 = 6;

/// The bytes of outlines that are read even of a list that is too large, so that the error can name
/// what would fit.
const MIN_OUTLINES: usize = 2 << 20;

/// The limit, in bytes, of the states that are unpacked for summaries of sessions whose JSON lies
/// with the bulk.
const MAX_UNPACKED: usize = 256 << 20;

/// The parts in one BatchGetItem: a response has up to 16 MB, and a part up to 0.4 MB.
const PARTS_PER_REQUEST: usize = 40;

impl Store {
    /// Reads the heads of these sessions, by id; for a summary without their bulk. The result
    /// lacks deleted sessions: a head that an eventually consistent read does not find is read
    /// again with strong consistency.
    ///
    /// Reading stops, in the order of the ids, when the sessions have more than `most_bytes` of
    /// JSON and the heads that were read suffice to tell how many sessions would fit.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a head is unreadable.
    pub async fn heads(
        &self,
        user_id: &str,
        ids: Vec<String>,
        detail: Detail,
        most_bytes: usize,
    ) -> Result<HashMap<String, SessionHead>, StoreError> {
        let (bytes, outlines, goes_on) = (Cell::new(0_usize), Cell::new(0), Cell::new(true));
        let count = |head: &SessionHead| {
            bytes.set(bytes.get().saturating_add(head.json_size()));
            outlines.set(outlines.get() + head.outline_size());
            goes_on.set(bytes.get() <= most_bytes || outlines.get() <= MIN_OUTLINES);
            goes_on.get()
        };
        let mut heads = self.some_heads(user_id, &ids, detail, Consistency::Eventual, count).await?;
        let missing: Vec<_> = ids.into_iter().filter(|id| !heads.contains_key(id)).collect();
        if !missing.is_empty() && goes_on.get() {
            heads.extend(self.some_heads(user_id, &missing, detail, Consistency::Strong, count).await?);
        }
        Ok(heads)
    }

    /// Reads the heads of these sessions up to the request with one for which `goes_on` returns
    /// false.
    async fn some_heads(
        &self,
        user_id: &str,
        ids: &[String],
        detail: Detail,
        consistency: Consistency,
        goes_on: impl Fn(&SessionHead) -> bool,
    ) -> Result<HashMap<String, SessionHead>, StoreError> {
        let (attributes, head): (&'static [_], fn(TableRef<'_>, Release, Item) -> _) = match detail {
            Detail::Full => (&[], SessionHead::from_item),
            Detail::Summary => (&SUMMARY, SessionHead::from_summary_item),
        };
        let table = self.names.of(RecordKind::Session);
        let keys = ids.iter().map(|id| keys::head(id));
        let mut heads = HashMap::with_capacity(ids.len());
        let read = self.session_items::<()>(user_id, keys, attributes, consistency, |item| {
            // The claim of a writer expires. A head does not.
            if item.contains_key(EXPIRES_AT) {
                return Ok(None);
            }
            let head = head(table, self.release, item)?;
            let goes_on = goes_on(&head);
            let size = head.json_size();
            heads.insert(head.id.clone(), head);
            if goes_on { Ok(None) } else { Err(StoreError::ExceedsLimit(size)) }
        });
        match read.await {
            Ok(_) | Err(StoreError::ExceedsLimit(_)) => Ok(heads),
            Err(error) => Err(error),
        }
    }

    /// Reads the agents of these sessions, by session.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a head is unreadable.
    pub async fn agents_of_sessions(
        &self,
        user_id: &str,
        ids: Vec<String>,
    ) -> Result<HashMap<String, String>, StoreError> {
        let table = self.names.of(RecordKind::Session);
        let keys = ids.iter().map(|id| keys::head(id));
        self.session_items(user_id, keys, &AGENT_OF_SESSION, Consistency::Eventual, |item| {
            if item.contains_key(EXPIRES_AT) {
                return Ok(None);
            }
            let mut fields = Fields::new(table, item);
            Ok(Some((fields.text(ID)?, agent_id_of(&mut fields)?)))
        })
        .await
    }

    async fn session_items<T>(
        &self,
        user_id: &str,
        keys: impl Iterator<Item = String>,
        attributes: &'static [&'static str],
        consistency: Consistency,
        read: impl FnMut(Item) -> Result<Option<(String, T)>, StoreError>,
    ) -> Result<HashMap<String, T>, StoreError> {
        let batch = Batch {
            table: self.names.of(RecordKind::Session),
            user_id,
            keys: distinct(keys.filter(|key| keys::can_exist(user_id, key))),
            attributes,
            consistency,
            per_request: GET_LIMIT,
        };
        self.batch_get(batch, read).await
    }

    /// Reads the sessions of these heads, by id. The heads must have been read with the same
    /// detail. The result lacks sessions that are deleted in the meantime.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, a state is unreadable, or a session that grows in the meantime
    /// has more than `most_bytes` of JSON.
    pub async fn states(
        &self,
        user_id: &str,
        heads: Vec<SessionHead>,
        detail: Detail,
        most_bytes: usize,
    ) -> Result<HashMap<String, StoredSession>, StoreError> {
        match detail {
            Detail::Full => self.with_states(user_id, heads, most_bytes).await,
            Detail::Summary => self.without_states(user_id, heads).await,
        }
    }

    /// Reads parts only for heads whose JSON lies with the bulk.
    async fn without_states(
        &self,
        user_id: &str,
        heads: Vec<SessionHead>,
    ) -> Result<HashMap<String, StoredSession>, StoreError> {
        let table = &self.names.sessions;
        let (large, whole): (Vec<_>, Vec<_>) = heads.into_iter().partition(SessionHead::needs_bulk);
        let mut sessions: HashMap<_, _> =
            whole.into_iter().map(|head| (head.id.clone(), StoredSession::summary(table, head))).collect();
        if !large.is_empty() {
            let ids = large.into_iter().map(|head| head.id).collect();
            let heads = self.heads(user_id, ids, Detail::Full, MAX_UNPACKED).await?;
            let size = heads.values().map(SessionHead::json_size).fold(0, usize::saturating_add);
            if size > MAX_UNPACKED {
                return Err(StoreError::ExceedsLimit(size));
            }
            let large = self.with_states(user_id, heads.into_values().collect(), MAX_UNPACKED).await?;
            for (id, session) in large {
                sessions.insert(id, session.into_summary()?);
            }
        }
        Ok(sessions)
    }

    async fn with_states(
        &self,
        user_id: &str,
        heads: Vec<SessionHead>,
        most_bytes: usize,
    ) -> Result<HashMap<String, StoredSession>, StoreError> {
        let keys = heads.iter().flat_map(SessionHead::part_keys).collect();
        let mut parts = self.parts(user_id, keys, Consistency::Eventual).await?;
        let mut sessions = HashMap::with_capacity(heads.len());
        for head in heads {
            let session = match joined(&head, &mut parts) {
                Some(packed) => Some(StoredSession::full(&self.names.sessions, head, packed)),
                None => self.session_anew(user_id, &head, most_bytes).await?,
            };
            if let Some(session) = session {
                sessions.insert(session.head.id.clone(), session);
            }
        }
        Ok(sessions)
    }

    async fn parts(
        &self,
        user_id: &str,
        keys: Vec<String>,
        consistency: Consistency,
    ) -> Result<HashMap<String, Vec<u8>>, StoreError> {
        let table = self.names.of(RecordKind::Session);
        let batch = Batch { table, user_id, keys, attributes: &[], consistency, per_request: PARTS_PER_REQUEST };
        self.batch_get(batch, |item| {
            let mut fields = Fields::new(table, item);
            let data = fields.optional_bytes(DATA)?.ok_or_else(|| fields.unreadable("data is missing"))?;
            Ok(Some((fields.text(ITEM)?, data)))
        })
        .await
    }

    /// Reads a session again, with strong consistency, until its head and its parts are of the
    /// same version. A part was missing: the session was written in the meantime, or the read was
    /// too early to find all parts.
    async fn session_anew(
        &self,
        user_id: &str,
        head: &SessionHead,
        most_bytes: usize,
    ) -> Result<Option<StoredSession>, StoreError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                BACKOFF.wait(attempt).await;
            }
            let ids = std::slice::from_ref(&head.id);
            let heads = self.some_heads(user_id, ids, Detail::Full, Consistency::Strong, |_| true).await?;
            let Some(head) = heads.into_values().next() else { return Ok(None) };
            if head.json_size() > most_bytes {
                return Err(StoreError::ExceedsLimit(head.json_size()));
            }
            let mut parts = self.parts(user_id, head.part_keys().collect(), Consistency::Strong).await?;
            if let Some(packed) = joined(&head, &mut parts) {
                return Ok(Some(StoredSession::full(&self.names.sessions, head, packed)));
            }
        }
        Err(StoreError::Unreadable {
            table: self.names.sessions.clone(),
            user_id: user_id.to_owned(),
            key: keys::head(&head.id),
            problem: "a part of its state is missing".into(),
        })
    }
}

/// The compressed bulk of a head, from its parts; `None` if a part is missing.
fn joined(head: &SessionHead, parts: &mut HashMap<String, Vec<u8>>) -> Option<Vec<u8>> {
    let mut part_keys = head.part_keys();
    let Some(first) = part_keys.next() else { return Some(Vec::new()) };
    let mut packed = parts.remove(&first)?;
    for key in part_keys {
        packed.extend(parts.remove(&key)?);
    }
    Some(packed)
}
