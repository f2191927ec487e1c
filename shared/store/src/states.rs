//! Reads of the states of sessions: the bulk in heads, and the parts.

use std::collections::HashMap;

use futures::try_join;

use crate::attributes::{BULK, DATA, ITEM, VERSION};
use crate::batch::{BACKOFF, Batch};
use crate::get::Consistency;
use crate::item::Fields;
use crate::read_limit::SizeOfHeads;
use crate::{Detail, RecordKind, SessionHead, Store, StoreError, StoredSession, bulk, keys};

/// The attempts to read a session whose head changes while its parts are read.
const ATTEMPTS: u32 = 6;

/// The limit, in bytes, of the states that are unpacked for summaries of sessions whose JSON lies
/// with the bulk.
const MAX_UNPACKED: usize = 256 << 20;

/// The parts in one BatchGetItem: a response has up to 16 MB, and a part up to 0.4 MB.
const PARTS_PER_REQUEST: usize = 40;

impl Store {
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
