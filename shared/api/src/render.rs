//! Renders lists from the JSON texts that the tables store, without parsing them.

use std::iter::once;

use agentscope_model::RosterEntry;
use agentscope_store::{StoreError, StoredMembers, StoredTeam};
use serde::Serialize;

use crate::list::{NextPage, SessionList};
use crate::session_view::{LoadedSession, SessionView};
use crate::team_detail::{TeamAgent, TeamDetail, TeamMember};

/// An element of a list that renders itself.
pub trait WriteJson {
    /// Renders compact JSON.
    ///
    /// # Errors
    ///
    /// The stored state is damaged.
    fn into_json(self) -> Result<Vec<u8>, StoreError>;

    /// The approximate size in bytes.
    fn size_hint(&self) -> usize;
}

/// Writes a JSON object.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    separator: u8,
}

impl<'a> Object<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, separator: b'{' }
    }

    /// Writes the separator before the next member.
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
        // Writing to a Vec cannot fail, and every string, option and number has a JSON form.
        let _ = serde_json::to_writer(self.key(key), value);
        self
    }

    fn end(self) {
        self.out.push(b'}');
    }
}

impl LoadedSession {
    /// Renders the JSON after `prefix` and stores it for [`into_rendered`](Self::into_rendered).
    /// Returns its size in bytes.
    pub(crate) fn render(&mut self, prefix: &str) -> Result<usize, StoreError> {
        let mut json = Vec::with_capacity(prefix.len() + self.stored.json_size());
        json.extend_from_slice(prefix.as_bytes());
        self.stored.append_json(&mut json)?;
        Ok(self.json.insert(json).len())
    }

    /// The JSON after `prefix`. If the JSON has been rendered before, it was with the same prefix.
    fn into_rendered(mut self, prefix: &str) -> Result<Vec<u8>, StoreError> {
        if self.json.is_none() {
            self.render(prefix)?;
        }
        Ok(self.json.unwrap_or_default())
    }
}

impl WriteJson for LoadedSession {
    fn into_json(self) -> Result<Vec<u8>, StoreError> {
        self.into_rendered("")
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

/// Appends the team's JSON, with the computed roster in place of the stored lists of members.
fn append_team(team: &StoredTeam, computed_roster: Option<&[RosterEntry]>, out: &mut Vec<u8>) {
    let place = match &team.members {
        StoredMembers::Agents { place, .. } => place.clone(),
        StoredMembers::Roster(_) => None,
    };
    let (Some(roster), Some(place)) = (computed_roster, place) else {
        out.extend_from_slice(team.json.as_bytes());
        return;
    };
    out.extend_from_slice(&team.json.as_bytes()[..place.start]);
    let ids: Vec<_> = roster.iter().map(|entry| &entry.agent_id).collect();
    // Writing to a Vec cannot fail, and every string has a JSON form.
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
    /// A lower bound of the size of its JSON in bytes: the records that it shows.
    pub(crate) fn json_size(&self) -> usize {
        self.team.json.len() + self.agents().map(|agent| agent.agent.json.len()).sum::<usize>()
    }

    /// The maximum difference between [`json_size`](Self::json_size) and the real size: keys, ids,
    /// and a computed roster.
    pub(crate) fn size_uncertainty(&self) -> usize {
        // A byte of an id becomes up to six bytes of JSON.
        let member = |member: &TeamMember| RECORD_OVERHEAD + 6 * member.session_id.as_ref().map_or(0, String::len);
        let entry = |RosterEntry { owner_id, agent_id, session_id }: &RosterEntry| {
            RECORD_OVERHEAD + 6 * (owner_id.len() + 2 * agent_id.len() + session_id.len())
        };
        RECORD_OVERHEAD
            + self.members.iter().map(member).sum::<usize>()
            + self.computed_roster.iter().flatten().map(entry).sum::<usize>()
    }

    fn agents(&self) -> impl Iterator<Item = &TeamAgent> {
        self.leader_agent.iter().chain(self.members.iter().map(|member| &member.agent))
    }

    /// Renders compact JSON once, and returns the same bytes afterwards.
    pub fn json(&self) -> &[u8] {
        self.json.get_or_init(|| {
            let mut out = Vec::with_capacity(self.json_size() + self.size_uncertainty());
            let mut detail = Object::new(&mut out);
            append_team(&self.team, self.computed_roster.as_deref(), detail.key("team"));
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
    /// The JSON before the session.
    pub(crate) const JSON_PREFIX: &str = "{\"session\":";
}

impl WriteJson for SessionView {
    fn into_json(self) -> Result<Vec<u8>, StoreError> {
        let mut json = self.session.into_rendered(Self::JSON_PREFIX)?;
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
    /// The approximate size of its JSON in bytes.
    pub fn size_hint(&self) -> usize {
        RECORD_OVERHEAD + self.sessions.iter().map(WriteJson::size_hint).sum::<usize>()
    }

    /// Renders the JSON in pieces, one for each session, lazily. A piece is an error if a stored
    /// state is damaged.
    pub fn into_pieces(self) -> impl Iterator<Item = Result<Vec<u8>, StoreError>> {
        let Self { sessions, total, next_page, .. } = self;
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
        match next_page {
            NextPage::NotPaged => rest,
            NextPage::Last => rest.json("next_cursor", "null"),
            NextPage::Cursor(cursor) => rest.value("next_cursor", &cursor),
        }
        .end();
        once(Ok(b"{\"sessions\":[".to_vec())).chain(sessions).chain(once(Ok(closing)))
    }
}

/// The approximate size of the field names, ids and times of a record, in bytes.
const RECORD_OVERHEAD: usize = 512;
