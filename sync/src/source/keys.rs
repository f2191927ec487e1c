//! The names of AgentScope's keys in Redis: which record lies where, and which keys are none of ours.

use std::fmt;

use agentscope_model::Release;
use agentscope_store::RecordKind;

use super::template::{KeyTemplate, LockTemplate, glob};

/// Whose record lies under a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordKey {
    /// What it is.
    pub kind: RecordKind,
    /// Whose it is.
    pub user_id: String,
    /// Its id.
    pub id: String,
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} of user {:?}", self.kind.as_str(), self.id, self.user_id)
    }
}

/// Whose sessions a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListOwner {
    /// An agent.
    Agent,
    /// A schedule, which started them.
    Schedule,
}

/// A list of sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Whether it is an agent's or a schedule's.
    pub owner: ListOwner,
    /// The user.
    pub user_id: String,
    /// The id of the agent or schedule.
    pub id: String,
}

/// The names of all keys that matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Agents.
    pub agent: KeyTemplate,
    /// Sessions.
    pub session: KeyTemplate,
    /// Teams.
    pub team: KeyTemplate,
    /// Schedules.
    pub schedule: KeyTemplate,
    /// Sets: the sessions on an agent's list.
    pub agent_sessions: KeyTemplate,
    /// Sets: the sessions on a schedule's list.
    pub schedule_sessions: KeyTemplate,
    /// Locks of sessions that run.
    pub lock: LockTemplate,
    /// Credentials, which are never read, whatever else their keys look like.
    pub credential: KeyTemplate,
    /// Messages, which are not read either.
    pub messages: KeyTemplate,
    /// The release of AgentScope, which decides what else is never read: see
    /// [`Self::NEVER_READ_SINCE`].
    pub release: Release,
    /// What else is never read.
    pub others: Vec<KeyTemplate>,
    /// Sets of the ids of messages, since AgentScope 2.0.10. They are not read either.
    pub message_ids: KeyTemplate,
}

impl Keys {
    /// Keys under which AgentScope keeps other things than records, by the release that brought
    /// them. Some hold secrets, as MCP servers do, and some look like the key of a record.
    pub const NEVER_READ_SINCE: &[(Release, &str)] = &[
        (Release::V2_0_3, "agentscope:user:{user_id}:knowledge_base:{id}"),
        (Release::V2_0_6, "agentscope:user:{user_id}:mcp:{id}"),
        (Release::V2_0_6, "agentscope:user:{user_id}:skill:{id}"),
        (Release::V2_0_6, "agentscope:user:{user_id}:channel:{id}"),
        (Release::V2_0_9, "agentscope:user:{user_id}:sop:{id}"),
        (Release::V2_0_9, "agentscope:user:{user_id}:sop_run:{id}"),
    ];

    /// What the names of AgentScope's sets, lists and hashes of a user end with (`KeyConfig` of
    /// `RedisStorage`, AgentScope 2.0.11).
    pub const SETS_AND_HASHES: &[&str] = &[
        "agents",
        "channels",
        "credentials",
        "documents",
        "knowledge_bases",
        "mcp_names",
        "mcps",
        "message_ids",
        "messages",
        "runs",
        "schedules",
        "sessions",
        "skill_names",
        "skills",
        "sop_runs",
        "sops",
        "teams",
    ];

    /// The templates of [`NEVER_READ_SINCE`](Self::NEVER_READ_SINCE) that a release has.
    pub fn never_read_in(release: Release) -> Vec<KeyTemplate> {
        let templates = Self::NEVER_READ_SINCE.iter().filter(|(since, _)| *since <= release);
        templates.filter_map(|(_, template)| template.parse().ok()).collect()
    }

    /// The template of a kind of record.
    pub fn template(&self, kind: RecordKind) -> &KeyTemplate {
        match kind {
            RecordKind::Agent => &self.agent,
            RecordKind::Team => &self.team,
            RecordKind::Schedule => &self.schedule,
            RecordKind::Session => &self.session,
        }
    }

    /// The key of a record.
    pub fn key(&self, place: &RecordKey) -> String {
        self.template(place.kind).key(&place.user_id, &place.id)
    }

