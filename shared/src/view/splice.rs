//! Putting answers together from JSON texts.

use serde::Serialize;

use super::{SessionList, SessionView, TeamDetail, TeamMember};
use crate::store::{StoreError, StoredAgent, StoredSession, StoredTeam};

/// What becomes an element of a list.
pub trait WriteJson {
    /// Compact JSON.
    ///
    /// # Errors
    ///
    /// A state is damaged.
    fn into_json(self) -> Result<Vec<u8>, StoreError>;

    /// About how many bytes that will be.
    fn size_hint(&self) -> usize;
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

    /// Where the next members go.
    fn next(&mut self) -> &mut Vec<u8> {
        self.out.push(self.separator);
        self.separator = b',';
        self.out
    }

    fn key(&mut self, key: &str) -> &mut Vec<u8> {
        let out = self.next();
        out.push(b'"');
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        out
    }

    /// A member whose value is JSON text.
    fn json(mut self, key: &str, json: impl AsRef<[u8]>) -> Self {
        self.key(key).extend_from_slice(json.as_ref());
        self
    }

    fn value(mut self, key: &str, value: &impl Serialize) -> Self {
        // A Vec takes every byte, and a string, option or number always has a JSON form.
        let _ = serde_json::to_writer(self.key(key), value);
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

impl StoredSession {
    /// Puts the JSON together behind `opening`, to have it when it is wanted. Returns how many bytes it has.
    pub(super) fn prepare(&mut self, opening: &str) -> Result<usize, StoreError> {
        let mut json = Vec::with_capacity(opening.len() + self.size_hint());
        json.extend_from_slice(opening.as_bytes());
        self.append_json(&mut json)?;
        Ok(self.json.insert(json).len())
    }

    /// The JSON behind `opening`, with which it was prepared if it was.
    fn opened(mut self, opening: &str) -> Result<Vec<u8>, StoreError> {
        if self.json.is_none() {
            self.prepare(opening)?;
        }
        Ok(self.json.unwrap_or_default())
    }

    fn append_json(&self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let head = &self.head;
        let documents = self.documents()?;
        let mut object = Object::new(out)
            .value("id", &head.id)
            .value("updated_at", &head.updated_at)
            .value("created_at", &head.created_at)
            .value("user_id", &head.user_id)
            .value("agent_id", &head.agent_id)
            .value("source", &head.source)
            .value("source_schedule_id", &head.source_schedule_id)
            .value("team_id", &head.team_id)
            .json("config", &documents.config);
        let mut state = Object::new(object.key("state")).value("session_id", &head.state_session_id);
        let tool_context = self.append_conversation(state.next())?;
        state
            .value("reply_id", &head.reply_id)
            .json("cur_iter", &head.cur_iter)
            .json("permission_context", &documents.permission_context)
            .json("tool_context", &tool_context)
            .json("tasks_context", &documents.tasks_context)
            .members(&documents.state_extra)
            .end();
        object.members(&documents.extra).end();
        Ok(())
    }
}

impl WriteJson for StoredSession {
    fn into_json(self) -> Result<Vec<u8>, StoreError> {
        self.opened("")
    }

    fn size_hint(&self) -> usize {
        self.size_hint()
    }
}

impl StoredAgent {
    fn append_json(&self, out: &mut Vec<u8>) {
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
}

impl StoredTeam {
    fn append_json(&self, out: &mut Vec<u8>) {
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
}

impl TeamDetail {
    /// Compact JSON, made once.
    pub fn json(&self) -> &[u8] {
        self.json.get_or_init(|| {
            let agents = self.leader_agent.iter().chain(self.members.iter().map(|member| &member.agent));
            let size = DOCUMENT_FRAME
                + self.team.data.len()
                + agents.map(|agent| DOCUMENT_FRAME + agent.data.len()).sum::<usize>();
            let mut out = Vec::with_capacity(size);
            let mut detail = Object::new(&mut out);
            self.team.append_json(detail.key("team"));
            let leader = detail.key("leader_agent");
            match &self.leader_agent {
                Some(agent) => agent.append_json(leader),
                None => leader.extend_from_slice(b"null"),
            }
            let members = detail.key("members");
            members.push(b'[');
            for (index, TeamMember { agent, session_id }) in self.members.iter().enumerate() {
                if index > 0 {
                    members.push(b',');
                }
                let mut member = Object::new(members);
                agent.append_json(member.key("agent"));
                member.value("session_id", session_id).end();
            }
            members.push(b']');
            detail.end();
            out
        })
    }
}

impl SessionView {
    /// What comes before the session.
    pub(super) const OPENING: &str = "{\"session\":";
}

impl WriteJson for SessionView {
    fn into_json(self) -> Result<Vec<u8>, StoreError> {
        let mut json = self.session.opened(Self::OPENING)?;
        let mut view = Object { out: &mut json, separator: b',' }.value("is_running", &self.is_running);
        if let Some(status) = self.status {
            view = view.value("status", &status.as_str());
        }
        view.json("team", self.team.as_ref().map_or(&b"null"[..], |team| team.json())).end();
        Ok(json)
    }

    fn size_hint(&self) -> usize {
        self.session.size_hint() + self.team.as_ref().map_or(0, |team| team.json().len())
    }
}

impl<T: WriteJson> SessionList<T> {
    /// About how many bytes of JSON it makes.
    pub fn size_hint(&self) -> usize {
        DOCUMENT_FRAME + self.sessions.iter().map(WriteJson::size_hint).sum::<usize>()
    }

    /// Hands over the JSON in pieces, session by session.
    ///
    /// # Errors
    ///
    /// A state is damaged, or `take` does not want more.
    pub fn into_json<E: From<StoreError>>(self, mut take: impl FnMut(Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let mut last = b"{\"sessions\":[".to_vec();
        for (index, session) in self.sessions.into_iter().enumerate() {
            if index > 0 {
                last.push(b',');
            }
            take(std::mem::replace(&mut last, session.into_json()?))?;
        }
        last.push(b']');
        let mut rest = Object { out: &mut last, separator: b',' };
        if let Some(total) = self.total {
            rest = rest.value("total", &total);
        }
        if let Some(next_cursor) = self.next_cursor {
            rest = rest.value("next_cursor", &next_cursor);
        }
        rest.end();
        take(last)
    }
}

/// Field names, ids and times of a record, about.
const DOCUMENT_FRAME: usize = 512;
