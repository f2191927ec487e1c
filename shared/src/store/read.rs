//! Reading: what the views ask for.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use futures::stream::{self, StreamExt, TryStreamExt};

use super::batch::{Batch, GET_LIMIT, IN_FLIGHT, wait};
use super::item::{Fields, Item, key};
use super::tables::{AGENT_INDEX, Index, SCHEDULE_INDEX};
use super::{SessionHead, Store, StoreError, StoredAgent, StoredSession, StoredTeam, keys};

/// How often a head is followed that moves on while its parts are read.
const FOLLOWED: u32 = 6;

/// Parts in one BatchGetItem: an answer holds 16 MB at the most, and a part 0.4.
const PARTS_PER_REQUEST: usize = 40;

/// A row of an index: what is known of a session before its head is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// The session.
    pub id: String,
    /// Its team.
    pub team_id: Option<String>,
}

impl Store {
    /// An agent.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or the item cannot be read.
    pub async fn agent(&self, user_id: &str, id: &str) -> Result<Option<StoredAgent>, StoreError> {
        let item = self.get(&self.names.agents, user_id, "id", id, None).await?;
        item.map(|item| StoredAgent::from_item(&self.names.agents, item)).transpose()
    }

    /// Whether a schedule exists.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer.
    pub async fn schedule_exists(&self, user_id: &str, id: &str) -> Result<bool, StoreError> {
        Ok(self.get(&self.names.schedules, user_id, "id", id, Some("id")).await?.is_some())
    }

    /// The rows of an agent's sessions, newest first.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or a row cannot be read.
    pub async fn sessions_of_agent(&self, user_id: &str, agent_id: &str) -> Result<Vec<IndexRow>, StoreError> {
        self.rows(user_id, AGENT_INDEX, agent_id).await
    }

    /// The rows of the sessions that a schedule started, newest first.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or a row cannot be read.
    pub async fn sessions_of_schedule(&self, user_id: &str, schedule_id: &str) -> Result<Vec<IndexRow>, StoreError> {
        self.rows(user_id, SCHEDULE_INDEX, schedule_id).await
    }

    async fn rows(&self, user_id: &str, index: Index, hash: &str) -> Result<Vec<IndexRow>, StoreError> {
        let Some(query) = self.listing_query(user_id, index, hash) else { return Ok(Vec::new()) };
        let items = self.all_pages(query).await?;
        let mut seen = HashSet::with_capacity(items.len());
        let mut rows = Vec::with_capacity(items.len());
        for item in items {
            let row = self.row(item)?;
            // While an index catches up, a session whose creation time was changed may stand in it twice.
            if seen.insert(row.id.clone()) {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    fn row(&self, item: Item) -> Result<IndexRow, StoreError> {
        let mut fields = Fields::new(&self.names.sessions, "item", item);
        Ok(IndexRow { id: fields.text("id")?, team_id: fields.optional_text("team_id")? })
    }

    /// The newest session of each of these agents, by agent.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or a row cannot be read.
    pub async fn newest_sessions(
        &self,
        user_id: &str,
        agent_ids: Vec<String>,
    ) -> Result<HashMap<String, String>, StoreError> {
        let newest = stream::iter(agent_ids)
            .map(async |agent_id| {
                let Some(query) = self.listing_query(user_id, AGENT_INDEX, &agent_id) else { return Ok(None) };
                let item = query.limit(1).send().await?.items.into_iter().flatten().next();
                let row = item.map(|item| self.row(item)).transpose()?;
                Ok::<_, StoreError>(row.map(|row| (agent_id, row.id)))
            })
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(newest.into_iter().flatten().collect())
    }

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

    /// Agents by id.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or an item cannot be read.
    pub async fn agents(&self, user_id: &str, ids: Vec<String>) -> Result<HashMap<String, StoredAgent>, StoreError> {
        let table = &self.names.agents;
        let items = self.documents(table, user_id, ids).await?;
        items.into_iter().map(|(id, item)| Ok((id, StoredAgent::from_item(table, item)?))).collect()
    }

    /// Teams by id.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or an item cannot be read.
    pub async fn teams(&self, user_id: &str, ids: Vec<String>) -> Result<HashMap<String, StoredTeam>, StoreError> {
        let table = &self.names.teams;
        let items = self.documents(table, user_id, ids).await?;
        items.into_iter().map(|(id, item)| Ok((id, StoredTeam::from_item(table, item)?))).collect()
    }

    async fn documents(
        &self,
        table: &str,
        user_id: &str,
        ids: Vec<String>,
    ) -> Result<HashMap<String, Item>, StoreError> {
        let batch = Batch {
            table,
            sort: "id",
            user_id,
            keys: distinct(ids.into_iter().filter(|id| keys::can_exist(user_id, id))),
            attributes: &[],
            consistent: false,
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

    pub(super) async fn get(
        &self,
        table: &str,
        user_id: &str,
        sort: &str,
        sort_key: &str,
        attribute: Option<&str>,
    ) -> Result<Option<Item>, StoreError> {
        if !keys::can_exist(user_id, sort_key) {
            return Ok(None);
        }
        let mut request = self.client.get_item().table_name(table).set_key(Some(key(user_id, sort, sort_key)));
        if let Some(attribute) = attribute {
            request = request.projection_expression("#0").expression_attribute_names("#0", attribute);
        }
        Ok(request.send().await?.item)
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

/// Each of these once, in the order in which they first came.
fn distinct<T: Eq + Hash + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}
