//! What the routes return, assembled from what the store read.
//!
//! - [`list_sessions`], [`list_schedule_sessions`]: the read plans.
//! - [`list`], [`cursor`], [`etag`]: how lists are asked for in pages, and again.
//! - `states`: sessions with their states.
//! - `teams`: teams with their leaders and members.
//! - `splice`: the JSON of the answers. Records are not parsed and printed again: an answer is put together from the
//!   JSON texts that the tables hold.

pub mod cursor;
pub mod etag;
pub mod list;
mod list_schedule_sessions;
mod list_sessions;
mod splice;
mod states;
mod teams;

use std::sync::{Arc, OnceLock};

use crate::model::ParkedStatus;
use crate::store::{SessionHead, StoredAgent, StoredSession, StoredTeam};

pub use list::{Ask, ListError, Listed, SessionList};
pub use list_schedule_sessions::list_schedule_sessions;
pub use list_sessions::list_sessions;
pub use splice::WriteJson;

/// A session as the chat screen needs it.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// The record.
    pub session: StoredSession,
    /// Whether a run lease is held for it now.
    pub is_running: bool,
    /// What it does or waits for; in summaries only.
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
    fn of(head: &SessionHead, is_running: bool) -> Self {
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

/// A team with its agents.
#[derive(Debug, Clone)]
pub struct TeamDetail {
    /// The record.
    pub team: StoredTeam,
    /// The agent of the session that leads, if both exist.
    pub leader_agent: Option<Arc<StoredAgent>>,
    /// The members that exist, in the team's order.
    pub members: Vec<TeamMember>,
    /// Many sessions may show the team.
    json: OnceLock<Vec<u8>>,
}

impl TeamDetail {
    fn new(team: StoredTeam, leader_agent: Option<Arc<StoredAgent>>, members: Vec<TeamMember>) -> Self {
        Self { team, leader_agent, members, json: OnceLock::new() }
    }
}

/// A member of a team.
#[derive(Debug, Clone)]
pub struct TeamMember {
    /// The record.
    pub agent: Arc<StoredAgent>,
    /// Its newest session, if it has one.
    pub session_id: Option<String>,
}
