//! Lists of sessions: what is asked, and what comes of it.

use std::collections::HashMap;

use super::cursor::Scope;
use super::etag::{EntityTag, Fingerprint, IfNoneMatch};
use crate::model::Release;
use crate::store::{Page, Rows, SessionHead, StoreError, View};

/// How a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The page; `None` for the whole list.
    pub page: Option<Page>,
    /// Whether the number of all sessions is wanted with a page.
    pub count: bool,
    /// How much of each session; `None`: as much as the release shows.
    pub view: Option<View>,
    /// The answers that the caller has already.
    pub known: IfNoneMatch,
    /// The most bytes of JSON that the caller can be given. A larger answer is refused before its states are read, as far as
    /// that is known by then.
    pub most_bytes: usize,
}

impl Default for Ask {
    /// The whole list, in full.
    fn default() -> Self {
        Self { page: None, count: false, view: None, known: IfNoneMatch::Absent, most_bytes: usize::MAX }
    }
}

impl Ask {
    /// Whether the list begins with the newest session.
    pub(super) fn is_from_start(&self) -> bool {
        self.page.as_ref().is_none_or(|page| page.after.is_none())
    }
}

/// What comes of asking for a list.
#[derive(Debug, Clone)]
pub enum Listed<T> {
    /// The list.
    List(SessionList<T>),
    /// The caller has it already.
    NotModified(EntityTag),
}

impl<T> Listed<T> {
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
    /// The number of all sessions: of the whole list it is known, of a page if it was asked for.
    pub total: Option<usize>,
    /// The cursor of the next page: `None` if this is no page, `Some(None)` if it is the last.
    pub next_cursor: Option<Option<String>>,
    /// Changes whenever something visible in the list changes.
    pub etag: EntityTag,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The tables did not answer, or an item cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The answer would be larger than the caller can be given: it has at least this many bytes.
    #[error("the answer has at least {0} bytes")]
    TooLarge(usize),
}

/// # Errors
///
/// With their states, these sessions are more than may be returned.
pub(super) fn check_size<'a>(ask: &Ask, heads: impl Iterator<Item = &'a SessionHead>) -> Result<(), ListError> {
    let size = heads.map(SessionHead::json_size).sum();
    if size > ask.most_bytes { Err(ListError::TooLarge(size)) } else { Ok(()) }
}

/// What surrounds the sessions of a list.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) next_cursor: Option<Option<String>>,
    /// The number of all sessions, if a page was asked for with it.
    pub(super) count: Option<usize>,
    fingerprint: String,
}

impl Frame {
    pub(super) fn new(
        scope: &Scope<'_>,
        ask: &Ask,
        view: View,
        release: Release,
        rows: &Rows,
        count: Option<usize>,
    ) -> Self {
        let next_cursor = ask.page.as_ref().map(|_| rows.end.as_ref().map(|end| scope.cursor(end)));
        let fingerprint = Fingerprint::new()
            .with(format!("{:?} {view:?} {release} {count:?}", scope.route))
            .with(scope.user_id)
            .with(scope.id)
            .with(format!("{next_cursor:?}"))
            .finish();
        Self { next_cursor, count, fingerprint }
    }

    /// The fingerprint of these sessions, each with whether it runs, in this frame.
    pub(super) fn fingerprint<'a>(&self, sessions: impl Iterator<Item = (&'a SessionHead, bool)>) -> String {
        let mut fingerprint = Fingerprint::new().with(&self.fingerprint);
        for (head, is_running) in sessions {
            fingerprint.add(&head.id);
            fingerprint.add(&head.version);
            fingerprint.add([u8::from(is_running)]);
        }
        fingerprint.finish()
    }

    /// The list.
    pub(super) fn list<T>(self, sessions: Vec<T>, etag: EntityTag) -> SessionList<T> {
        let total = if self.next_cursor.is_some() { self.count } else { Some(sessions.len()) };
        SessionList { sessions, total, next_cursor: self.next_cursor, etag }
    }
}

/// The ids of these sessions in the order of the list: that of the rows for a page, whose end is one of them; else newest first,
/// and by id where two were created at once.
pub(super) fn in_order(ask: &Ask, ids: &[String], heads: &HashMap<String, SessionHead>) -> Vec<String> {
    if ask.page.is_some() {
        return ids.iter().filter(|id| heads.contains_key(*id)).cloned().collect();
    }
    let mut heads: Vec<_> = heads.values().map(|head| (&head.listing, &head.id)).collect();
    heads.sort_unstable_by(|one, other| other.cmp(one));
    heads.into_iter().map(|(_, id)| id.clone()).collect()
}
