//! The size of a list before it is rendered, and the part of it that fits a response.

use agentscope_store::{Detail, Listed, SessionHead};

use crate::fitting::FittingRequest;
use crate::limits::MAX_PAGE_SIZE;
use crate::list::{ListError, ListOptions};
use crate::session_view::LoadedSession;
use crate::teams::Teams;

/// The maximum size of what surrounds a session in a list, in bytes: `is_running`, its status,
/// keys.
const ROW_OVERHEAD: usize = 128;
/// The maximum size of what surrounds the sessions of a list, in bytes: their number and a cursor.
const LIST_OVERHEAD: usize = 4096;

/// The size of a session in a list, in bytes of JSON.
#[derive(Debug, Clone, Copy)]
struct RowSize {
    /// A lower bound of its size in the requested detail.
    requested: usize,
    /// A lower bound without the bulk of its state; `None` if the bulk must be read to know it.
    trimmed: Option<usize>,
    /// The maximum difference between either bound and the real size.
    uncertainty: usize,
}

/// The sizes of the sessions of a list, in its order.
pub(crate) struct ListSize {
    rows: Vec<RowSize>,
    /// Whether the rows are all sessions of the list.
    is_complete: bool,
}

impl ListSize {
    /// The sizes before states are read. Reading may have stopped at a limit.
    pub(crate) fn from_heads(listed: &Listed, teams: Option<&Teams>) -> Self {
        let row = |head: &SessionHead| RowSize::new(head, head.json_size(), teams);
        Self { rows: listed.sessions.iter().map(row).collect(), is_complete: !listed.is_cut }
    }

    /// The sizes of sessions whose states have been read.
    pub(crate) fn from_sessions(sessions: &[LoadedSession], teams: Option<&Teams>) -> Self {
        let row = |session: &LoadedSession| RowSize::new(&session.stored.head, session.stored.json_size(), teams);
        Self { rows: sessions.iter().map(row).collect(), is_complete: true }
    }

    fn bytes(&self) -> usize {
        self.rows.iter().map(|size| size.requested).fold(0, usize::saturating_add)
    }

    /// Compares the size with the limit.
    ///
    /// # Errors
    ///
    /// The list is larger than [`ListOptions::max_bytes`].
    pub(crate) fn check(&self, options: &ListOptions, detail: Detail) -> Result<(), ListError> {
        if self.bytes() <= options.max_bytes { Ok(()) } else { Err(self.error(options, detail)) }
    }

    /// The error of a list that is too large.
    pub(crate) fn error(&self, options: &ListOptions, detail: Detail) -> ListError {
        ListError::TooLarge { bytes: self.bytes(), fitting: self.fitting(options.guaranteed_bytes, detail) }
    }

    /// The part of the list that fits this many bytes of JSON.
    pub(crate) fn fitting(&self, guaranteed_bytes: usize, detail: Detail) -> FittingRequest {
        let count_fitting = |bytes_of: fn(&RowSize) -> Option<usize>| {
            let mut bytes = LIST_OVERHEAD;
            let fits = |size: &&RowSize| {
                let row = bytes_of(size).map(|row| row.saturating_add(size.uncertainty));
                bytes = bytes.saturating_add(row.unwrap_or(usize::MAX));
                bytes <= guaranteed_bytes
            };
            self.rows.iter().take_while(fits).count()
        };
        let limit = count_fitting(|size| Some(size.requested)).min(MAX_PAGE_SIZE);
        if detail == Detail::Summary {
            return FittingRequest { limit, ..FittingRequest::default() };
        }
        let trimmed = count_fitting(|size| size.trimmed);
        FittingRequest {
            first_trimmed: self.rows.first().and_then(|size| size.trimmed),
            limit,
            trimmed: self.is_complete && trimmed == self.rows.len(),
            trimmed_limit: trimmed.min(MAX_PAGE_SIZE),
        }
    }
}

/// A lower bound of the size of these sessions, in bytes of JSON.
pub(crate) fn total_size(heads: &[SessionHead]) -> usize {
    heads.iter().map(SessionHead::json_size).fold(0, usize::saturating_add)
}

impl RowSize {
    fn new(head: &SessionHead, session: usize, teams: Option<&Teams>) -> Self {
        let team = teams.and_then(|teams| teams.get(head.team_id.as_ref()?));
        let (team, uncertainty) = team.map_or((0, 0), |team| (team.json_size(), team.size_uncertainty()));
        Self {
            requested: session.saturating_add(team),
            trimmed: head.has_outline().then(|| head.outline_size() + team),
            uncertainty: ROW_OVERHEAD + uncertainty,
        }
    }
}