    /// The records of which one may lie under a key: none if it is another kind of key, or may be.
    pub fn places(&self, key: &str) -> Vec<RecordKey> {
        if self.is_never_read(key) {
            return Vec::new();
        }
        let places = RecordKind::ALL.into_iter().flat_map(|kind| {
            let pairs = self.template(kind).pairs(key);
            pairs.map(move |(user_id, id)| RecordKey { kind, user_id: user_id.to_owned(), id: id.to_owned() })
        });
        places.collect()
    }

    /// Whether it is the key of a credential, of messages or of a set, or may be.
    pub fn is_never_read(&self, key: &str) -> bool {
        let never =
            [&self.credential, &self.messages, &self.message_ids, &self.agent_sessions, &self.schedule_sessions];
        never.into_iter().chain(&self.others).any(|never| never.matches(key)) || self.is_set_or_hash(key)
    }

    /// Whether AgentScope may keep a set or a hash of a user there. Such a key looks like a record's
    /// where the user's id has `:session:` or the like in it, as the set
    /// `…:user:acme:session:alice:agents` of user `acme:session:alice`. The id of the record would
    /// have a colon in it, which those that AgentScope makes do not.
    fn is_set_or_hash(&self, key: &str) -> bool {
        let name = key.rsplit(':').next().unwrap_or_default();
        let has_colon = |kind| self.template(kind).pairs(key).all(|(_, id)| id.contains(':'));
        Self::SETS_AND_HASHES.contains(&name) && RecordKind::ALL.into_iter().all(has_colon)
    }

    /// Whether it may be a credential's key, and may be a record's of somebody whose id has that in it.
    pub fn is_ambiguous(&self, key: &str) -> bool {
        let is_other = self.credential.matches(key) || self.others.iter().any(|other| other.matches(key));
        is_other && RecordKind::ALL.into_iter().any(|kind| self.template(kind).matches(key))
    }

    /// Whether it is the key of a list of sessions.
    pub fn is_list(&self, key: &str) -> bool {
        self.agent_sessions.matches(key) || self.schedule_sessions.matches(key)
    }

    /// What the keys of all records begin with, as a pattern of Redis's.
    pub fn records_pattern(&self) -> String {
        let prefixes = RecordKind::ALL.map(|kind| self.template(kind).prefix.as_str());
        let mut common = prefixes[0];
        while !prefixes.iter().all(|prefix| prefix.starts_with(common)) {
            common = &common[..common.char_indices().next_back().map_or(0, |(at, _)| at)];
        }
        format!("{}*", glob(common))
    }

    /// The lists of sessions that a key may be.
    pub fn lists(&self, key: &str) -> Vec<List> {
        let templates = [(&self.agent_sessions, ListOwner::Agent), (&self.schedule_sessions, ListOwner::Schedule)];
        let lists = templates.into_iter().flat_map(|(template, owner)| {
            let pairs = template.pairs(key);
            pairs.map(move |(user_id, id)| List { owner, user_id: user_id.to_owned(), id: id.to_owned() })
        });
        lists.collect()
    }

    /// Patterns of the keys of sessions.
    pub fn sessions_pattern(&self) -> String {
        self.session.pattern()
    }

