//! The bodies that are no records.
//!
//! The functions put their answers together from JSON texts, so no type of theirs has these fields. What holds these types and the
//! functions together are real answers, which the tests check against the schemas; they allow no other fields than these.

use agentscope_shared::api::error::InputProblem;
use agentscope_shared::model::{AgentRecord, SessionRecord, TeamRecord};
use schemars::JsonSchema;

/// An agent's sessions, newest first.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ListSessionsResponse {
    /// The sessions of the list or of the page.
    pub sessions: Vec<SessionView>,
    /// The number of all sessions. A page has it only if it is asked to count.
    #[schemars(skip_serializing_if = "Option::is_none", with = "u32")]
    pub total: Option<u32>,
    /// On a page only: what `cursor` asks for the next one; null on the last.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// The sessions that a schedule started, newest first.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ScheduleSessionsResponse {
    /// The sessions of the list or of the page.
    pub sessions: Vec<SessionRecord>,
    /// The number of all sessions. A page has it only if it is asked to count.
    #[schemars(skip_serializing_if = "Option::is_none", with = "u32")]
    pub total: Option<u32>,
    /// On a page only: what `cursor` asks for the next one; null on the last.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A session as the chat screen needs it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SessionView {
    /// The record.
    pub session: SessionRecord,
    /// Whether a run lease is held for it now.
    pub is_running: bool,
    /// What it does or waits for; in summaries only.
    #[schemars(skip_serializing_if = "Option::is_none", with = "SessionStatus")]
    pub status: Option<SessionStatus>,
    /// Its team, if it has one that exists.
    pub team: Option<TeamDetail>,
}

/// What a session does or waits for.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum SessionStatus {
    /// It runs.
    Running,
    /// It waits for the user's permission to call a tool.
    AwaitingPermission,
    /// It waits for the result of a tool call that is executed elsewhere.
    AwaitingExternalResult,
    /// None of these.
    Idle,
}

/// A team with its agents.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TeamDetail {
    /// The record.
    pub team: TeamRecord,
    /// The agent of the session that leads, if both exist.
    pub leader_agent: Option<AgentRecord>,
    /// The members that exist, in the team's order.
    pub members: Vec<TeamMember>,
}

/// A member of a team.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TeamMember {
    /// The record.
    pub agent: AgentRecord,
    /// Its newest session, if it has one.
    pub session_id: Option<String>,
}

/// Why a request is not answered with a list.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Error {
    /// A sentence.
    pub detail: String,
}

/// What is wrong with the headers and parameters of a request, all of it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct InputErrors {
    /// Each problem.
    #[schemars(length(min = 1))]
    pub detail: Vec<InputProblem>,
}

/// What API Gateway answers by itself, before or instead of a function.
#[derive(JsonSchema)]
pub struct GatewayError {
    /// A few words.
    pub message: String,
}
