//! Reads of sessions: heads, and the parts of their states.

use std::collections::HashMap;

use agentscope_model::Release;
use futures::try_join;

use crate::attributes::{BULK, DATA, EXPIRES_AT, ID, ITEM, VERSION};
use crate::batch::{BACKOFF, Batch, GET_LIMIT, distinct};
use crate::get::Consistency;
use crate::item::{Fields, Item};
use crate::read_limit::SizeOfHeads;
use crate::session_head::{AGENT_OF_SESSION, SUMMARY, agent_id_of};
use crate::tables::TableRef;
use crate::{Changes, Detail, RecordKind, SessionHead, Store, StoreError, StoredSession, bulk, keys};

/// The attempts to read a session whose head changes while its parts are read.
const ATTEMPTS: u32 = 6;

/// The limit, in bytes, of the states that are unpacked for summaries of sessions whose JSON lies
/// with the bulk.
const MAX_UNPACKED: usize = 256 << 20;

/// The parts in one BatchGetItem: a response has up to 16 MB, and a part up to 0.4 MB.
const PARTS_PER_REQUEST: usize = 40;

impl Store {
    /// Reads the heads of these sessions, each given by its id and the version that its row has, by
    /// id; for a summary without their bulk. A head that an eventually consistent read does not
    /// find, or finds in an older version, is read again with strong consistency. The result lacks
    /// deleted sessions. Reading stops, in the order of the ids, at the limit.
    pub(crate) async fn heads(
        &self,
        user_id: &str,
        sessions: Vec<(String, String)>,
        detail: Detail,
        size: &SizeOfHeads,
    ) -> Result<HashMap<String, SessionHead>, StoreError> {
        let (ids, versions): (Vec<_>, Vec<_>) = sessions.into_iter().unzip();
        let mut heads = self.some_heads(user_id, &ids, detail, Consistency::Eventual, size).await?;
        let is_outdated = |id: &String, version: &String| heads.get(id).is_none_or(|head| head.version < *version);
        let outdated = ids.into_iter().zip(versions).filter(|(id, version)| is_outdated(id, version));
        let outdated: Vec<_> = outdated.map(|(id, _)| id).collect();
        if !outdated.is_empty() && !size.is_exceeded() {
            for id in &outdated {
                heads.remove(id);
            }
            heads.extend(self.some_heads(user_id, &outdated, detail, Consistency::Strong, size).await?);
        }
        Ok(heads)
    }

    /// Reads the heads of these sessions up to the request that exceeds the limit.
    pub(crate) async fn some_heads(
        &self,
        user_id: &str,
        ids: &[String],
        detail: Detail,
        consistency: Consistency,
        size: &SizeOfHeads,
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
            size.add(&head);
            let bytes = head.json_size();
            heads.insert(head.id.clone(), head);
            if size.is_exceeded() { Err(StoreError::ExceedsLimit(bytes)) } else { Ok(None) }
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
        changes: &Changes,
    ) -> Result<HashMap<String, String>, StoreError> {
        let mut agents = self.agents_of(user_id, &ids, Consistency::Eventual).await?;
        let version = |id: &str| agents.get(id).map_or("", |(version, _)| version.as_str());
        let outdated: Vec<_> = ids.into_iter().filter(|id| changes.is_outdated(id, version(id))).collect();
        if !outdated.is_empty() {
            for id in &outdated {
                agents.remove(id);
            }
            agents.extend(self.agents_of(user_id, &outdated, Consistency::Strong).await?);
        }
        Ok(agents.into_iter().map(|(id, (_, agent_id))| (id, agent_id)).collect())
    }

