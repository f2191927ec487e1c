//! Records for tests, as JSON in the API's shape.

use agentscope_model::{InvalidRecord, Outline, Record, Release, SessionRecord};
use serde_json::{Value, json};

/// Reads a record of AgentScope 2.0.1.
///
/// # Errors
///
/// It is invalid.
pub fn parse<T: Record>(text: &str) -> Result<T, InvalidRecord> {
    agentscope_model::parse(text, Release::V2_0_1)
}

/// Reads a session record of AgentScope 2.0.1.
///
/// # Panics
///
/// It is invalid.
pub fn session_record(session: &Value) -> SessionRecord {
    parse(&session.to_string()).unwrap()
}

/// An agent.
pub fn agent(user_id: &str, id: &str) -> Value {
    json!({
        "id": id, "updated_at": "2026-01-01T00:00:00", "created_at": "2026-01-01T00:00:00", "user_id": user_id,
        "source": "user",
        "data": { "id": id, "name": format!("agent {id} of {user_id}"), "context_config": {}, "react_config": {} },
    })
}

/// A session.
pub fn session(user_id: &str, agent_id: &str, id: &str, created_at: &str) -> Value {
    json!({
        "id": id, "updated_at": created_at, "created_at": created_at, "user_id": user_id, "agent_id": agent_id,
        "config": { "workspace_id": "workspace", "name": format!("session {id} of {user_id}") },
        "state": { "session_id": id, "reply_id": "" },
    })
}

/// A session that a schedule started.
pub fn run(user_id: &str, agent_id: &str, schedule_id: &str, id: &str, created_at: &str) -> Value {
    let mut session = session(user_id, agent_id, id, created_at);
    session["source"] = json!("schedule");
    session["source_schedule_id"] = json!(schedule_id);
    session
}

/// A team.
pub fn team(user_id: &str, id: &str, session_id: &str, member_ids: &[&str]) -> Value {
    json!({
        "id": id, "updated_at": "2026-01-01T00:00:00", "created_at": "2026-01-01T00:00:00", "user_id": user_id,
        "session_id": session_id,
        "data": { "name": format!("team {id} of {user_id}"), "member_ids": member_ids },
    })
}

/// A schedule.
pub fn schedule(user_id: &str, id: &str) -> Value {
    json!({
        "id": id, "updated_at": "2026-01-01T00:00:00", "created_at": "2026-01-01T00:00:00", "user_id": user_id,
        "agent_id": "any",
        "data": {
            "name": format!("schedule {id} of {user_id}"), "cron_expression": "0 6 * * *",
            "started_at": "2026-01-01T00:00:00",
            "chat_model_config": { "type": "dashscope", "credential_id": "c", "model": "m", "parameters": {} },
        },
    })
}

/// The record with a member set. The place is a JSON pointer, as `/state/summary`.
///
/// # Panics
///
/// The record has no object there.
pub fn with(mut record: Value, place: &str, value: impl Into<Value>) -> Value {
    let (object, member) = place.rsplit_once('/').unwrap();
    record.pointer_mut(object).unwrap().as_object_mut().unwrap().insert(member.to_owned(), value.into());
    record
}

/// Text that hardly compresses: 64 letters in an order that only the seed knows.
pub fn noise(seed: u64, length: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let letter = || {
        // xorshift64*
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        char::from(LETTERS[(state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 58) as usize])
    };
    std::iter::repeat_with(letter).take(length).collect()
}

/// An export of these records.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub struct World {
    /// Agents.
    pub agents: Vec<Value>,
    /// Sessions.
    pub sessions: Vec<Value>,
    /// Teams.
    pub teams: Vec<Value>,
    /// Schedules.
    pub schedules: Vec<Value>,
    /// Ids of running sessions.
    pub running: Vec<String>,
}

impl World {
    /// The export's text.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap()
    }
}

/// The whole JSON of a session, as a list shows it.
pub fn json_of(session: &SessionRecord) -> String {
    let Outline { json, conversation_at, tool_context_at } = &session.outline;
    let between = *conversation_at + Outline::EMPTY_CONVERSATION.len()..*tool_context_at;
    let after = *tool_context_at + Outline::EMPTY_TOOL_CONTEXT.len();
    [&json[..*conversation_at], &session.conversation, &json[between], &session.tool_context, &json[after..]].concat()
}
