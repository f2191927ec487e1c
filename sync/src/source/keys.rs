//! The names of AgentScope's keys in Redis: which key stores which record.

use agentscope_model::Release;
use agentscope_store::RecordKind;

use super::record_key::{ListOwner, RecordKey, SessionList};
use super::template::{KeyTemplate, LockTemplate, glob};

/// The templates of all keys that the process reads or must not read.
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
    /// Run locks of sessions.
    pub lock: LockTemplate,
    /// Credentials. A key that matches is never read, whatever other templates it matches.
    pub credential: KeyTemplate,
    /// Messages, never read.
    pub messages: KeyTemplate,
    /// The release of AgentScope. It decides which other keys are never read: see
    /// [`Self::NEVER_READ_SINCE`].
    pub release: Release,
    /// Other keys that are never read.
    pub others: Vec<KeyTemplate>,
    /// Sets of message ids, since AgentScope 2.0.10, never read.
    pub message_ids: KeyTemplate,
}

impl Keys {
    /// The template of a kind of record.
    pub fn template(&self, kind: RecordKind) -> &KeyTemplate {
        match kind {
            RecordKind::Agent => &self.agent,
            RecordKind::Team => &self.team,
            RecordKind::Schedule => &self.schedule,
            RecordKind::Session => &self.session,
        }
    }

    /// The Redis key of a record.
    pub fn key(&self, record_key: &RecordKey) -> String {
        self.template(record_key.kind).key(&record_key.user_id, &record_key.id)
    }

    /// The records that a Redis key can store. Ids may contain separators, so there can be
    /// several; the record's own ids decide. There is none for a key that is never read.
    pub fn candidates(&self, key: &str) -> Vec<RecordKey> {
        if self.is_never_read(key) {
            return Vec::new();
        }
        let candidates = RecordKind::ALL.into_iter().flat_map(|kind| {
            let pairs = self.template(kind).pairs(key);
            pairs.map(move |(user_id, id)| RecordKey { kind, user_id: user_id.to_owned(), id: id.to_owned() })
        });
        candidates.collect()
    }

    /// Whether this is the key of a list of sessions.
    pub fn is_list(&self, key: &str) -> bool {
        self.agent_sessions.matches(key) || self.schedule_sessions.matches(key)
    }

    /// The lists of sessions that a key can store.
    pub fn lists(&self, key: &str) -> Vec<SessionList> {
        let templates = [(&self.agent_sessions, ListOwner::Agent), (&self.schedule_sessions, ListOwner::Schedule)];
        let lists = templates.into_iter().flat_map(|(template, owner)| {
            let pairs = template.pairs(key);
            pairs.map(move |(user_id, id)| SessionList { owner, user_id: user_id.to_owned(), id: id.to_owned() })
        });
        lists.collect()
    }

    /// The user that a key of a record or of a list belongs to: that of the first reading, if there
    /// are several.
    pub fn owner(&self, key: &str) -> Option<String> {
        let record = self.candidates(key).into_iter().next().map(|record_key| record_key.user_id);
        record.or_else(|| self.lists(key).into_iter().next().map(|list| list.user_id))
    }

    /// The pattern of the prefix that the keys of all records share.
    pub fn records_pattern(&self) -> String {
        let prefixes = RecordKind::ALL.map(|kind| self.template(kind).prefix.as_str());
        let mut common = prefixes[0];
        while !prefixes.iter().all(|prefix| prefix.starts_with(common)) {
            common = &common[..common.char_indices().next_back().map_or(0, |(at, _)| at)];
        }
        format!("{}*", glob(common))
    }

    /// The pattern of the keys of sessions.
    pub fn sessions_pattern(&self) -> String {
        self.session.pattern()
    }

    /// The patterns of all keys whose changes have to be followed.
    pub fn patterns(&self) -> Vec<String> {
        let records = RecordKind::ALL.map(|kind| self.template(kind));
        // Redis sends a notification once for each pattern that matches: once is enough.
        let lists = [&self.agent_sessions, &self.schedule_sessions].into_iter();
        let lists = lists.filter(|list| !records.iter().any(|record| record.covers(list)));
        records.iter().copied().chain(lists).map(KeyTemplate::pattern).chain([self.lock.pattern()]).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::source) fn template(text: &str) -> KeyTemplate {
        text.parse().unwrap()
    }

    pub(in crate::source) fn keys() -> Keys {
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
        let candidates = keys.candidates("a:user:u:agent:v:session:s");
        let expected = [(RecordKind::Agent, "u", "v:session:s"), (RecordKind::Session, "u:agent:v", "s")];
        assert_eq!(candidates.iter().map(|it| (it.kind, &*it.user_id, &*it.id)).collect::<Vec<_>>(), expected);
        for candidate in &candidates {
            assert_eq!(keys.key(candidate), "a:user:u:agent:v:session:s");
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
            assert_eq!(keys.candidates(key), [], "{key}");
        }
        assert!(keys.is_ambiguous("a:user:u:credential:c:agent:a") && !keys.is_ambiguous("a:user:u:credential:c"));
        let list = SessionList { owner: ListOwner::Schedule, user_id: "u".into(), id: "a".into() };
        assert_eq!(keys.lists("a:user:u:schedule:a:sessions"), [list]);
        assert!(keys.is_list("a:user:u:agent:a:sessions") && !keys.is_list("a:user:u:agent:a"));
    }

    #[test]
    fn records_and_lists_have_an_owner() {
        let keys = keys();
        for key in ["a:user:u:session:s", "a:user:u:agent:a:sessions", "a:user:u:schedule:a"] {
            assert_eq!(keys.owner(key).as_deref(), Some("u"), "{key}");
        }
        assert_eq!(keys.owner("a:user:u:credential:c"), None);
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
