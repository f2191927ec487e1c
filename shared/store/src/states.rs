//! Reading sessions: heads, and the parts of their states.

use std::cell::Cell;
use std::collections::HashMap;

use agentscope_model::Release;

use crate::batch::{Batch, GET_LIMIT, wait};
use crate::item::{Fields, Item};
use crate::read::distinct;
use crate::session_head::{AGENT_OF_SESSION, SUMMARY, agent_id_of};
use crate::tables::EXPIRES_AT;
use crate::{Detail, SessionHead, Store, StoreError, StoredSession, keys};

/// How often a head is followed that moves on while its parts are read.
const FOLLOWED: u32 = 6;

/// The bytes of heads that are read of a list that is known to be too large.
const ENOUGH: usize = 2 << 20;

/// The most bytes of states that are unpacked for summaries, because the rest of their sessions lies with them.
const MOST_UNPACKED: usize = 256 << 20;

/// Parts in one BatchGetItem: an response holds 16 MB at the most, and a part 0.4.
const PARTS_PER_REQUEST: usize = 40;

impl Store {
    /// The heads of these sessions, by id; for a summary without their bulk. Sessions that are gone are not among them:
    /// before a head counts as gone it is looked for once more, consistently.
    ///
    /// Reading stops, in the order of the ids, when the sessions have more than `most_bytes` of JSON, and there are enough of
    /// them to see how many would fit.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a head cannot be read.
    pub async fn heads(
        &self,
        user_id: &str,
        ids: Vec<String>,
        view: Detail,
        most_bytes: usize,
    ) -> Result<HashMap<String, SessionHead>, StoreError> {
        let (bytes, outlines, goes_on) = (Cell::new(0_usize), Cell::new(0), Cell::new(true));
        let count = |head: &SessionHead| {
            bytes.set(bytes.get().saturating_add(head.json_size()));
            outlines.set(outlines.get() + head.outline_size());
            goes_on.set(bytes.get() <= most_bytes || outlines.get() <= ENOUGH);
            goes_on.get()
        };
        let mut heads = self.some_heads(user_id, &ids, view, false, count).await?;
        let missing: Vec<_> = ids.into_iter().filter(|id| !heads.contains_key(id)).collect();
        if !missing.is_empty() && goes_on.get() {
            heads.extend(self.some_heads(user_id, &missing, view, true, count).await?);
        }
        Ok(heads)
    }

