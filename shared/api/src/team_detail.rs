//! A team as lists show it, with its leader and members.

use std::sync::{Arc, OnceLock};

use agentscope_model::RosterEntry;
use agentscope_store::{StoredAgent, StoredTeam};

/// A team with its agents.
#[derive(Debug, Clone)]
pub struct TeamDetail {
    /// The record.
    pub team: StoredTeam,
    /// The leading agent, if it exists.
    pub leader_agent: Option<TeamAgent>,
    /// The members that exist, in the team's order.
    pub members: Vec<TeamMember>,
    /// The roster of a team that AgentScope has not migrated yet, computed for this list.
    pub(crate) computed_roster: Option<Vec<RosterEntry>>,
    /// The rendered JSON. It is shared because many sessions may show the team.
    pub(crate) json: OnceLock<Vec<u8>>,
}

/// An agent as a team shows it.
#[derive(Debug, Clone)]
pub struct TeamAgent {
    /// The record.
    pub agent: Arc<StoredAgent>,
    /// Whether the caller may edit it; `None` in releases without the field.
    pub editable: Option<bool>,
}

/// A member of a team.
#[derive(Debug, Clone)]
pub struct TeamMember {
    /// The agent.
    pub agent: TeamAgent,
    /// Its session in the team, or its newest session if the team has no roster.
    pub session_id: Option<String>,
}
