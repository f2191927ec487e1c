//! Reading the indexes: which sessions there are.

use std::collections::{HashMap, HashSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::batch::IN_FLIGHT;
use super::item::{Fields, Item};
use super::tables::{AGENT_INDEX, Index, SCHEDULE_INDEX};
use super::{Store, StoreError};

/// A row of an index: what is known of a session before its head is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// The session.
    pub id: String,
    /// Its team.
    pub team_id: Option<String>,
}

impl Store {
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
                let item = self.first_items(query, None, 1).await?.into_iter().next();
                let row = item.map(|item| self.row(item)).transpose()?;
                Ok::<_, StoreError>(row.map(|row| (agent_id, row.id)))
            })
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(newest.into_iter().flatten().collect())
    }
}
