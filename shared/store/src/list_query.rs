//! What identifies a list of sessions, and a page of it.

use crate::attributes::LISTING;
use crate::item::{Item, text};
use crate::tables::{AGENT_INDEX, Index, SCHEDULE_INDEX};
use crate::{Detail, RecordKind, Store, keys};

/// A list of a user's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKey<'a> {
    /// The sessions of an agent.
    Agent(&'a str),
    /// The sessions that a schedule started.
    Schedule(&'a str),
}

impl<'a> ListKey<'a> {
    pub(crate) fn index(self) -> Index {
        match self {
            Self::Agent(_) => AGENT_INDEX,
            Self::Schedule(_) => SCHEDULE_INDEX,
        }
    }

    /// The hash key of the list in its index.
    pub(crate) fn hash(self) -> &'a str {
        let (Self::Agent(id) | Self::Schedule(id)) = self;
        id
    }
}

/// The position of a session in a list. The session may be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The time of creation: [`Timestamp::instant`](agentscope_model::Timestamp::instant).
    pub created_at: String,
    /// The session.
    pub id: String,
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

    /// The position of a session with this range key in the indexes.
    pub(crate) fn of(user_id: &str, listing: &str) -> Option<Self> {
        let (created_at, id) = keys::of_listing(user_id, listing)?;
        Some(Self { created_at: created_at.to_owned(), id: id.to_owned() })
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The maximum number of sessions.
    pub limit: usize,
    /// The end of the previous page; `None` for the first page.
    pub after: Option<Position>,
}

/// A read of a list.
#[derive(Debug, Clone)]
pub struct ListQuery<'a> {
    /// The caller, who owns the sessions.
    pub user_id: &'a str,
    /// The list.
    pub list: ListKey<'a>,
    /// The page. A whole list is a page of as many sessions as a list may have.
    pub page: Page,
    /// The requested detail of each session.
    pub detail: Detail,
    /// Reading stops when the sessions have more bytes of JSON, and when the rows that were read
    /// suffice to tell how many sessions would fit.
    pub most_bytes: usize,
}

impl ListQuery<'_> {
    /// The range key of the indexes after which the page begins.
    pub(crate) fn after(&self) -> Option<String> {
        let position = self.page.after.as_ref()?;
        Some(keys::listing_at(self.user_id, &position.created_at, &position.id))
    }
}

impl Store {
    /// The key at which a Query for the page starts. Even a forged position has a key among this
    /// user's rows.
    pub(crate) fn start_key(&self, query: &ListQuery<'_>) -> Option<Item> {
        let listing = query.after()?;
        let position = query.page.after.as_ref()?;
        let mut start = self.names.of(RecordKind::Session).key(query.user_id, keys::head(&position.id));
        start.insert(query.list.index().hash.to_owned(), text(query.list.hash()));
        start.insert(LISTING.to_owned(), text(listing));
        Some(start)
    }
}
