//! Reading the indexes: which sessions there are.

use std::collections::{HashMap, HashSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::batch::IN_FLIGHT;
use crate::item::{Fields, Item, key, text};
use crate::tables::{AGENT_INDEX, Index, LISTING, SCHEDULE_INDEX, USER_INDEX};
use crate::{Store, StoreError, keys};

/// For fewer agents than this, a request each is as good as one for all.
const FEW_AGENTS: usize = 4;
/// How many of a user's newest sessions are looked at for each agent whose newest is wanted. A row takes some 150 bytes, so that
/// this many cost less than the half read unit of a request of its own.
const ROWS_PER_AGENT: usize = 16;
/// The most of them: what DynamoDB returns at once, 1 MB.
const MOST_ROWS: usize = 4000;

/// A row of an index: what is known of a session before its head is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// The session.
    pub id: String,
    /// Its team.
    pub team_id: Option<String>,
    listing: String,
}

/// A place in a list: of a session, whether it is still there or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// When the session was created: [`Timestamp::instant`](agentscope_model::Timestamp::instant).
    pub created_at: String,
    /// The session.
    pub id: String,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The most sessions.
    pub limit: usize,
    /// Where the page before ended; `None` for the first page.
    pub after: Option<Position>,
}

/// The rows of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// The rows.
    pub rows: Vec<IndexRow>,
    /// The place of the last one, if there are more.
    pub end: Option<Position>,
}

impl Store {
    /// The rows of an agent's sessions: all, or a page of them.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a row cannot be read.
    pub async fn sessions_of_agent(
        &self,
        user_id: &str,
        agent_id: &str,
        page: Option<&Page>,
    ) -> Result<Rows, StoreError> {
        self.rows(user_id, AGENT_INDEX, agent_id, page).await
    }

    /// The rows of the sessions that a schedule started: all, or a page of them.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a row cannot be read.
    pub async fn sessions_of_schedule(
        &self,
        user_id: &str,
        schedule_id: &str,
        page: Option<&Page>,
    ) -> Result<Rows, StoreError> {
        self.rows(user_id, SCHEDULE_INDEX, schedule_id, page).await
    }

    /// How many sessions an agent has. It reads the agent's whole index.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn count_of_agent(&self, user_id: &str, agent_id: &str) -> Result<usize, StoreError> {
        self.count(user_id, AGENT_INDEX, agent_id).await
    }

    /// How many sessions a schedule has started. It reads the schedule's whole index.
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
                let start = page.after.as_ref().map(|position| position.key(user_id, index, hash));
                // One more than the page has, to know whether there is another page.
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
            // While an index catches up, a session whose creation time was changed may stand in it twice.
            if seen.insert(row.id.clone()) {
                rows.push(row);
            }
        }
        Ok(Rows { rows, end })
    }

    fn row(&self, item: Item) -> Result<IndexRow, StoreError> {
        let mut fields = Fields::new(&self.names.sessions, "item", item);
        Ok(IndexRow {
            id: fields.text("id")?,
            team_id: fields.optional_text("team_id")?,
            listing: fields.text(LISTING)?,
        })
    }

    /// The newest session of each of these agents as far as one request tells, by agent; and the agents for which it does
    /// not: [`newest_sessions`](Self::newest_sessions) has to be requested them.
    ///
    /// It looks among the user's newest sessions, which costs less than a request an agent does.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a row cannot be read.
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
            let mut fields = Fields::new(&self.names.sessions, "item", item);
            // An agent whose id no index can hold is nobody's member.
            let Some(agent_id) = fields.optional_text("agent_id")? else { continue };
            if agents.remove(&agent_id) {
                newest.insert(agent_id, fields.text("id")?);
            }
        }
        let rest = if is_all { Vec::new() } else { agents.into_iter().collect() };
        Ok((newest, rest))
    }

    /// The newest session of each of these agents, by agent. It takes a request an agent.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a row cannot be read.
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
    /// The position of a session's id in the list of its owner; `None` if no session can have these keys.
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

    /// The key at which a Query for this owner goes on. Whoever made up the position: it lies among the owner's rows.
    fn key(&self, user_id: &str, index: Index, hash: &str) -> Item {
        let mut start = key(user_id, "item", keys::head(&self.id));
        start.insert(index.hash.to_owned(), text(hash));
        start.insert(LISTING.to_owned(), text(keys::listing_at(user_id, &self.created_at, &self.id)));
        start
    }
}
