//! Reads of agents.

use std::collections::HashMap;

use agentscope_model::Release;

use crate::attributes::{ID, JSON, USER_ID};
use crate::batch::{GET_LIMIT, distinct, for_each_item};
use crate::get::Consistency;
use crate::item::{Fields, Item};
use crate::tables::TableRef;
use crate::{ReadLimit, RecordKind, Store, StoreError, keys};

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
    /// Reads an agent.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the item is unreadable.
    pub async fn agent(&self, user_id: &str, id: &str) -> Result<Option<StoredAgent>, StoreError> {
        let table = self.names.of(RecordKind::Agent);
        let item = self.get(table, user_id, id, &[], Consistency::Eventual).await?;
        item.map(|item| StoredAgent::from_item(table, self.release, item)).transpose()
    }

    /// Reads agents, of any users. The result lacks agents that do not exist.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, an item is unreadable, or the agents exceed the limit.
    pub async fn agents(
        &self,
        keys: Vec<AgentKey>,
        limit: &ReadLimit,
    ) -> Result<HashMap<AgentKey, StoredAgent>, StoreError> {
        let table = self.names.of(RecordKind::Agent);
        let keys: Vec<_> = distinct(keys.into_iter().filter(|key| keys::can_exist(&key.user_id, &key.id)));
        let requests = keys.chunks(GET_LIMIT).map(|chunk| {
            let keys = chunk.iter().map(|AgentKey { user_id, id }| table.key(user_id, id)).collect();
            self.get_chunk(table, keys, &[], Consistency::Eventual)
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
