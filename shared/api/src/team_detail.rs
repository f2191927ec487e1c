//! Teams as the lists show them.

use std::sync::{Arc, OnceLock};

use agentscope_model::RosterEntry;
use agentscope_store::{StoredAgent, StoredTeam};

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
    pub(crate) worked_out: Option<Vec<RosterEntry>>,
    /// Many sessions may show the team.
    pub(crate) json: OnceLock<Vec<u8>>,
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
