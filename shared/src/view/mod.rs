//! What the routes return, assembled from what the store read.
//!
//! Records are not parsed and printed again: an answer is put together from the JSON texts that the tables hold.

mod list_schedule_sessions;
mod list_sessions;
mod splice;

use std::sync::Arc;

use crate::store::{StoredAgent, StoredSession, StoredTeam};

pub use list_schedule_sessions::list_schedule_sessions;
pub use list_sessions::list_sessions;
pub use splice::WriteJson;

/// The answer of `GET /sessions/`.
#[derive(Debug, Clone)]
pub struct ListSessionsResponse {
    /// The sessions of the agent, newest first.
    pub sessions: Vec<SessionView>,
}

/// A session as the chat screen needs it.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// The record.
    pub session: StoredSession,
    /// Whether a run lease is held for it now.
    pub is_running: bool,
    /// Its team, if it has one that exists.
    pub team: Option<Arc<TeamDetail>>,
}

/// A team with its agents.
#[derive(Debug, Clone)]
pub struct TeamDetail {
    /// The record.
    pub team: StoredTeam,
    /// The agent of the session that leads, if both exist.
    pub leader_agent: Option<Arc<StoredAgent>>,
    /// The members that exist, in the team's order.
    pub members: Vec<TeamMember>,
}

/// A member of a team.
#[derive(Debug, Clone)]
pub struct TeamMember {
    /// The record.
    pub agent: Arc<StoredAgent>,
    /// Its newest session, if it has one.
    pub session_id: Option<String>,
}

/// The answer of `GET /schedule/{schedule_id}/sessions`.
#[derive(Debug, Clone)]
pub struct ScheduleSessionsResponse {
    /// The sessions that the schedule started, newest first.
    pub sessions: Vec<StoredSession>,
}
