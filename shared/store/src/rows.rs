//! Reads of the indexes: the sessions of a list, and their order.

use std::collections::{HashMap, HashSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::attributes::{AGENT_ID, ID, LISTING, TEAM_ID};
use crate::batch::IN_FLIGHT;
use crate::item::{Fields, Item, text};
use crate::tables::{AGENT_INDEX, Index, SCHEDULE_INDEX, USER_INDEX};
use crate::{RecordKind, Store, StoreError, keys};

/// The number of agents from which one request for all is better than a request for each.
const FEW_AGENTS: usize = 4;
/// The number of a user's newest sessions that are read for each agent whose newest is wanted. A
/// row has some 150 bytes, so this many cost less than the half read unit of a separate request.
const ROWS_PER_AGENT: usize = 16;
/// The maximum number of these rows: 1 MB, a page of DynamoDB.
const MOST_ROWS: usize = 4000;

/// A row of an index: the attributes of a session that are read before its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// The session.
    pub id: String,
    /// Its team.
    pub team_id: Option<String>,
    listing: String,
}

/// The position of a session in a list. The session may be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The time of creation: [`Timestamp::instant`](agentscope_model::Timestamp::instant).
    pub created_at: String,
    /// The session.
    pub id: String,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The maximum number of sessions.
    pub limit: usize,
    /// The end of the previous page; `None` for the first page.
    pub after: Option<Position>,
}

/// The rows of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// The rows.
    pub rows: Vec<IndexRow>,
    /// The position of the last row, if more rows follow.
    pub end: Option<Position>,
}

impl Store {
    /// Reads the rows of an agent's sessions: all, or a page of them.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a row is unreadable.
    pub async fn sessions_of_agent(
        &self,
        user_id: &str,
        agent_id: &str,
        page: Option<&Page>,
    ) -> Result<Rows, StoreError> {
        self.rows(user_id, AGENT_INDEX, agent_id, page).await
    }

    /// Reads the rows of the sessions that a schedule started: all, or a page of them.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a row is unreadable.
    pub async fn sessions_of_schedule(
        &self,
        user_id: &str,
        schedule_id: &str,
        page: Option<&Page>,
    ) -> Result<Rows, StoreError> {
        self.rows(user_id, SCHEDULE_INDEX, schedule_id, page).await
    }

    /// Counts the sessions of an agent. Reads all rows of the agent.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn count_of_agent(&self, user_id: &str, agent_id: &str) -> Result<usize, StoreError> {
        self.count(user_id, AGENT_INDEX, agent_id).await
    }

    /// Counts the sessions that a schedule started. Reads all rows of the schedule.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn count_of_schedule(&self, user_id: &str, schedule_id: &str) -> Result<usize, StoreError> {
        self.count(user_id, SCHEDULE_INDEX, schedule_id).await
    }

    async fn count(&self, user_id: &str, index: Index, hash: &str) -> Result<usize, StoreError> {
        match self.listing_query(user_id, index, hash) {
            Some(query) => self.count_pages(query).await,
            None => Ok(0),
        }
    }

    async fn rows(&self, user_id: &str, index: Index, hash: &str, page: Option<&Page>) -> Result<Rows, StoreError> {
        let Some(query) = self.listing_query(user_id, index, hash) else {
            return Ok(Rows { rows: Vec::new(), end: None });
        };
        let items = match page {
            None => self.all_pages(query).await?,
            Some(page) => {
                let start = page.after.as_ref().map(|position| self.start_key(position, user_id, index, hash));
                // One more row than the page has tells whether another page follows.
                self.first_items(query, start, page.limit + 1).await?
            }
        };
        let mut seen = HashSet::with_capacity(items.len());
        let mut rows = Vec::with_capacity(items.len());
        let limit = page.map_or(usize::MAX, |page| page.limit);
        let last = if items.len() > limit { limit.checked_sub(1) } else { None };
        let mut end = None;
        for (index, item) in items.into_iter().take(limit).enumerate() {
            let row = self.row(item)?;
            if Some(index) == last {
                end = Some(Position::of(user_id, &row));
            }
            // An index is eventually consistent: a session whose time of creation was changed may
            // have two rows.
            if seen.insert(row.id.clone()) {
                rows.push(row);
            }
        }
        Ok(Rows { rows, end })
    }

    /// The key at which a Query for a position's successors starts. Even a forged position has a
    /// key among this user's rows.
    fn start_key(&self, position: &Position, user_id: &str, index: Index, hash: &str) -> Item {
        let mut start = self.names.of(RecordKind::Session).key(user_id, keys::head(&position.id));
        start.insert(index.hash.to_owned(), text(hash));
        start.insert(LISTING.to_owned(), text(keys::listing_at(user_id, &position.created_at, &position.id)));
        start
    }

    fn row(&self, item: Item) -> Result<IndexRow, StoreError> {
        let mut fields = Fields::new(self.names.of(RecordKind::Session), item);
        Ok(IndexRow { id: fields.text(ID)?, team_id: fields.optional_text(TEAM_ID)?, listing: fields.text(LISTING)? })
    }

    /// Reads the newest session of each of these agents, by agent, with one request. Returns as
    /// well the agents whose newest session the request does not find: read them with
    /// [`newest_sessions`](Self::newest_sessions).
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
    ) -> Result<(HashMap<String, String>, Vec<String>), StoreError> {
        let mut newest = HashMap::with_capacity(agent_ids.len());
        if agent_ids.len() < FEW_AGENTS {
            return Ok((newest, agent_ids));
        }
        let Some(query) = self.listing_query(user_id, USER_INDEX, user_id) else { return Ok((newest, Vec::new())) };
        let limit = (agent_ids.len() * ROWS_PER_AGENT).min(MOST_ROWS);
        let items = self.first_items(query, None, limit).await?;
        let is_all = items.len() < limit;
        let mut agents: HashSet<String> = agent_ids.into_iter().collect();
        for item in items {
            let mut fields = Fields::new(self.names.of(RecordKind::Session), item);
            // An agent whose id no index can hold is no member of a team.
            let Some(agent_id) = fields.optional_text(AGENT_ID)? else { continue };
            if agents.remove(&agent_id) {
                newest.insert(agent_id, fields.text(ID)?);
            }
        }
        let rest = if is_all { Vec::new() } else { agents.into_iter().collect() };
        Ok((newest, rest))
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

impl Position {
    /// The position of a session in the lists of its owner; `None` if the ids do not fit the keys
    /// of a session.
    pub fn new(user_id: &str, created_at: &str, id: &str) -> Option<Self> {
        let fits = !id.is_empty()
            && keys::head(id).len() <= keys::SORT_KEY_LIMIT
            && keys::listing_at(user_id, created_at, id).len() <= keys::SORT_KEY_LIMIT;
        fits.then(|| Self { created_at: created_at.to_owned(), id: id.to_owned() })
    }

    fn of(user_id: &str, row: &IndexRow) -> Self {
        let of_owner = row.listing.strip_prefix(&keys::listing_prefix(user_id)).unwrap_or_default();
        let created_at = of_owner.split('#').next().unwrap_or_default();
        Self { created_at: created_at.to_owned(), id: row.id.clone() }
    }
}
