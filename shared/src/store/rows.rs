//! Reading the indexes: which sessions there are.

use std::collections::{HashMap, HashSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::batch::IN_FLIGHT;
use super::item::{Fields, Item, key, text};
use super::tables::{AGENT_INDEX, Index, LISTING, SCHEDULE_INDEX};
use super::{Store, StoreError, keys};

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
    /// When the session was created: [`Timestamp::instant`](crate::model::Timestamp::instant).
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
    /// DynamoDB does not answer, or a row cannot be read.
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
    /// DynamoDB does not answer, or a row cannot be read.
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
    /// DynamoDB does not answer.
    pub async fn count_of_agent(&self, user_id: &str, agent_id: &str) -> Result<usize, StoreError> {
        self.count(user_id, AGENT_INDEX, agent_id).await
    }

    /// How many sessions a schedule has started. It reads the schedule's whole index.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer.
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