    /// Reads the versions and the agents of these sessions, by session.
    async fn agents_of(
        &self,
        user_id: &str,
        ids: &[String],
        consistency: Consistency,
    ) -> Result<HashMap<String, (String, String)>, StoreError> {
        let table = self.names.of(RecordKind::Session);
        let keys = ids.iter().map(|id| keys::head(id));
        self.session_items(user_id, keys, &AGENT_OF_SESSION, consistency, |item| {
            if item.contains_key(EXPIRES_AT) {
                return Ok(None);
            }
            let mut fields = Fields::new(table, item);
            Ok(Some((fields.text(ID)?, (fields.text(VERSION)?, agent_id_of(&mut fields)?))))
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
            Detail::Summary => self.without_states(user_id, heads, most_bytes).await,
        }
    }

    /// Reads the items of heads whose JSON is not in their rows, and the parts of those whose JSON
    /// lies with the bulk.
    async fn without_states(
        &self,
        user_id: &str,
        heads: Vec<SessionHead>,
        most_bytes: usize,
    ) -> Result<HashMap<String, StoredSession>, StoreError> {
        let table = &self.names.sessions;
        let mut sessions = HashMap::with_capacity(heads.len());
        let (mut unread, mut large) = (Vec::new(), Vec::new());
        let mut sort = |head: SessionHead, unread: &mut Vec<_>| {
            if head.needs_item() {
                unread.push((head.id, head.version));
            } else if head.needs_bulk() {
                large.push((head.id, head.version));
            } else {
                sessions.insert(head.id.clone(), StoredSession::summary(table, head));
            }
        };
        heads.into_iter().for_each(|head| sort(head, &mut unread));
        if !unread.is_empty() {
            let size = SizeOfHeads::new(most_bytes);
            let heads = self.heads(user_id, unread, Detail::Summary, &size).await?;
            size.check()?;
            heads.into_values().for_each(|head| sort(head, &mut Vec::new()));
        }
        if !large.is_empty() {
            let heads = self.heads(user_id, large, Detail::Full, &SizeOfHeads::new(MAX_UNPACKED)).await?;
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
        let (unread, heads): (Vec<_>, Vec<_>) = heads.into_iter().partition(SessionHead::needs_item);
        let (inline, heads): (Vec<_>, Vec<_>) = heads.into_iter().partition(SessionHead::needs_inline_bulk);
        let unread: Vec<_> = unread.into_iter().map(|head| (head.id, head.version)).collect();
        let keys = heads.iter().flat_map(SessionHead::part_keys).collect();
        let size = SizeOfHeads::new(most_bytes);
        let (mut parts, mut bulks, unread) = try_join!(
            self.parts(user_id, keys, Consistency::Eventual),
            self.inline_bulks(user_id, &inline, most_bytes),
            self.heads(user_id, unread, Detail::Full, &size)
        )?;
        size.check()?;
        let more_keys: Vec<_> = unread.values().flat_map(SessionHead::part_keys).collect();
        parts.extend(self.parts(user_id, more_keys, Consistency::Eventual).await?);
        let mut sessions = HashMap::with_capacity(inline.len() + heads.len() + unread.len());
        let table = &self.names.sessions;
        let mut renewed = Vec::new();
        for head in inline {
            let id = head.id.clone();
            match bulks.remove(&id).map(|packed| head.with_inline_bulk(packed)) {
                Some(Ok(head)) => drop(sessions.insert(id, StoredSession::full(table, head, Vec::new()))),
                Some(Err(problem)) => return Err(unreadable(table, user_id, &id, problem)),
                None => renewed.push(id),
            }
        }
        for head in heads.into_iter().chain(unread.into_values()) {
            let id = head.id.clone();
            match joined(&head, &mut parts) {
                Some(packed) => drop(sessions.insert(id, StoredSession::full(table, head, packed))),
                None => renewed.push(id),
            }
        }
        for id in renewed {
            if let Some(session) = self.session_anew(user_id, &id, most_bytes).await? {
                sessions.insert(id, session);
            }
        }
        Ok(sessions)
    }

    /// Reads the bulks that lie in the items of these heads, by session. The result lacks those
    /// whose heads have another version by now.
    async fn inline_bulks(
        &self,
        user_id: &str,
        heads: &[SessionHead],
        most_bytes: usize,
    ) -> Result<HashMap<String, Vec<u8>>, StoreError> {
        let table = self.names.of(RecordKind::Session);
        let rows: HashMap<String, &SessionHead> = heads.iter().map(|head| (keys::head(&head.id), head)).collect();
        let keys: Vec<_> = heads.iter().map(|head| keys::head(&head.id)).collect();
        let mut bytes = 0_usize;
        self.session_items(user_id, keys.into_iter(), &[VERSION, BULK], Consistency::Eventual, |item| {
            let mut fields = Fields::new(table, item);
            let row = rows.get(&fields.text(ITEM)?).filter(|row| fields.get_text(VERSION) == Some(&row.version));
            let (Some(row), Some(packed)) = (row, fields.optional_bytes(BULK)?) else { return Ok(None) };
            // Earlier versions did not store the size of bulk in the head.
            if row.bulk_size() == 0 {
                bytes = bytes.saturating_add(bulk::unpacked_size(&packed).unwrap_or(0));
            }
            if bytes > most_bytes {
                return Err(StoreError::ExceedsLimit(bytes));
            }
            Ok(Some((row.id.clone(), packed)))
        })
        .await
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
    /// same version. The session was written in the meantime, or an earlier read was too early to
    /// find all its items.
    async fn session_anew(
        &self,
        user_id: &str,
        id: &str,
        most_bytes: usize,
    ) -> Result<Option<StoredSession>, StoreError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                BACKOFF.wait(attempt).await;
            }
            let (ids, size) = ([id.to_owned()], SizeOfHeads::new(usize::MAX));
            let heads = self.some_heads(user_id, &ids, Detail::Full, Consistency::Strong, &size).await?;
            let Some(head) = heads.into_values().next() else { return Ok(None) };
            if head.json_size() > most_bytes {
                return Err(StoreError::ExceedsLimit(head.json_size()));
            }
            let mut parts = self.parts(user_id, head.part_keys().collect(), Consistency::Strong).await?;
            if let Some(packed) = joined(&head, &mut parts) {
                return Ok(Some(StoredSession::full(&self.names.sessions, head, packed)));
            }
        }
        Err(unreadable(&self.names.sessions, user_id, id, "a part of its state is missing"))
    }
}

fn unreadable(table: &str, user_id: &str, id: &str, problem: &str) -> StoreError {
    StoreError::Unreadable {
        table: table.to_owned(),
        user_id: user_id.to_owned(),
        key: keys::head(id),
        problem: problem.to_owned(),
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
