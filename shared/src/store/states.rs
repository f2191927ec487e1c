//! Reading sessions: heads, and the parts of their states.

use std::collections::HashMap;

use super::batch::{Batch, GET_LIMIT, wait};
use super::item::{Fields, Item};
use super::read::distinct;
use super::session_head::{AGENT_OF_SESSION, SUMMARY, agent_id_of};
use super::tables::EXPIRES_AT;
use super::{SessionHead, Store, StoreError, StoredSession, View, keys};
use crate::model::Release;

/// How often a head is followed that moves on while its parts are read.
const FOLLOWED: u32 = 6;

/// Parts in one BatchGetItem: an answer holds 16 MB at the most, and a part 0.4.
const PARTS_PER_REQUEST: usize = 40;

impl Store {
    /// The heads of these sessions, by id; for a summary without their bulk. Sessions that are gone are not among them:
    /// before a head counts as gone it is looked for once more, consistently.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or a head cannot be read.
    pub async fn heads(
        &self,
        user_id: &str,
        ids: Vec<String>,
        view: View,
    ) -> Result<HashMap<String, SessionHead>, StoreError> {
        let mut heads = self.some_heads(user_id, &ids, view, false).await?;
        let missing: Vec<_> = ids.into_iter().filter(|id| !heads.contains_key(id)).collect();
        if !missing.is_empty() {
            heads.extend(self.some_heads(user_id, &missing, view, true).await?);
        }
        Ok(heads)
    }

    async fn some_heads(
        &self,
        user_id: &str,
        ids: &[String],
        view: View,
        consistent: bool,
    ) -> Result<HashMap<String, SessionHead>, StoreError> {
        let (attributes, head): (&'static [_], fn(&str, Release, Item) -> _) = match view {
            View::Full => (&[], SessionHead::from_item),
            View::Summary => (&SUMMARY, SessionHead::from_summary_item),
        };
        let keys = ids.iter().map(|id| keys::head(id));
        self.session_items(user_id, keys, attributes, consistent, |item| {
            // What expires is no head but the claim of a writer that has yet to put one.
            if item.contains_key(EXPIRES_AT) {
                return Ok(None);
            }
            head(&self.names.sessions, self.release, item).map(|head| Some((head.id.clone(), head)))
        })
        .await
    }

    /// The agents of these sessions, by session.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or a head cannot be read.
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
        read: impl Fn(Item) -> Result<Option<(String, T)>, StoreError>,
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
    /// DynamoDB does not answer, or a state cannot be read.
    pub async fn states(
        &self,
        user_id: &str,
        heads: Vec<SessionHead>,
        view: View,
    ) -> Result<HashMap<String, StoredSession>, StoreError> {
        match view {
            View::Full => self.with_states(user_id, heads).await,
            View::Summary => self.without_states(user_id, heads).await,
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
            let heads = self.heads(user_id, ids, View::Full).await?;
            let large = self.with_states(user_id, heads.into_values().collect()).await?;
            sessions.extend(large.into_iter().map(|(id, session)| (id, session.into_summary())));
        }
        Ok(sessions)
    }

    async fn with_states(
        &self,
        user_id: &str,
        heads: Vec<SessionHead>,
    ) -> Result<HashMap<String, StoredSession>, StoreError> {
        let mut parts = self.parts(user_id, heads.iter().flat_map(SessionHead::part_keys).collect(), false).await?;
        let mut sessions = HashMap::with_capacity(heads.len());
        for head in heads {
            let session = match joined(&head, &mut parts) {
                Some(packed) => Some(head.with_bulk(&self.names.sessions, packed)),
                None => self.followed(user_id, &head).await?,
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
    async fn followed(&self, user_id: &str, head: &SessionHead) -> Result<Option<StoredSession>, StoreError> {
        for attempt in 0..FOLLOWED {
            if attempt > 0 {
                wait(attempt).await;
            }
            let heads = self.some_heads(user_id, std::slice::from_ref(&head.id), View::Full, true).await?;
            let Some(head) = heads.into_values().next() else { return Ok(None) };
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
