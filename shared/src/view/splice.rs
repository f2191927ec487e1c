//! Putting answers together from JSON texts.

use serde::Serialize;

use super::{ListSessionsResponse, ScheduleSessionsResponse, SessionView, TeamDetail, TeamMember};
use crate::store::{StoredAgent, StoredSession, StoredTeam};

/// What can be written into an answer.
pub trait WriteJson {
    /// Appends compact JSON.
    fn write_json(&self, out: &mut Vec<u8>);

    /// About how many bytes that will be.
    fn size_hint(&self) -> usize;

    /// The whole as a text of its own.
    fn to_json(&self) -> String {
        let mut out = Vec::with_capacity(self.size_hint());
        self.write_json(&mut out);
        // Everything written is a `str` or comes out of serde_json.
        String::from_utf8(out).unwrap_or_default()
    }
}

/// An object that is being written.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    separator: u8,
}

impl<'a> Object<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, separator: b'{' }
    }

    fn key(&mut self, key: &str) -> &mut Vec<u8> {
        self.out.push(self.separator);
        self.separator = b',';
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A member whose value is JSON text.
    fn json(mut self, key: &str, json: &str) -> Self {
        self.key(key).extend_from_slice(json.as_bytes());
        self
    }

    fn value(mut self, key: &str, value: &impl Serialize) -> Self {
        // A Vec takes every byte, and a string, option or number always has a JSON form.
        let _ = serde_json::to_writer(self.key(key), value);
        self
    }

    fn member(mut self, key: &str, value: Option<&impl WriteJson>) -> Self {
        let out = self.key(key);
        match value {
            Some(value) => value.write_json(out),
            None => out.extend_from_slice(b"null"),
        }
        self
    }

    fn list<T: WriteJson>(mut self, key: &str, values: &[T]) -> Self {
        let out = self.key(key);
        out.push(b'[');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            value.write_json(out);
        }
        out.push(b']');
        self
    }

    /// The members of another object, given as its text.
    fn members(self, object: &str) -> Self {
        let inner = object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
        if !inner.is_empty() {
            self.out.push(b',');
            self.out.extend_from_slice(inner.as_bytes());
        }
        self
    }

    fn end(self) {
        self.out.push(b'}');
    }
}

impl WriteJson for StoredSession {
    fn write_json(&self, out: &mut Vec<u8>) {
        let head = &self.head;
        let mut object = Object::new(out)
            .value("id", &head.id)
            .value("updated_at", &head.updated_at)
            .value("created_at", &head.created_at)
            .value("user_id", &head.user_id)
            .value("agent_id", &head.agent_id)
            .value("source", &head.source)
            .value("source_schedule_id", &head.source_schedule_id)
            .value("team_id", &head.team_id)
            .json("config", self.config());
        Object::new(object.key("state"))
            .value("session_id", &self.state_session_id())
            .json("summary", self.summary())
            .json("context", self.context())
            .value("reply_id", &self.reply_id())
            .json("cur_iter", self.cur_iter())
            .json("permission_context", self.permission_context())
            .json("tool_context", self.tool_context())
            .json("tasks_context", self.tasks_context())
            .members(self.state_extra())
            .end();
        object.members(self.extra()).end();
    }

    fn size_hint(&self) -> usize {
        self.size_hint()
    }
}

impl WriteJson for StoredAgent {
    fn write_json(&self, out: &mut Vec<u8>) {
        Object::new(out)
            .value("id", &self.id)
            .value("updated_at", &self.updated_at)
            .value("created_at", &self.created_at)
            .value("user_id", &self.user_id)
            .value("source", &self.source)
            .json("data", &self.data)
            .members(self.extra.as_deref().unwrap_or_default())
            .end();
    }

    fn size_hint(&self) -> usize {
        DOCUMENT_FRAME + self.data.len()
    }
}

impl WriteJson for StoredTeam {
    fn write_json(&self, out: &mut Vec<u8>) {
        Object::new(out)
            .value("id", &self.id)
            .value("updated_at", &self.updated_at)
            .value("created_at", &self.created_at)
            .value("user_id", &self.user_id)
            .value("session_id", &self.session_id)
            .json("data", &self.data)
            .members(self.extra.as_deref().unwrap_or_default())
            .end();
    }

    fn size_hint(&self) -> usize {
        DOCUMENT_FRAME + self.data.len()
    }
}

impl WriteJson for TeamMember {
    fn write_json(&self, out: &mut Vec<u8>) {
        Object::new(out).member("agent", Some(&*self.agent)).value("session_id", &self.session_id).end();
    }

    fn size_hint(&self) -> usize {
        self.agent.size_hint() + 64
    }
}

impl WriteJson for TeamDetail {
    fn write_json(&self, out: &mut Vec<u8>) {
        Object::new(out)
            .member("team", Some(&self.team))
            .member("leader_agent", self.leader_agent.as_deref())
            .list("members", &self.members)
            .end();
    }

    fn size_hint(&self) -> usize {
        self.team.size_hint()
            + self.leader_agent.as_ref().map_or(0, |agent| agent.size_hint())
            + self.members.iter().map(WriteJson::size_hint).sum::<usize>()
    }
}

impl WriteJson for SessionView {
    fn write_json(&self, out: &mut Vec<u8>) {
        Object::new(out)
            .member("session", Some(&self.session))
            .value("is_running", &self.is_running)
            .member("team", self.team.as_deref())
            .end();
    }

    fn size_hint(&self) -> usize {
        self.session.size_hint() + self.team.as_ref().map_or(0, |team| team.size_hint())
    }
}

impl WriteJson for ListSessionsResponse {
    fn write_json(&self, out: &mut Vec<u8>) {
        Object::new(out).list("sessions", &self.sessions).value("total", &self.sessions.len()).end();
    }

    fn size_hint(&self) -> usize {
        DOCUMENT_FRAME + self.sessions.iter().map(WriteJson::size_hint).sum::<usize>()
    }
}

impl WriteJson for ScheduleSessionsResponse {
    fn write_json(&self, out: &mut Vec<u8>) {
        Object::new(out).list("sessions", &self.sessions).value("total", &self.sessions.len()).end();
    }

    fn size_hint(&self) -> usize {
        DOCUMENT_FRAME + self.sessions.iter().map(WriteJson::size_hint).sum::<usize>()
    }
}

/// Field names, ids and times of a record, about.
const DOCUMENT_FRAME: usize = 512;
