//! Putting responses together from JSON texts.

use std::iter::once;

use agentscope_model::RosterEntry;
use agentscope_store::{StoreError, StoredMembers, StoredTeam};
use serde::Serialize;

use crate::{LoadedSession, SessionList, SessionView, TeamAgent, TeamDetail, TeamMember};

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

    fn end(self) {
        self.out.push(b'}');
    }
}

impl LoadedSession {
    /// Puts the JSON together behind `opening`, to have it when it is wanted. Returns how many bytes it has.
    pub(crate) fn prepare(&mut self, opening: &str) -> Result<usize, StoreError> {
        let mut json = Vec::with_capacity(opening.len() + self.stored.json_size());
        json.extend_from_slice(opening.as_bytes());
        self.stored.append_json(&mut json)?;
        Ok(self.json.insert(json).len())
    }

    /// The JSON behind `opening`, with which it was prepared if it was.
    fn opened(mut self, opening: &str) -> Result<Vec<u8>, StoreError> {
        if self.json.is_none() {
            self.prepare(opening)?;
        }
        Ok(self.json.unwrap_or_default())
    }
}

impl WriteJson for LoadedSession {
    fn into_json(self) -> Result<Vec<u8>, StoreError> {
        self.opened("")
    }

    fn size_hint(&self) -> usize {
        self.stored.json_size()
    }
}

impl TeamAgent {
    fn append_json(&self, out: &mut Vec<u8>) {
        let json = self.agent.json.as_bytes();
        match (self.editable, json.strip_suffix(b"}")) {
            (Some(editable), Some(members)) => {
                out.extend_from_slice(members);
                Object { out, separator: b',' }.value("editable", &editable).end();
            }
            _ => out.extend_from_slice(json),
        }
    }
}

/// The team's JSON, with the roster that was worked out for it.
fn append_team(team: &StoredTeam, worked_out: Option<&[RosterEntry]>, out: &mut Vec<u8>) {
    let place = match &team.members {
        StoredMembers::Agents { place, .. } => place.clone(),
        StoredMembers::Roster(_) => None,
    };
    let (Some(roster), Some(place)) = (worked_out, place) else {
        out.extend_from_slice(team.json.as_bytes());
        return;
    };
    out.extend_from_slice(&team.json.as_bytes()[..place.start]);
    let ids: Vec<_> = roster.iter().map(|entry| &entry.agent_id).collect();
    // A Vec takes every byte, and strings always have a JSON form.
    out.extend_from_slice(b"\"member_ids\":");
    let _ = serde_json::to_writer(&mut *out, &ids);
    out.extend_from_slice(b",\"members\":[");
    for (index, RosterEntry { owner_id, agent_id, session_id }) in roster.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        Object::new(out)
            .value("owner_id", owner_id)
            .value("agent_id", agent_id)
            .value("session_id", session_id)
            .value("role", &"created")
            .end();
    }
    out.push(b']');
    out.extend_from_slice(&team.json.as_bytes()[place.end..]);
}

impl TeamDetail {
    /// How many bytes its JSON has, at least: the records that it shows.
    pub(crate) fn json_size(&self) -> usize {
        self.team.json.len() + self.agents().map(|agent| agent.agent.json.len()).sum::<usize>()
    }

    /// How many more it has, at most: keys, ids, and a roster that was worked out.
    pub(crate) fn size_uncertainty(&self) -> usize {
        // A byte of an id has up to six in JSON.
        let member = |member: &TeamMember| DOCUMENT_FRAME + 6 * member.session_id.as_ref().map_or(0, String::len);
        let entry = |RosterEntry { owner_id, agent_id, session_id }: &RosterEntry| {
            DOCUMENT_FRAME + 6 * (owner_id.len() + 2 * agent_id.len() + session_id.len())
        };
        DOCUMENT_FRAME
            + self.members.iter().map(member).sum::<usize>()
            + self.worked_out.iter().flatten().map(entry).sum::<usize>()
    }

    fn agents(&self) -> impl Iterator<Item = &TeamAgent> {
        self.leader_agent.iter().chain(self.members.iter().map(|member| &member.agent))
    }

    /// Compact JSON, made once.
    pub fn json(&self) -> &[u8] {
        self.json.get_or_init(|| {
            let mut out = Vec::with_capacity(self.json_size() + self.size_uncertainty());
            let mut detail = Object::new(&mut out);
            append_team(&self.team, self.worked_out.as_deref(), detail.key("team"));
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
    pub(crate) const OPENING: &str = "{\"session\":";
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
        self.session.stored.json_size() + self.team.as_ref().map_or(0, |team| team.json_size())
    }
}

impl<T: WriteJson> SessionList<T> {
    /// About how many bytes of JSON it makes.
    pub fn size_hint(&self) -> usize {
        DOCUMENT_FRAME + self.sessions.iter().map(WriteJson::size_hint).sum::<usize>()
    }

    /// The JSON in pieces, session by session, each made when it is requested. One is an error if a state is damaged.
    pub fn into_pieces(self) -> impl Iterator<Item = Result<Vec<u8>, StoreError>> {
        let Self { sessions, total, next_cursor, .. } = self;
        let count = sessions.len();
        let sessions = sessions.into_iter().zip(1..).map(move |(session, number)| {
            let mut json = session.into_json()?;
            if number < count {
                json.push(b',');
            }
            Ok(json)
        });
        let mut closing = b"]".to_vec();
        let mut rest = Object { out: &mut closing, separator: b',' };
        if let Some(total) = total {
            rest = rest.value("total", &total);
        }
        if let Some(next_cursor) = next_cursor {
            rest = rest.value("next_cursor", &next_cursor);
        }
        rest.end();
        once(Ok(b"{\"sessions\":[".to_vec())).chain(sessions).chain(once(Ok(closing)))
    }
}

/// Field names, ids and times of a record, about.
const DOCUMENT_FRAME: usize = 512;
