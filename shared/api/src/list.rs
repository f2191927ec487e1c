//! Lists of sessions: the options of a list, its outcome, and what surrounds its sessions.

use agentscope_model::Release;
use agentscope_store::{Detail, Page, Position, SessionHead, StoreError};

use crate::cursor::Scope;
use crate::etag::{EntityTag, Fingerprint, IfNoneMatch};
use crate::fitting::FittingRequest;
use crate::limits::{MAX_LIST_SESSIONS, MAX_READ_BYTES};

/// The options of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListOptions {
    /// The page; `None` for the whole list.
    pub page: Option<Page>,
    /// Whether a page comes with the number of all sessions.
    pub count: bool,
    /// The requested detail of each session. `None` for the default of the route and the release.
    pub view: Option<Detail>,
    /// The entity tags that the client has.
    pub if_none_match: IfNoneMatch,
    /// The maximum number of sessions in the whole list. A page has its own limit.
    pub max_sessions: usize,
    /// The maximum number of bytes of JSON. A larger list is refused before it is rendered.
    pub max_bytes: usize,
    /// The number of bytes of JSON that fit the response whatever their content.
    pub guaranteed_bytes: usize,
}

impl Default for ListOptions {
    /// The whole list in the default detail, of any size in bytes.
    fn default() -> Self {
        Self {
            page: None,
            count: false,
            view: None,
            if_none_match: IfNoneMatch::Absent,
            max_sessions: MAX_LIST_SESSIONS,
            max_bytes: usize::MAX,
            guaranteed_bytes: usize::MAX,
        }
    }
}

impl ListOptions {
    /// Sets the limits on the size.
    #[must_use]
    pub fn within(self, max_bytes: usize, guaranteed_bytes: usize) -> Self {
        Self { max_bytes, guaranteed_bytes, ..self }
    }

    /// The rows to read: those of the page, or as many as the whole list may have.
    pub(crate) fn row_range(&self) -> Page {
        self.page.clone().unwrap_or(Page { limit: self.max_sessions, after: None })
    }

    /// Checks that the sessions are the whole list, unless a page was requested. `end` is the
    /// position of the last session, if more follow.
    ///
    /// # Errors
    ///
    /// [`ListError::TooManySessions`]: more sessions follow.
    pub(crate) fn check_end(&self, end: Option<&Position>) -> Result<(), ListError> {
        let has_more = self.page.is_none() && end.is_some();
        if has_more { Err(ListError::TooManySessions(self.max_sessions)) } else { Ok(()) }
    }

    /// Whether the list begins with the newest session.
    pub(crate) fn is_from_start(&self) -> bool {
        self.page.as_ref().is_none_or(|page| page.after.is_none())
    }

    /// The maximum number of bytes of JSON that are read. A conditional request may read more than
    /// fits its response: the client may have got the list in another encoding.
    pub(crate) fn max_read_bytes(&self) -> usize {
        if self.if_none_match == IfNoneMatch::Absent { self.max_bytes } else { self.max_bytes.max(MAX_READ_BYTES) }
    }
}

/// The outcome of a request for a list.
#[derive(Debug, Clone)]
pub enum ListOutcome<T> {
    /// The list.
    List(SessionList<T>),
    /// The client has the current list.
    NotModified(EntityTag),
}

impl<T> ListOutcome<T> {
    /// The list; `None` if the client has the current list.
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
    /// The sessions of the list or of the page.
    pub sessions: Vec<T>,
    /// The number of all sessions. A page has it only if it was requested.
    pub total: Option<usize>,
    /// Where the next page begins.
    pub next_page: NextPage,
    /// Changes whenever something visible in the list changes.
    pub etag: EntityTag,
    /// What would fit a response if the whole list did not.
    pub fitting: FittingRequest,
}

/// Where the next page of a list begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextPage {
    /// The list is not a page.
    NotPaged,
    /// This page is the last.
    Last,
    /// The next page begins at this cursor.
    Cursor(String),
}

impl NextPage {
    fn new(options: &ListOptions, end: Option<&Position>, scope: &Scope<'_>) -> Self {
        match (&options.page, end) {
            (None, _) => Self::NotPaged,
            (Some(_), None) => Self::Last,
            (Some(_), Some(end)) => Self::Cursor(scope.cursor(end)),
        }
    }

    /// The form in fingerprints. Another form changes the entity tags of all lists.
    fn fingerprint_text(&self) -> String {
        match self {
            Self::NotPaged => "None".to_owned(),
            Self::Last => "Some(None)".to_owned(),
            Self::Cursor(cursor) => format!("Some(Some({cursor:?}))"),
        }
    }
}

/// Why a list cannot be returned.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The tables did not respond, or an item cannot be read.
    #[error(transparent)]
    Store(StoreError),
    /// The list is larger than [`ListOptions::max_bytes`].
    #[error("the list has at least {bytes} bytes")]
    TooLarge {
        /// A lower bound of its size in bytes of JSON.
        bytes: usize,
        /// What fits.
        fitting: FittingRequest,
    },
    /// The whole list has more sessions than this.
    #[error("the list has more than {0} sessions")]
    TooManySessions(usize),
    /// The teams of the list name more agents than are read for one list.
    #[error("the teams of the list name {0} agents")]
    TooManyMembers(usize),
}

impl From<StoreError> for ListError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::ExceedsLimit(bytes) => Self::TooLarge { bytes, fitting: FittingRequest::default() },
            error => Self::Store(error),
        }
    }
}

/// What surrounds the sessions of a list.
#[derive(Debug, Clone)]
pub(crate) struct ListEnvelope {
    next_page: NextPage,
    /// The number of all sessions, if a page was requested with it.
    count: Option<usize>,
    fingerprint: String,
}

impl ListEnvelope {
    pub(crate) fn new(
        scope: &Scope<'_>,
        options: &ListOptions,
        detail: Detail,
        release: Release,
        end: Option<&Position>,
        count: Option<usize>,
    ) -> Self {
        let next_page = NextPage::new(options, end, scope);
        let fingerprint = Fingerprint::new()
            .with(format!("{:?} {detail:?} {release} {count:?}", scope.route))
            .with(scope.user_id)
            .with(scope.id)
            .with(next_page.fingerprint_text())
            .finish();
        Self { next_page, count, fingerprint }
    }

    /// The fingerprint of the list with these sessions, each with whether it is running.
    pub(crate) fn fingerprint<'a>(&self, sessions: impl Iterator<Item = (&'a SessionHead, bool)>) -> String {
        let mut fingerprint = Fingerprint::new().with(&self.fingerprint);
        for (head, is_running) in sessions {
            fingerprint.add(&head.id);
            fingerprint.add(&head.version);
            fingerprint.add([u8::from(is_running)]);
        }
        fingerprint.finish()
    }

    /// Puts the sessions into the envelope.
    pub(crate) fn into_list<T>(self, sessions: Vec<T>, etag: EntityTag, fitting: FittingRequest) -> SessionList<T> {
        let total = match self.next_page {
            NextPage::NotPaged => Some(sessions.len()),
            NextPage::Last | NextPage::Cursor(_) => self.count,
        };
        SessionList { sessions, total, next_page: self.next_page, etag, fitting }
    }
}
