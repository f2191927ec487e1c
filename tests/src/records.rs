//! Records for tests, as JSON in the API's shape.

use serde_json::{Value, json};

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
