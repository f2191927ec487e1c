//! Reading agents, teams and schedules.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::batch::{Batch, GET_LIMIT, for_each_item};
use crate::item::{Item, key, projection};
use crate::{ReadLimit, Store, StoreError, StoredAgent, StoredTeam, keys};

/// The key of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AgentKey {
    /// The user who owns it.
    pub user_id: String,
    /// Its id.
    pub id: String,
}

impl AgentKey {
    /// The key of a user's agent.
    pub fn new(user_id: &str, id: &str) -> Self {
        Self { user_id: user_id.to_owned(), id: id.to_owned() }
    }
}

impl Store {
    /// An agent.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the item cannot be read.
    pub async fn agent(&self, user_id: &str, id: &str) -> Result<Option<StoredAgent>, StoreError> {
        let item = self.get(&self.names.agents, user_id, "id", id, None).await?;
        item.map(|item| StoredAgent::from_item(&self.names.agents, self.release, item)).transpose()
    }

    /// Whether a schedule exists.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn schedule_exists(&self, user_id: &str, id: &str) -> Result<bool, StoreError> {
        Ok(self.get(&self.names.schedules, user_id, "id", id, Some("id")).await?.is_some())
    }

    /// Agents by owner and id.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, an item cannot be read, or the agents exceed the limit.
    pub async fn agents(
        &self,
        keys: Vec<AgentKey>,
        limit: &ReadLimit,
    ) -> Result<HashMap<AgentKey, StoredAgent>, StoreError> {
        let table = &self.names.agents;
        let keys: Vec<_> = distinct(keys.into_iter().filter(|key| keys::can_exist(&key.user_id, &key.id)));
        let requests = keys.chunks(GET_LIMIT).map(|chunk| {
            let keys = chunk.iter().map(|AgentKey { user_id, id }| key(user_id, "id", id)).collect();
            self.get_chunk(table, "id", keys, &[], false)
        });
        let mut agents = HashMap::with_capacity(keys.len());
        for_each_item(requests, |item| {
            let agent = StoredAgent::from_item(table, self.release, item)?;
            limit.add(agent.json.len())?;
            agents.insert(AgentKey::new(&agent.user_id, &agent.id), agent);
            Ok(())
        })
        .await?;
        Ok(agents)
    }

    /// Teams by id.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, an item cannot be read, or the teams exceed the limit.
    pub async fn teams(
        &self,
        user_id: &str,
        ids: Vec<String>,
        limit: &ReadLimit,
    ) -> Result<HashMap<String, StoredTeam>, StoreError> {
        let table = &self.names.teams;
        let batch = Batch {
            table,
            sort: "id",
            user_id,
            keys: distinct(ids.into_iter().filter(|id| keys::can_exist(user_id, id))),
            attributes: &[],
            consistent: false,
            per_request: GET_LIMIT,
        };
        self.batch_get(batch, |item| {
            let team = StoredTeam::from_item(table, self.release, item)?;
            limit.add(team.json.len())?;
            Ok(Some((team.id.clone(), team)))
        })
        .await
    }

    pub(crate) async fn get(
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
            let (expression, names) = projection(std::iter::once(attribute));
            request = request.projection_expression(expression).set_expression_attribute_names(Some(names));
        }
        Ok(request.send().await?.item)
    }

    /// These attributes of an item, all if none are named, as the last write left them.
    pub(crate) async fn get_consistently(
        &self,
        table: &str,
        user_id: &str,
        sort: &str,
        sort_key: &str,
        attributes: &[&str],
    ) -> Result<Option<Item>, StoreError> {
        if !keys::can_exist(user_id, sort_key) {
            return Ok(None);
        }
        let mut request = self.client.get_item().table_name(table).set_key(Some(key(user_id, sort, sort_key)));
        if !attributes.is_empty() {
            let (expression, names) = projection(attributes.iter().copied());
            request = request.projection_expression(expression).set_expression_attribute_names(Some(names));
        }
        Ok(request.consistent_read(true).send().await?.item)
    }
}

/// Each of these once, in the order in which they first came.
pub(crate) fn distinct<T: Eq + Hash + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}