    /// The heads of these sessions up to the one after which `goes_on` is false.
    async fn some_heads(
        &self,
        user_id: &str,
        ids: &[String],
        view: Detail,
        consistent: bool,
        goes_on: impl Fn(&SessionHead) -> bool,
    ) -> Result<HashMap<String, SessionHead>, StoreError> {
        let (attributes, head): (&'static [_], fn(&str, Release, Item) -> _) = match view {
            Detail::Full => (&[], SessionHead::from_item),
            Detail::Summary => (&SUMMARY, SessionHead::from_summary_item),
        };
        let keys = ids.iter().map(|id| keys::head(id));
        let mut heads = HashMap::with_capacity(ids.len());
        let read = self.session_items::<()>(user_id, keys, attributes, consistent, |item| {
            // What expires is no head but the claim of a writer that has yet to put one.
            if item.contains_key(EXPIRES_AT) {
                return Ok(None);
            }
            let head = head(&self.names.sessions, self.release, item)?;
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

    /// The agents of these sessions, by session.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a head cannot be read.
    pub async fn agents_of_sessions(
        &self,
        user_id: &str,
        ids: Vec<String>,
    ) -> Result<HashMap<String, String>, StoreError> {
        let keys = ids.iter().map(|id| keys::head(id));
        self.session_items(user_id, keys, &AGENT_OF_SESSION, false, |item| {
            if item.contains_key(EXPIRES_AT) {
                return Ok(None);
            }
            let mut fields = Fields::new(&self.names.sessions, "item", item);
            Ok(Some((fields.text("id")?, agent_id_of(&mut fields)?)))
        })
        .await
    }

    async fn session_items<T>(
        &self,
        user_id: &str,
        keys: impl Iterator<Item = String>,
        attributes: &'static [&'static str],
        consistent: bool,
        read: impl FnMut(Item) -> Result<Option<(String, T)>, StoreError>,
    ) -> Result<HashMap<String, T>, StoreError> {
        let batch = Batch {
            table: &self.names.sessions,
            sort: "item",
            user_id,
            keys: distinct(keys.filter(|key| keys::can_exist(user_id, key))),
            attributes,
            consistent,
            per_request: GET_LIMIT,
        };
        self.batch_get(batch, read).await
    }

    /// The sessions of these heads, by id: with their whole states, or without the bulk of them. Heads must have been read
    /// for the same view. A session that is deleted meanwhile is left out.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, a state cannot be read, or a session that has grown meanwhile has more than `most_bytes` of JSON.
    pub async fn states(
        &self,
        user_id: &str,
        heads: Vec<SessionHead>,
        view: Detail,
        most_bytes: usize,
    ) -> Result<HashMap<String, StoredSession>, StoreError> {
        match view {
            Detail::Full => self.with_states(user_id, heads, most_bytes).await,
            Detail::Summary => self.without_states(user_id, heads).await,
        }
    }

    /// Parts are read only for heads that did not fit without their bulk.
    async fn without_states(
        &self,
        user_id: &str,
        heads: Vec<SessionHead>,
    ) -> Result<HashMap<String, StoredSession>, StoreError> {
        let table = &self.names.sessions;
        let (large, whole): (Vec<_>, Vec<_>) = heads.into_iter().partition(SessionHead::needs_bulk);
        let mut sessions: HashMap<_, _> =
            whole.into_iter().map(|head| (head.id.clone(), head.without_bulk(table))).collect();
        if !large.is_empty() {
            let ids = large.into_iter().map(|head| head.id).collect();
            let heads = self.heads(user_id, ids, Detail::Full, MOST_UNPACKED).await?;
            let size = heads.values().map(SessionHead::json_size).fold(0, usize::saturating_add);
            if size > MOST_UNPACKED {
                return Err(StoreError::ExceedsLimit(size));
            }
            let large = self.with_states(user_id, heads.into_values().collect(), MOST_UNPACKED).await?;
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
        let mut parts = self.parts(user_id, heads.iter().flat_map(SessionHead::part_keys).collect(), false).await?;
        let mut sessions = HashMap::with_capacity(heads.len());
        for head in heads {
            let session = match joined(&head, &mut parts) {
                Some(packed) => Some(head.with_bulk(&self.names.sessions, packed)),
                None => self.followed(user_id, &head, most_bytes).await?,
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
        consistent: bool,
    ) -> Result<HashMap<String, Vec<u8>>, StoreError> {
        let table = &self.names.sessions;
        let batch =
            Batch { table, sort: "item", user_id, keys, attributes: &[], consistent, per_request: PARTS_PER_REQUEST };
        self.batch_get(batch, |item| {
            let mut fields = Fields::new(table, "item", item);
            let data = fields.optional_bytes("data")?.ok_or_else(|| fields.unreadable("data is missing"))?;
            Ok(Some((fields.text("item")?, data)))
        })
        .await
    }

    /// A session one of whose parts was missing: its head has moved on, or was read before its parts had arrived
    /// everywhere. Reads head and parts again, consistently, until they belong together.
    async fn followed(
        &self,
        user_id: &str,
        head: &SessionHead,
        most_bytes: usize,
    ) -> Result<Option<StoredSession>, StoreError> {
        for attempt in 0..FOLLOWED {
            if attempt > 0 {
                wait(attempt).await;
            }
            let ids = std::slice::from_ref(&head.id);
            let heads = self.some_heads(user_id, ids, Detail::Full, true, |_| true).await?;
            let Some(head) = heads.into_values().next() else { return Ok(None) };
            if head.json_size() > most_bytes {
                return Err(StoreError::ExceedsLimit(head.json_size()));
            }
            let mut parts = self.parts(user_id, head.part_keys().collect(), true).await?;
            if let Some(packed) = joined(&head, &mut parts) {
                return Ok(Some(head.with_bulk(&self.names.sessions, packed)));
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

/// The bulk from its parts; `None` if one is missing.
fn joined(head: &SessionHead, parts: &mut HashMap<String, Vec<u8>>) -> Option<Vec<u8>> {
    let mut part_keys = head.part_keys();
    let Some(first) = part_keys.next() else { return Some(Vec::new()) };
    let mut packed = parts.remove(&first)?;
    for key in part_keys {
        packed.extend(parts.remove(&key)?);
    }
    Some(packed)
}
