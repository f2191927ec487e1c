//! What the routes return, assembled from what the store read.
//!
//! - [`list_sessions`], [`list_schedule_sessions`]: the read plans.
//! - [`list`], [`cursor`], [`etag`]: how lists are asked for in pages, and again.
//! - `states`: sessions with their states.
//! - `teams`: teams with their leaders and members.
//! - `size`: how large a list is, before it is put together, and what would fit instead.
//! - `splice`: the JSON of the answers. Records are not parsed and printed again: an answer is put together from the
//!   JSON texts that the tables hold.

pub mod cursor;
pub mod etag;
pub mod list;
mod list_schedule_sessions;
mod list_sessions;
mod size;
mod splice;
mod states;
mod teams;

use std::sync::{Arc, OnceLock};

use crate::model::{ParkedStatus, RosterEntry};
use crate::store::{SessionHead, StoredAgent, StoredSession, StoredTeam};

pub use list::{Ask, ListError, Listed, MOST_READ, SessionList};
pub use list_schedule_sessions::list_schedule_sessions;
pub use list_sessions::list_sessions;
pub use size::Smaller;
pub use splice::WriteJson;
pub use teams::MOST_MEMBERS;

/// A session as the chat screen needs it.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// The record.
    pub session: StoredSession,
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
    /// The agent that leads, if it exists.
    pub leader_agent: Option<TeamAgent>,
    /// The members that exist, in the team's order.
    pub members: Vec<TeamMember>,
    /// The roster that was worked out for a team that AgentScope has not migrated yet.
    worked_out: Option<Vec<RosterEntry>>,
    /// Many sessions may show the team.
    json: OnceLock<Vec<u8>>,
}

/// An agent as a team shows it.
#[derive(Debug, Clone)]
pub struct TeamAgent {
    /// The record.
    pub agent: Arc<StoredAgent>,
    /// Whether the caller may edit it; `None` in releases that do not say.
    pub editable: Option<bool>,
}

/// A member of a team.
#[derive(Debug, Clone)]
pub struct TeamMember {
    /// The agent.
    pub agent: TeamAgent,
    /// Its session: in the team, or its newest if the team has no roster.
    pub session_id: Option<String>,
}
