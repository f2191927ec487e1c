//! Sessions as the lists show them.

use std::sync::Arc;

use agentscope_model::ParkedStatus;
use agentscope_store::{SessionHead, StoredSession};

use crate::team_detail::TeamDetail;

/// A session that has been read, with its JSON if that has been rendered already.
#[derive(Debug, Clone)]
pub struct LoadedSession {
    /// What the tables hold of it.
    pub stored: StoredSession,
    pub(crate) json: Option<Vec<u8>>,
}

impl From<StoredSession> for LoadedSession {
    fn from(stored: StoredSession) -> Self {
        Self { stored, json: None }
    }
}

/// A session as the chat screen needs it.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// The record.
    pub session: LoadedSession,
    /// Whether a run lease is held for it now.
    pub is_running: bool,
    /// What it does or waits for; in summaries, and in releases that always say so.
    pub status: Option<SessionStatus>,
    /// Its team, if it has one that exists.
    pub team: Option<Arc<TeamDetail>>,
}

/// What a session does or waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// It runs.
    Running,
    /// It waits for this.
    Parked(ParkedStatus),
    /// Neither.
    Idle,
}

impl SessionStatus {
    /// The status of a session. That it runs counts for more than what its conversation ends with.
    pub(crate) fn of(head: &SessionHead, is_running: bool) -> Self {
        match head.parked_status {
            _ if is_running => Self::Running,
            Some(parked) => Self::Parked(parked),
            None => Self::Idle,
        }
    }

    /// The status as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Parked(status) => status.as_str(),
            Self::Idle => "idle",
        }
    }
}
