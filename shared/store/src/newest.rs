//! Reads of the newest sessions of agents.

use std::collections::{HashMap, HashSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::attributes::{AGENT_ID, ID, LISTING};
use crate::batch::IN_FLIGHT;
use crate::item::Fields;
use crate::tables::USER_INDEX;
use crate::{Changes, Detail, ListKey, ListQuery, Page, RecordKind, Store, StoreError};

/// The number of agents from which one request for all is better than a request for each.
const FEW_AGENTS: usize = 4;
/// The number of a user's newest sessions that are read for each agent whose newest is wanted. A
/// row has some 150 bytes, so this many cost less than the half read unit of a separate request.
const ROWS_PER_AGENT: usize = 16;
/// The maximum number of these rows: 1 MB, a page of DynamoDB.
const MOST_ROWS: usize = 4000;

impl Store {
    /// Reads the newest session of each of these agents, by agent, with one request. Returns as
    /// well the agents whose newest session the request does not find, or whose rows differ from
    /// the changes of the last minute: read them with [`newest_sessions`](Self::newest_sessions).
    ///
    /// The request reads the user's newest sessions, which costs less than a request for each
    /// agent.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a row is unreadable.
    pub async fn newest_sessions_at_once(
        &self,
        user_id: &str,
        agent_ids: Vec<String>,
        changes: &Changes,
    ) -> Result<(HashMap<String, String>, Vec<String>), StoreError> {
        let mut newest = HashMap::with_capacity(agent_ids.len());
        if agent_ids.len() < FEW_AGENTS {
            return Ok((newest, agent_ids));
        }
        let Some(query) = self.listing_query(user_id, USER_INDEX, user_id) else { return Ok((newest, Vec::new())) };
        let limit = (agent_ids.len() * ROWS_PER_AGENT).min(MOST_ROWS);
        let items = self.first_items(query, None, limit).await?;
        let is_all = items.len() < limit;
        let changed = changes.sessions_by_agent();
        let mut unsure = Vec::new();
        let mut agents: HashSet<String> = agent_ids.into_iter().collect();
        for item in items {
            let mut fields = Fields::new(self.names.of(RecordKind::Session), item);
            // An agent whose id no index can hold is no member of a team.
            let Some(agent_id) = fields.optional_text(AGENT_ID)? else { continue };
            if agents.remove(&agent_id) {
                let (id, listing) = (fields.text(ID)?, fields.text(LISTING)?);
                let is_later = |(_, changed): &(&str, &str)| changed.is_empty() || **changed > *listing;
                let has_later = changed.get(&*agent_id).is_some_and(|sessions| sessions.iter().any(is_later));
                if has_later || !changes.confirms(&id, &agent_id, &listing) {
                    unsure.push(agent_id);
                } else {
                    newest.insert(agent_id, id);
                }
            }
        }
        let is_unsure = |id: &String| !is_all || changed.contains_key(id.as_str());
        unsure.extend(agents.into_iter().filter(is_unsure));
        Ok((newest, unsure))
    }

    /// Reads the newest session of each of these agents, by agent, with a request for each.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a row is unreadable.
    pub async fn newest_sessions(
        &self,
        user_id: &str,
        agent_ids: Vec<String>,
        changes: &Changes,
    ) -> Result<HashMap<String, String>, StoreError> {
        let newest = stream::iter(agent_ids)
            .map(async |agent_id| {
                let id = self.newest_session(user_id, &agent_id, changes).await?;
                Ok::<_, StoreError>(id.map(|id| (agent_id, id)))
            })
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(newest.into_iter().flatten().collect())
    }

    async fn newest_session(
        &self,
        user_id: &str,
        agent_id: &str,
        changes: &Changes,
    ) -> Result<Option<String>, StoreError> {
        let list = ListKey::Agent(agent_id);
        if changes.has_no_sessions() {
            let Some(query) = self.listing_query(user_id, list.index(), agent_id) else { return Ok(None) };
            let query = query.projection_expression("#id").expression_attribute_names("#id", ID);
            let item = self.first_items(query, None, 1).await?.into_iter().next();
            return item.map(|item| Fields::new(self.names.of(RecordKind::Session), item).text(ID)).transpose();
        }
        let page = Page { limit: 1, after: None };
        let query = ListQuery { user_id, list, page, detail: Detail::Summary, most_bytes: usize::MAX };
        let rows = self.rows(&query).await?;
        let listed = self.listed(&query, rows, changes).await?;
        Ok(listed.sessions.into_iter().next().map(|head| head.id))
    }
}
