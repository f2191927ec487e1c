//! Reading agents, teams and schedules.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::batch::{Batch, GET_LIMIT};
use super::item::{Item, key, projection};
use super::{Store, StoreError, StoredAgent, StoredTeam, keys};

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

    /// Agents by id.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or an item cannot be read.
    pub async fn agents(&self, user_id: &str, ids: Vec<String>) -> Result<HashMap<String, StoredAgent>, StoreError> {
        let table = &self.names.agents;
        self.documents(table, user_id, ids, |item| {
            StoredAgent::from_item(table, item).map(|agent| (agent.id.clone(), agent))
        })
        .await
    }

    /// Teams by id.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or an item cannot be read.
    pub async fn teams(&self, user_id: &str, ids: Vec<String>) -> Result<HashMap<String, StoredTeam>, StoreError> {
        let table = &self.names.teams;
        self.documents(table, user_id, ids, |item| {
            StoredTeam::from_item(table, item).map(|team| (team.id.clone(), team))
        })
        .await
    }

    async fn documents<T>(
        &self,
        table: &str,
        user_id: &str,
        ids: Vec<String>,
        read: impl Fn(Item) -> Result<(String, T), StoreError>,
    ) -> Result<HashMap<String, T>, StoreError> {
        let batch = Batch {
            table,
            sort: "id",
            user_id,
            keys: distinct(ids.into_iter().filter(|id| keys::can_exist(user_id, id))),
            attributes: &[],
            consistent: false,
            per_request: GET_LIMIT,
        };
        self.batch_get(batch, |item| read(item).map(Some)).await
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
            let (expression, names) = projection(std::iter::once(attribute));
            request = request.projection_expression(expression).set_expression_attribute_names(Some(names));
        }
        Ok(request.send().await?.item)
    }

    /// These attributes of an item, all if none are named, as the last write left them.
    pub(super) async fn get_consistently(
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
pub(super) fn distinct<T: Eq + Hash + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}
