//! A session as lists show it.

use std::sync::Arc;

use agentscope_model::ParkedStatus;
use agentscope_store::{SessionHead, StoredSession};

use crate::team_detail::TeamDetail;

/// A session with its state, and its JSON if it has been rendered.
#[derive(Debug, Clone)]
pub struct LoadedSession {
    /// The session as stored in the tables.
    pub stored: StoredSession,
    /// The rendered JSON after the prefix of the list that it is for.
    pub(crate) json: Option<Vec<u8>>,
}

impl From<StoredSession> for LoadedSession {
    fn from(stored: StoredSession) -> Self {
        Self { stored, json: None }
    }
}

/// A session of an agent's list, with everything that the chat screen needs.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// The record.
    pub session: LoadedSession,
    /// Whether a run lease marks it as running.
    pub is_running: bool,
    /// What it does or waits for. Present in summaries, and in releases whose lists are trimmed.
    pub status: Option<SessionStatus>,
    /// Its team, if it has one that exists.
    pub team: Option<Arc<TeamDetail>>,
}

/// What a session does or waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// A run is in progress.
    Running,
    /// It waits for the user or for a tool.
    Parked(ParkedStatus),
    /// It is neither running nor waiting.
    Idle,
}

impl SessionStatus {
    /// The status of a session. A run takes precedence over what the conversation waits for.
    pub(crate) fn of(head: &SessionHead, is_running: bool) -> Self {
        match head.parked_status {
            _ if is_running => Self::Running,
            Some(parked) => Self::Parked(parked),
            None => Self::Idle,
        }
    }

    /// The value in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Parked(status) => status.as_str(),
            Self::Idle => "idle",
        }
    }
}
