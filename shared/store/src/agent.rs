//! Reads of agents.

use std::collections::HashMap;

use agentscope_model::Release;

use crate::attributes::{ID, JSON, USER_ID};
use crate::batch::{GET_LIMIT, distinct, for_each_item};
use crate::get::Consistency;
use crate::item::{Fields, Item};
use crate::tables::TableRef;
use crate::{Changes, ReadLimit, RecordKind, Store, StoreError, keys};

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

/// An agent as it is stored.
#[derive(Debug, Clone)]
pub struct StoredAgent {
    /// Its id.
    pub id: String,
    /// The user who owns it.
    pub user_id: String,
    /// The record as the text of a JSON object.
    pub json: String,
}

impl StoredAgent {
    fn from_item(table: TableRef<'_>, release: Release, item: Item) -> Result<Self, StoreError> {
        let mut fields = Fields::new(table, item);
        fields.note_release(release)?;
        Ok(Self { id: fields.text(ID)?, user_id: fields.text(USER_ID)?, json: fields.object(JSON)? })
    }
}

impl Store {
    /// Reads an agent, with strong consistency.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the item is unreadable.
    pub async fn agent(&self, user_id: &str, id: &str) -> Result<Option<StoredAgent>, StoreError> {
        let table = self.names.of(RecordKind::Agent);
        let item = self.get(table, user_id, id, &[], Consistency::Strong).await?;
        item.map(|item| StoredAgent::from_item(table, self.release, item)).transpose()
    }

    /// Reads agents, of any users. Those of the caller that changed a moment ago and are read in an
    /// older state are read again with strong consistency. The result lacks agents that do not
    /// exist.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, an item is unreadable, or the agents exceed the limit.
    pub async fn agents(
        &self,
        keys: Vec<AgentKey>,
        limit: &ReadLimit,
        changes: &Changes,
    ) -> Result<HashMap<AgentKey, StoredAgent>, StoreError> {
        let keys = distinct(keys.into_iter().filter(|key| keys::can_exist(&key.user_id, &key.id)));
        let mut agents = self.some_agents(&keys, limit, Consistency::Eventual).await?;
        let json = |key: &AgentKey| agents.get(key).map(|agent| agent.json.as_str());
        let outdated: Vec<_> = keys.into_iter().filter(|key| changes.is_agent_outdated(key, json(key))).collect();
        if !outdated.is_empty() {
            for key in &outdated {
                agents.remove(key);
            }
            agents.extend(self.some_agents(&outdated, limit, Consistency::Strong).await?);
        }
        Ok(agents)
    }

    async fn some_agents(
        &self,
        keys: &[AgentKey],
        limit: &ReadLimit,
        consistency: Consistency,
    ) -> Result<HashMap<AgentKey, StoredAgent>, StoreError> {
        let table = self.names.of(RecordKind::Agent);
        let requests = keys.chunks(GET_LIMIT).map(|chunk| {
            let keys = chunk.iter().map(|AgentKey { user_id, id }| table.key(user_id, id)).collect();
            self.get_chunk(table, keys, &[], consistency)
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
}
