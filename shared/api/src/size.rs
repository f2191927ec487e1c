//! How large a list is, before any of it is put together.

use std::collections::HashMap;

use agentscope_store::{Detail, SessionHead, StoreError};

use crate::LoadedSession;
use crate::list::{ListError, ListOptions};
use crate::teams::Teams;

/// What surrounds a session in a list, at most: whether it runs, its status, and keys.
const ROW_FRAME: usize = 128;
/// What surrounds the sessions of a list, at most: their number and a cursor.
const LIST_FRAME: usize = 4096;
/// The most sessions that a page can be requested.
const MOST_LIMIT: usize = 100;

/// The JSON of a session in a list, in bytes.
#[derive(Debug, Clone, Copy)]
struct RowSize {
    /// As it was requested.
    row: usize,
    /// Without the bulk of its state; `None` if nobody knows before the bulk has been read.
    trimmed: Option<usize>,
    /// What both may have more.
    uncertainty: usize,
}

/// What fits a response if the request requests less of the same list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Smaller {
    /// This many sessions, from the same place on, as they were requested; 0 if it is not certain that any fits.
    pub limit: usize,
    /// The same sessions without the bulk of their states.
    pub trimmed: bool,
    /// This many sessions without the bulk of their states; 0 if it is not certain that any fits.
    pub trimmed_limit: usize,
    /// The bytes of JSON of the first session without the bulk of its state, if they are known.
    pub first_trimmed: Option<usize>,
}

/// The sessions of a list, in its order.
pub(crate) struct ListSize {
    rows: Vec<RowSize>,
    /// Whether all sessions are among the rows.
    is_whole: bool,
}

impl ListSize {
    /// Of these sessions, of which only the heads have been read: all of this many, or those up to a limit.
    pub(crate) fn of_heads(
        order: &[String],
        heads: &HashMap<String, SessionHead>,
        teams: Option<&Teams>,
        count: usize,
    ) -> Self {
        let rows = order.iter().filter_map(|id| Some(RowSize::of(heads.get(id)?, None, teams))).collect();
        Self { rows, is_whole: heads.len() == count }
    }

    /// Of these sessions, of which everything has been read.
    pub(crate) fn of_sessions(sessions: &[LoadedSession], teams: Option<&Teams>) -> Self {
        let row = |session: &LoadedSession| RowSize::of(&session.stored.head, Some(session.stored.json_size()), teams);
        Self { rows: sessions.iter().map(row).collect(), is_whole: true }
    }

    fn bytes(&self) -> usize {
        self.rows.iter().map(|size| size.row).fold(0, usize::saturating_add)
    }

    /// # Errors
    ///
    /// The list is more than may be returned.
    pub(crate) fn check(&self, options: &ListOptions, view: Detail) -> Result<(), ListError> {
        if self.bytes() <= options.most_bytes { Ok(()) } else { Err(self.error(options, view)) }
    }

    /// The error that says that the list is too large.
    pub(crate) fn error(&self, options: &ListOptions, view: Detail) -> ListError {
        ListError::TooLarge { bytes: self.bytes(), smaller: self.smaller(options.certain_bytes, view) }
    }

    /// What of the list fits into this many bytes of JSON.
    pub(crate) fn smaller(&self, certain_bytes: usize, view: Detail) -> Smaller {
        let fitting = |row: fn(&RowSize) -> Option<usize>| {
            let mut bytes = LIST_FRAME;
            let fits = |size: &&RowSize| {
                let row = row(size).map(|row| row.saturating_add(size.uncertainty));
                bytes = bytes.saturating_add(row.unwrap_or(usize::MAX));
                bytes <= certain_bytes
            };
            self.rows.iter().take_while(fits).count()
        };
        let limit = fitting(|size| Some(size.row)).min(MOST_LIMIT);
        if view == Detail::Summary {
            return Smaller { limit, ..Smaller::default() };
        }
        let trimmed = fitting(|size| size.trimmed);
        Smaller {
            first_trimmed: self.rows.first().and_then(|size| size.trimmed),
            limit,
            trimmed: self.is_whole && trimmed == self.rows.len(),
            trimmed_limit: trimmed.min(MOST_LIMIT),
        }
    }
}

/// The bytes of JSON that these sessions have, at least.
pub(crate) fn total(heads: &HashMap<String, SessionHead>) -> usize {
    heads.values().map(SessionHead::json_size).fold(0, usize::saturating_add)
}

impl RowSize {
    fn of(head: &SessionHead, size: Option<usize>, teams: Option<&Teams>) -> Self {
        let team = teams.and_then(|teams| teams.get(head.team_id.as_ref()?));
        let (team, uncertainty) = team.map_or((0, 0), |team| (team.json_size(), team.size_uncertainty()));
        Self {
            row: size.unwrap_or(head.json_size()).saturating_add(team),
            trimmed: (!head.needs_bulk()).then(|| head.outline_size() + team),
            uncertainty: ROW_FRAME + uncertainty,
        }
    }
}

impl From<StoreError> for ListError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::ExceedsLimit(bytes) => Self::TooLarge { bytes, smaller: Smaller::default() },
            error => Self::Store(error),
        }
    }
}