    /// Patterns of the keys whose changes matter.
    pub fn patterns(&self) -> Vec<String> {
        let records = RecordKind::ALL.map(|kind| self.template(kind));
        // Redis tells of a change as often as patterns match it: once is enough.
        let lists = [&self.agent_sessions, &self.schedule_sessions].into_iter();
        let lists = lists.filter(|list| !records.iter().any(|record| record.covers(list)));
        records.iter().copied().chain(lists).map(KeyTemplate::pattern).chain([self.lock.pattern()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> KeyTemplate {
        text.parse().unwrap()
    }

    fn keys() -> Keys {
        Keys {
            agent: template("a:user:{user_id}:agent:{agent_id}"),
            session: template("a:user:{user_id}:session:{session_id}"),
            team: template("a:user:{user_id}:team:{team_id}"),
            schedule: template("a:user:{user_id}:schedule:{schedule_id}"),
            agent_sessions: template("a:user:{user_id}:agent:{agent_id}:sessions"),
            schedule_sessions: template("a:user:{user_id}:schedule:{schedule_id}:sessions"),
            lock: "a:session:lock:{sid}".parse().unwrap(),
            credential: template("a:user:{user_id}:credential:{credential_id}"),
            messages: template("a:user:{user_id}:session:{session_id}:messages"),
            release: Release::OLDEST,
            others: Vec::new(),
            message_ids: template("a:user:{user_id}:session:{session_id}:message_ids"),
        }
    }

    #[test]
    fn a_key_may_be_that_of_several_records() {
        let keys = keys();
        let places = keys.places("a:user:u:agent:v:session:s");
        let expected = [(RecordKind::Agent, "u", "v:session:s"), (RecordKind::Session, "u:agent:v", "s")];
        assert_eq!(places.iter().map(|place| (place.kind, &*place.user_id, &*place.id)).collect::<Vec<_>>(), expected);
        for place in &places {
            assert_eq!(keys.key(place), "a:user:u:agent:v:session:s");
        }
        let pairs: Vec<_> = keys.session.pairs("a:user:u:session:session:s").collect();
        assert_eq!(pairs, [("u", "session:s"), ("u:session", "s")]);
    }

    #[test]
    fn what_may_be_a_credential_or_messages_is_no_record() {
        let keys = keys();
        for key in [
            "a:user:u:credential:c",
            "a:user:u:credential:c:session:s",
            "a:user:u:credential:c:agent:a",
            "a:user:u:session:s:messages",
            "a:user:u:session:s:message_ids",
            "a:user:u:agent:a:sessions",
            "a:user:u:schedule:a:sessions",
            "a:user:u:agents",
            "a:user:u:agent:",
            "a:user::agent:a",
            "b:user:u:agent:a",
            "",
        ] {
            assert_eq!(keys.places(key), [], "{key}");
        }
        assert!(keys.is_ambiguous("a:user:u:credential:c:agent:a") && !keys.is_ambiguous("a:user:u:credential:c"));
        let list = List { owner: ListOwner::Schedule, user_id: "u".into(), id: "a".into() };
        assert_eq!(keys.lists("a:user:u:schedule:a:sessions"), [list]);
        assert!(keys.is_list("a:user:u:agent:a:sessions") && !keys.is_list("a:user:u:agent:a"));
    }

    #[test]
    fn later_releases_keep_other_things_under_keys_that_look_like_those_of_records() {
        let newest = Keys { others: Keys::never_read_in(Release::NEWEST), ..keys() };
        let newest = Keys { agent: template("agentscope:user:{user_id}:agent:{id}"), ..newest };
        for key in
            ["mcp:agent:a", "skill:x:agent:a", "sop:agent:a", "sop_run:agent:a", "knowledge_base:agent:a:document:d"]
        {
            let key = format!("agentscope:user:u:{key}");
            assert!(newest.places(&key).is_empty() && newest.is_ambiguous(&key), "{key}");
        }
        assert_eq!(Keys::never_read_in(Release::OLDEST), []);
        assert_eq!(Keys::never_read_in(Release::NEWEST).len(), Keys::NEVER_READ_SINCE.len());
    }

    #[test]
    fn sets_and_hashes_of_a_user_whose_id_looks_like_a_key_are_agentscopes_own() {
        let keys = keys();
        for name in Keys::SETS_AND_HASHES {
            let key = format!("a:user:acme:session:alice:{name}");
            assert_eq!(keys.places(&key), [], "{key}");
        }
        for key in [
            "a:user:acme:session:alice",
            "a:user:u:session:agents",
            "a:user:u:session:agents:s",
            "a:user:u:session:s:my-agents",
        ] {
            assert_ne!(keys.places(key), [], "{key}");
        }
    }

    #[test]
    fn patterns_match_what_they_are_of() {
        let keys = keys();
        assert_eq!(keys.records_pattern(), "a:user:*");
        assert_eq!(keys.sessions_pattern(), "a:user:*:session:*");
        let expected = ["agent:*", "team:*", "schedule:*", "session:*"].map(|end| format!("a:user:*:{end}"));
        assert_eq!(keys.patterns(), [&expected[..], &["a:session:lock:*".to_owned()]].concat());
        let apart = Keys { agent_sessions: template("lists:{user_id}:{agent_id}"), ..keys.clone() };
        assert!(apart.patterns().contains(&"lists:*:*".to_owned()));
        assert_eq!(template("w[1]?*:{user_id}:x:{id}").pattern(), r"w\[1\]\?\*:*:x:*");
        assert_eq!(keys.lock.session("a:session:lock:x:y"), Some("x:y"));
    }
}
