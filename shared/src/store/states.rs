//! Reading sessions: heads, and the parts of their states.

use std::collections::HashMap;

use super::batch::{Batch, GET_LIMIT, wait};
use super::item::{Fields, Item};
use super::read::distinct;
use super::tables::EXPIRES_AT;
use super::{SessionHead, Store, StoreError, StoredSession, keys};

/// How often a head is followed that moves on while its parts are read.
const FOLLOWED: u32 = 6;

/// Parts in one BatchGetItem: an answer holds 16 MB at the most, and a part 0.4.
const PARTS_PER_REQUEST: usize = 40;

impl Store {
    /// The heads of these sessions, by id. Sessions that are gone are not among them: before a head counts as gone it is
    /// looked for once more, consistently.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or a head cannot be read.
    pub async fn heads(&self, user_id: &str, ids: Vec<String>) -> Result<HashMap<String, SessionHead>, StoreError> {
        let mut heads = self.some_heads(user_id, &ids, false).await?;
        let missing: Vec<_> = ids.into_iter().filter(|id| !heads.contains_key(id)).collect();
        if !missing.is_empty() {
            heads.extend(self.some_heads(user_id, &missing, true).await?);
        }
        Ok(heads)
    }

    async fn some_heads(
        &self,
        user_id: &str,
        ids: &[String],
        consistent: bool,
    ) -> Result<HashMap<String, SessionHead>, StoreError> {
        let items = self.session_items(user_id, ids.iter().map(|id| keys::head(id)), &[], consistent).await?;
        items
            .into_values()
            // What expires is no head but the claim of a writer that has yet to put one.
            .filter(|item| !item.contains_key(EXPIRES_AT))
            .map(|item| SessionHead::from_item(&self.names.sessions, item).map(|head| (head.id.clone(), head)))
            .collect()
    }

    /// The agents of these sessions, by session.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer.
    pub async fn agents_of_sessions(
        &self,
        user_id: &str,
        ids: Vec<String>,
    ) -> Result<HashMap<String, String>, StoreError> {
        let keys = ids.iter().map(|id| keys::head(id));
        let items = self.session_items(user_id, keys, &["id", "agent_id"], false).await?;
        Ok(items
            .into_values()
            .filter_map(|mut item| {
                let mut take = |name| item.remove(name).and_then(|value| value.as_s().ok().cloned());
                Some((take("id")?, take("agent_id")?))
            })
            .collect())
    }

    async fn session_items(
        &self,
        user_id: &str,
        keys: impl Iterator<Item = String>,
        attributes: &'static [&'static str],
        consistent: bool,
    ) -> Result<HashMap<String, Item>, StoreError> {
        let batch = Batch {
            table: &self.names.sessions,
            sort: "item",
            user_id,
            keys: distinct(keys.filter(|key| keys::can_exist(user_id, key))),
            attributes,
            consistent,
            per_request: GET_LIMIT,
        };
        self.batch_get(batch).await
    }

    /// The sessions of these heads with their whole states, by id. A session that is deleted meanwhile is left out.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or a state cannot be read.
    pub async fn with_states(
        &self,
        user_id: &str,
        heads: Vec<SessionHead>,
    ) -> Result<HashMap<String, StoredSession>, StoreError> {
        let mut parts = self.parts(user_id, heads.iter().flat_map(SessionHead::part_keys).collect(), false).await?;
        let mut sessions = HashMap::with_capacity(heads.len());
        for head in heads {
            let session = match joined(&head, &mut parts) {
                Some(packed) => Some(head.with_bulk(&self.names.sessions, &packed)?),
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
        let items = self.batch_get(batch).await?;
        items
            .into_iter()
            .map(|(key, item)| {
                let mut fields = Fields::new(table, "item", item);
                let data = fields.optional_bytes("data")?.ok_or_else(|| fields.unreadable("data is missing"))?;
                Ok((key, data))
            })
            .collect()
    }

    /// A session one of whose parts was missing: its head has moved on, or was read before its parts had arrived
    /// everywhere. Reads head and parts again, consistently, until they belong together.
    async fn followed(&self, user_id: &str, head: &SessionHead) -> Result<Option<StoredSession>, StoreError> {
        for attempt in 0..FOLLOWED {
            if attempt > 0 {
                wait(attempt).await;
            }
            let heads = self.some_heads(user_id, std::slice::from_ref(&head.id), true).await?;
            let Some(head) = heads.into_values().next() else { return Ok(None) };
            let mut parts = self.parts(user_id, head.part_keys().collect(), true).await?;
            if let Some(packed) = joined(&head, &mut parts) {
                return head.with_bulk(&self.names.sessions, &packed).map(Some);
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
