//! Schemas of the response bodies: the lists, and errors.
//!
//! The functions assemble lists from JSON texts, so no type of theirs has the fields of a list.
//! Errors are described here too, so that the functions are built without `schemars`. Tests
//! validate real responses against these schemas.

use agentscope_model::Release;
use agentscope_model::kinds::agent::AGENT;
use agentscope_model::kinds::session::SESSION;
use agentscope_model::kinds::team::TEAM;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use crate::records::Records;

/// The schemas of the lists in a release, and of everything that they refer to.
pub(crate) fn lists(release: Release) -> Map<String, Value> {
    let mut records = Records::new(release);
    let session = records.reference(&SESSION);
    let team = records.reference(&TEAM);
    let agent = records.reference(&AGENT);
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let mut add = |name: &str, schema: Value| drop(records.schemas.insert(name.to_owned(), schema));

    let list = |description: &str, element: Value| {
        closed(
            description,
            &["sessions"],
            json!({
                "sessions": { "type": "array", "items": element, "description": "The sessions of the list or of the page." },
                "total": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "The number of all sessions. A page has it only if it is asked to count.",
                },
                "next_cursor": {
                    "type": ["string", "null"],
                    "description": "On a page only: what `cursor` takes for the next one; null on the last.",
                },
            }),
        )
    };
    add("ListSessionsResponse", list("An agent's sessions, newest first.", reference("SessionView")));
    add("ScheduleSessionsResponse", list("The sessions that a schedule started, newest first.", session.clone()));

    let has_status = release.trims_sessions();
    let status =
        if has_status { "What it does or waits for." } else { "What it does or waits for; in summaries only." };
    let mut required = vec!["session", "is_running", "team"];
    if has_status {
        required.insert(2, "status");
    }
    add(
        "SessionView",
        closed(
            "A session as the chat screen needs it.",
            &required,
            json!({
                "session": described("The record.", session),
                "is_running": { "type": "boolean", "description": "Whether a run lease is held for it now." },
                "status": described(status, reference("SessionStatus")),
                "team": nullable("Its team, if it has one that exists.", reference("TeamDetail")),
            }),
        ),
    );
    add(
        "SessionStatus",
        json!({
            "type": "string",
            "description": "What a session does or waits for.",
            "enum": ["running", "idle", "awaiting_permission", "awaiting_external_result"],
        }),
    );

    let team_agent = if release.has_editable() {
        add(
            "TeamAgent",
            json!({
                "description": "An agent as a team shows it.",
                "type": "object",
                "allOf": [agent],
                "required": ["editable"],
                "properties": {
                    "editable": { "type": "boolean", "description": "Whether the caller may edit it." },
                },
            }),
        );
        reference("TeamAgent")
    } else {
        agent
    };
    add(
        "TeamDetail",
        closed(
            "A team with its agents.",
            &["team", "leader_agent", "members"],
            json!({
                "team": described("The record.", team),
                "leader_agent": nullable("The agent that leads, if it exists.", team_agent.clone()),
                "members": {
                    "type": "array",
                    "items": reference("TeamMember"),
                    "description": "The members that exist, in the team's order.",
                },
            }),
        ),
    );
    let session_id = if release.has_rosters() {
        json!({ "type": "string", "description": "Its session in the team." })
    } else {
        json!({ "type": ["string", "null"], "description": "Its newest session, if it has one." })
    };
    add(
        "TeamMember",
        closed(
            "A member of a team.",
            &["agent", "session_id"],
            json!({
                "agent": described("The agent.", team_agent),
                "session_id": session_id,
            }),
        ),
    );
    records.schemas
}

fn closed(description: &str, required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object",
        "description": description,
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn described(description: &str, reference: Value) -> Value {
    json!({ "description": description, "allOf": [reference] })
}

fn nullable(description: &str, reference: Value) -> Value {
    json!({ "description": description, "anyOf": [reference, { "type": "null" }] })
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

/// What is wrong with an input.
#[derive(JsonSchema)]
pub struct InputProblem {
    /// The kind of problem, as `missing`.
    #[schemars(rename = "type")]
    pub kind: String,
    /// Where the input belongs, and its name.
    pub loc: [String; 2],
    /// The problem in words.
    pub msg: String,
    /// The input; null if there is none.
    pub input: Option<String>,
    /// What the message says, for programs.
    #[schemars(skip_serializing_if = "Option::is_none")]
    pub ctx: Option<Value>,
}

/// What API Gateway returns by itself, before or instead of a function.
#[derive(JsonSchema)]
pub struct GatewayError {
    /// A few words.
    pub message: String,
}
