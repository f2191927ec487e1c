//! Keys that are never read: they store other things than records, and some store secrets.

use agentscope_model::Release;
use agentscope_store::RecordKind;

use super::Keys;
use super::template::KeyTemplate;

impl Keys {
    /// Templates of keys that store other things than records, with the release that introduced
    /// them. Some store secrets, as MCP servers do, and some look like the key of a record.
    pub const NEVER_READ_SINCE: &[(Release, &str)] = &[
        (Release::V2_0_3, "agentscope:user:{user_id}:knowledge_base:{id}"),
        (Release::V2_0_6, "agentscope:user:{user_id}:mcp:{id}"),
        (Release::V2_0_6, "agentscope:user:{user_id}:skill:{id}"),
        (Release::V2_0_6, "agentscope:user:{user_id}:channel:{id}"),
        (Release::V2_0_9, "agentscope:user:{user_id}:sop:{id}"),
        (Release::V2_0_9, "agentscope:user:{user_id}:sop_run:{id}"),
    ];

    /// The last segments of the keys of a user's sets, lists and hashes (`KeyConfig` of
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

    /// The templates of [`NEVER_READ_SINCE`](Self::NEVER_READ_SINCE) that apply to a release.
    pub fn never_read_in(release: Release) -> Vec<KeyTemplate> {
        let templates = Self::NEVER_READ_SINCE.iter().filter(|(since, _)| *since <= release);
        templates.filter_map(|(_, template)| template.parse().ok()).collect()
    }

    /// Whether a key stores, or can store, a credential, messages, or another value that is no
    /// record.
    pub fn is_never_read(&self, key: &str) -> bool {
        let never =
            [&self.credential, &self.messages, &self.message_ids, &self.agent_sessions, &self.schedule_sessions];
        never.into_iter().chain(&self.others).any(|never| never.matches(key)) || self.is_set_or_hash(key)
    }

    /// Whether AgentScope can keep a set or a hash of a user under a key. Such a key looks like a
    /// record's if the user's id contains `:session:` or the like: the set
    /// `…:user:acme:session:alice:agents` of user `acme:session:alice`. As a record's key, its id
    /// would contain a colon, and the ids that AgentScope generates contain none.
    fn is_set_or_hash(&self, key: &str) -> bool {
        let name = key.rsplit(':').next().unwrap_or_default();
        let has_colon = |kind| self.template(kind).pairs(key).all(|(_, id)| id.contains(':'));
        Self::SETS_AND_HASHES.contains(&name) && RecordKind::ALL.into_iter().all(has_colon)
    }

    /// Whether a key matches a template that is never read and a template of records as well.
    pub fn is_ambiguous(&self, key: &str) -> bool {
        let is_other = self.credential.matches(key) || self.others.iter().any(|other| other.matches(key));
        is_other && RecordKind::ALL.into_iter().any(|kind| self.template(kind).matches(key))
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::tests::{keys, template};
    use super::*;

    #[test]
    fn later_releases_keep_other_things_under_keys_that_look_like_those_of_records() {
        let newest = Keys { others: Keys::never_read_in(Release::NEWEST), ..keys() };
        let newest = Keys { agent: template("agentscope:user:{user_id}:agent:{id}"), ..newest };
        for key in
            ["mcp:agent:a", "skill:x:agent:a", "sop:agent:a", "sop_run:agent:a", "knowledge_base:agent:a:document:d"]
        {
            let key = format!("agentscope:user:u:{key}");
            assert!(newest.candidates(&key).is_empty() && newest.is_ambiguous(&key), "{key}");
        }
        assert_eq!(Keys::never_read_in(Release::OLDEST), []);
        assert_eq!(Keys::never_read_in(Release::NEWEST).len(), Keys::NEVER_READ_SINCE.len());
    }

    #[test]
    fn sets_and_hashes_of_a_user_whose_id_looks_like_a_key_are_agentscopes_own() {
        let keys = keys();
        for name in Keys::SETS_AND_HASHES {
            let key = format!("a:user:acme:session:alice:{name}");
            assert_eq!(keys.candidates(&key), [], "{key}");
        }
        for key in [
            "a:user:acme:session:alice",
            "a:user:u:session:agents",
            "a:user:u:session:agents:s",
            "a:user:u:session:s:my-agents",
        ] {
            assert_ne!(keys.candidates(key), [], "{key}");
        }
    }
}
