//! Lists of sessions: what is asked, and what comes of it.

use std::collections::HashMap;

use agentscope_model::Release;
use agentscope_store::{Detail, Page, Rows, SessionHead, StoreError};

use crate::cursor::Scope;
use crate::etag::{EntityTag, Fingerprint, IfNoneMatch};
use crate::size::Smaller;

/// The most bytes of JSON that are read for any list.
pub const MOST_READ: usize = 64 << 20;

/// How a list is requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListOptions {
    /// The page; `None` for the whole list.
    pub page: Option<Page>,
    /// Whether the number of all sessions is wanted with a page.
    pub count: bool,
    /// How much of each session; `None`: as much as the release shows.
    pub view: Option<Detail>,
    /// The responses that the caller has already.
    pub if_none_match: IfNoneMatch,
    /// The most bytes of JSON that the caller can be given. A larger list is refused before it is put together.
    pub most_bytes: usize,
    /// The bytes of JSON that the caller can be given whatever they are, as they cannot be once they are encoded.
    pub certain_bytes: usize,
}

impl Default for ListOptions {
    /// The whole list, in full.
    fn default() -> Self {
        Self {
            page: None,
            count: false,
            view: None,
            if_none_match: IfNoneMatch::Absent,
            most_bytes: usize::MAX,
            certain_bytes: usize::MAX,
        }
    }
}

impl ListOptions {
    /// The same for a caller who can be given this many bytes of JSON at most, and this many whatever they are.
    #[must_use]
    pub fn within(self, most_bytes: usize, certain_bytes: usize) -> Self {
        Self { most_bytes, certain_bytes, ..self }
    }

    /// Whether the list begins with the newest session.
    pub(crate) fn is_from_start(&self) -> bool {
        self.page.as_ref().is_none_or(|page| page.after.is_none())
    }

    /// The most bytes of JSON that are read. Who has the list already may have got it in another encoding, in which it was
    /// smaller.
    pub(crate) fn most_read(&self) -> usize {
        if self.if_none_match == IfNoneMatch::Absent { self.most_bytes } else { self.most_bytes.max(MOST_READ) }
    }
}

/// What comes of requesting a list.
#[derive(Debug, Clone)]
pub enum ListOutcome<T> {
    /// The list.
    List(SessionList<T>),
    /// The caller has it already.
    NotModified(EntityTag),
}

impl<T> ListOutcome<T> {
    /// The list; `None` if the caller has it already.
    pub fn into_list(self) -> Option<SessionList<T>> {
        match self {
            Self::List(list) => Some(list),
            Self::NotModified(_) => None,
        }
    }
}

/// A list of sessions, newest first.
#[derive(Debug, Clone)]
pub struct SessionList<T> {
    /// The sessions, or a page of them.
    pub sessions: Vec<T>,
    /// The number of all sessions: of the whole list it is known, of a page if it was requested.
    pub total: Option<usize>,
    /// The cursor of the next page: `None` if this is no page, `Some(None)` if it is the last.
    pub next_cursor: Option<Option<String>>,
    /// Changes whenever something visible in the list changes.
    pub etag: EntityTag,
    /// What would fit if all of it did not.
    pub smaller: Smaller,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The tables did not respond, or an item cannot be read.
    #[error(transparent)]
    Store(StoreError),
    /// The list is larger than the caller can be given.
    #[error("the list has at least {bytes} bytes")]
    TooLarge {
        /// It has at least this many.
        bytes: usize,
        /// What fits.
        smaller: Smaller,
    },
    /// The teams name more agents than are read for one list.
    #[error("the teams of the list name {0} agents")]
    TooManyMembers(usize),
}

/// What surrounds the sessions of a list.
#[derive(Debug, Clone)]
pub(crate) struct ListEnvelope {
    pub(crate) next_cursor: Option<Option<String>>,
    /// The number of all sessions, if a page was requested with it.
    pub(crate) count: Option<usize>,
    fingerprint: String,
}

impl ListEnvelope {
    pub(crate) fn new(
        scope: &Scope<'_>,
        options: &ListOptions,
        view: Detail,
        release: Release,
        rows: &Rows,
        count: Option<usize>,
    ) -> Self {
        let next_cursor = options.page.as_ref().map(|_| rows.end.as_ref().map(|end| scope.cursor(end)));
        let fingerprint = Fingerprint::new()
            .with(format!("{:?} {view:?} {release} {count:?}", scope.route))
            .with(scope.user_id)
            .with(scope.id)
            .with(format!("{next_cursor:?}"))
            .finish();
        Self { next_cursor, count, fingerprint }
    }

    /// The fingerprint of these sessions, each with whether it runs, in this frame.
    pub(crate) fn fingerprint<'a>(&self, sessions: impl Iterator<Item = (&'a SessionHead, bool)>) -> String {
        let mut fingerprint = Fingerprint::new().with(&self.fingerprint);
        for (head, is_running) in sessions {
            fingerprint.add(&head.id);
            fingerprint.add(&head.version);
            fingerprint.add([u8::from(is_running)]);
        }
        fingerprint.finish()
    }

    /// The list.
    pub(crate) fn list<T>(self, sessions: Vec<T>, etag: EntityTag, smaller: Smaller) -> SessionList<T> {
        let total = if self.next_cursor.is_some() { self.count } else { Some(sessions.len()) };
        SessionList { sessions, total, next_cursor: self.next_cursor, etag, smaller }
    }
}

/// The ids of these sessions in the order of the list: that of the rows for a page, whose end is one of them; else newest first,
/// and by id where two were created at once.
pub(crate) fn in_order(options: &ListOptions, ids: &[String], heads: &HashMap<String, SessionHead>) -> Vec<String> {
    if options.page.is_some() {
        return ids.iter().filter(|id| heads.contains_key(*id)).cloned().collect();
    }
    let mut heads: Vec<_> = heads.values().map(|head| (&head.listing, &head.id)).collect();
    heads.sort_unstable_by(|one, other| other.cmp(one));
    heads.into_iter().map(|(_, id)| id.clone()).collect()
}
