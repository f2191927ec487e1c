//! A record as Redis stores it, with all that decides whether its replica is current.
//!
//! A record is loaded in steps: the text under its key, the [`Identity`] in the text, the facts of
//! a session, and the fingerprint. Copying, reconciliation and verification all load records here.
//!
//! - `fingerprint`: the hash that a replica stores of its source record.
//! - `parsed`: the typed record, and what is written and compared of it.

mod fingerprint;
mod parsed;

use std::collections::BTreeSet;

use agentscope_model::{Release, non_finite};
use agentscope_store::{RecordKind, SourceFingerprint};
use redis::RedisResult;

pub use self::parsed::{InvalidSourceRecord, ParsedRecord};
use crate::source::identity::Identity;
use crate::source::sessions::{SessionFacts, SessionFactsBatch};
use crate::source::{RecordKey, Source};

/// A text whose own ids say which record it is.
#[derive(Debug)]
pub struct IdentifiedRecord {
    key: String,
    record_key: RecordKey,
    candidate: usize,
    identity: Identity,
    text: Vec<u8>,
}

impl IdentifiedRecord {
    /// Reads the ids of the text under a Redis key, and finds the record among the candidates for
    /// that key.
    ///
    /// # Errors
    ///
    /// The text is not a record, or a record with another key. The message quotes nothing but ids.
    pub fn new(key: String, text: Vec<u8>, candidates: &[RecordKey]) -> Result<Self, String> {
        let identity = Identity::parse(&text)?;
        let candidate = candidates.iter().position(|it| it.user_id == identity.user_id && it.id == identity.id);
        let Some(candidate) = candidate else {
            let Identity { id, user_id, .. } = identity;
            return Err(format!("the key is not that of its id {id:?} and user_id {user_id:?}"));
        };
        Ok(Self { key, record_key: candidates[candidate].clone(), candidate, identity, text })
    }

    /// The Redis key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The kind, owner and id.
    pub fn record_key(&self) -> &RecordKey {
        &self.record_key
    }

    /// The index of the record among the candidates.
    pub fn candidate(&self) -> usize {
        self.candidate
    }

    /// The ids in the text.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    fn is_session(&self) -> bool {
        self.record_key.kind == RecordKind::Session
    }
}

/// A record with the facts and the fingerprint that its replica is compared with.
#[derive(Debug)]
pub struct SourceRecord {
    key: String,
    record_key: RecordKey,
    session: Option<SessionFacts>,
    fingerprint: SourceFingerprint,
    text: Vec<u8>,
}

/// Source records that were loaded together.
#[derive(Debug)]
pub struct LoadedRecords {
    /// The records, in the order of the identified ones.
    pub records: Vec<SourceRecord>,
    /// Keys of lists whose value is not a set. No session is on such a list.
    pub wrong_type_lists: BTreeSet<String>,
}

/// Reads the facts of those records that are sessions, and computes the fingerprints of all.
///
/// # Errors
///
/// Redis does not respond.
pub async fn load(source: &Source, identified: Vec<IdentifiedRecord>) -> RedisResult<LoadedRecords> {
    let sessions: Vec<_> = identified.iter().filter(|record| record.is_session()).map(|it| &it.identity).collect();
    let SessionFactsBatch { facts, wrong_type_lists } = source.session_facts(&sessions).await?;
    let mut facts = facts.into_iter();
    let release = source.keys().release;
    let records = identified.into_iter().map(|record| {
        let session = if record.is_session() { facts.next() } else { None };
        SourceRecord::new(record, session, release)
    });
    Ok(LoadedRecords { records: records.collect(), wrong_type_lists })
}

impl SourceRecord {
    fn new(record: IdentifiedRecord, session: Option<SessionFacts>, release: Release) -> Self {
        let IdentifiedRecord { key, record_key, text, .. } = record;
        let fingerprint = fingerprint::of(release, record_key.kind, session.as_ref(), &text);
        Self { key, record_key, session, fingerprint, text }
    }

    /// The Redis key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The kind, owner and id.
    pub fn record_key(&self) -> &RecordKey {
        &self.record_key
    }

    /// The facts of a session; `None` for other kinds.
    pub fn session(&self) -> Option<SessionFacts> {
        self.session
    }

    /// The fingerprint that a current replica stores.
    pub fn fingerprint(&self) -> &SourceFingerprint {
        &self.fingerprint
    }

    /// How many numbers are not finite. They become null in responses.
    pub fn non_finite_numbers(&self) -> usize {
        let text = std::str::from_utf8(&self.text);
        text.map_or(0, |text| non_finite::count(&non_finite::with_overflowing_numbers(text)))
    }

    /// Parses the record, and frees its text: with a large text in memory, too little would be
    /// left for what follows.
    ///
    /// # Errors
    ///
    /// The record is invalid. The message names the field and quotes nothing of the record.
    pub fn parse(self, release: Release) -> Result<ParsedRecord, InvalidSourceRecord> {
        ParsedRecord::new(self.record_key.kind, &self.text, release, self.fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_ids_of_a_record_decide_which_candidate_it_is() {
        let text = json!({ "id": "s", "user_id": "u:agent:v", "agent_id": "a", "state": { "x": [1] } }).to_string();
        let candidate = |kind, user_id: &str, id: &str| RecordKey { kind, user_id: user_id.into(), id: id.into() };
        let candidates =
            [candidate(RecordKind::Agent, "u", "v:session:s"), candidate(RecordKind::Session, "u:agent:v", "s")];
        let identify = |candidates| IdentifiedRecord::new("key".into(), text.clone().into_bytes(), candidates);
        assert_eq!(identify(&candidates[..]).unwrap().record_key(), &candidates[1]);
        assert!(identify(&candidates[..1]).is_err());
    }

    #[test]
    fn a_record_may_have_numbers_that_are_not_finite() {
        let parse = |text: &[u8]| {
            let record_key = RecordKey { kind: RecordKind::Agent, user_id: "u".into(), id: "a".into() };
            let identified = IdentifiedRecord::new("key".into(), text.to_vec(), &[record_key]).unwrap();
            let record = SourceRecord::new(identified, None, Release::OLDEST);
            let count = record.non_finite_numbers();
            match record.parse(Release::OLDEST).unwrap() {
                ParsedRecord { record: parsed::TypedRecord::Agent(agent), .. } => (agent, count),
                other => panic!("{other:?}"),
            }
        };
        let (record, count) = parse(
            br#"{"id":"a","user_id":"u","data":{"name":"NaN","context_config":{},"react_config":{},"x":[NaN,-Infinity]}}"#,
        );
        assert!(record.json.contains(r#""name":"NaN""#), "{}", record.json);
        assert_eq!(count, 2);
        let (record, _) = parse(
            br#"{"id":"a","user_id":"u","data":{"name":"n","context_config":{"trigger_ratio":NaN},"react_config":{}}}"#,
        );
        assert!(record.unknown_values.contains("data.context_config.trigger_ratio"));
        assert!(record.json.contains(r#""trigger_ratio":null"#), "{}", record.json);
    }
}
