//! A record as Redis has it: whose it is, what tells that it has changed, and whether it fits.

use agentscope_model::non_finite::{self, with_overflowing_numbers};
use agentscope_model::{InvalidRecord, Record, Release, parse};
use agentscope_store::{RecordKind, SourceFingerprint};
use sha2::{Digest, Sha256};

use crate::source::RecordKey;
use crate::source::read::{Identity, SessionFacts};

/// The way in which copies are made of records. Whoever changes it changes this number, and every copy is written again.
const FORMAT: u8 = 2;

/// What became of a record that was to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copied {
    /// It was.
    Written,
    /// It is invalid, and why.
    Invalid(Invalid),
    /// Somebody else had written in between.
    Moved,
}

/// Why a record cannot be copied. It quotes nothing of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    /// This is wrong with it.
    Problem(String),
    /// AgentScope is of this release or a later one, and another is set.
    LaterRelease(Release),
}

impl Identity {
    /// Which of these places is the record's.
    ///
    /// # Errors
    ///
    /// It is none of them: its key is not its own.
    pub fn index_among(&self, places: &[RecordKey]) -> Result<usize, String> {
        let index = places.iter().position(|place| place.user_id == self.user_id && place.id == self.id);
        index.ok_or_else(|| format!("the key is not that of its id {:?} and user_id {:?}", self.id, self.user_id))
    }
}

/// Whose record a text is.
///
/// # Errors
///
/// It is no record's. The message quotes nothing of it.
pub fn identity(text: &[u8]) -> Result<Identity, String> {
    if !text.trim_ascii_start().starts_with(b"{") {
        return Err("it is not the JSON of a record".to_owned());
    }
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    serde_json::from_str(&with_overflowing_numbers(text)).map_err(|error| without_values(&error.to_string()))
}

/// What tells whether a copy is current: it covers the release, the record's whole text and the
/// lists that a session is on.
pub fn content_hash(
    release: Release,
    kind: RecordKind,
    facts: Option<&SessionFacts>,
    text: &[u8],
) -> SourceFingerprint {
    let [is_on_agent_list, is_on_schedule_list] =
        facts.map_or([true; 2], |facts| [facts.is_on_agent_list, facts.is_on_schedule_list]);
    let mut hash = Sha256::new();
    hash.update([FORMAT, kind as u8, u8::from(is_on_agent_list), u8::from(is_on_schedule_list)]);
    hash.update([u8::try_from(release.as_str().len()).unwrap_or_default()]);
    hash.update(release.as_str());
    hash.update(text);
    SourceFingerprint { digest: hash.finalize().into(), is_on_agent_list, is_on_schedule_list }
}

/// What to do about records of a later release than the set one.
pub fn set_release(later: Release) -> String {
    format!("these records come from AgentScope {later} or later: set --release (or AGENTSCOPE_RELEASE)")
}

/// Reads a record.
///
/// # Errors
///
/// It is invalid. The message names the field and what was expected there, and quotes nothing of
/// the record: it goes to logs.
pub fn read<T: Record>(text: &[u8], release: Release) -> Result<T, Invalid> {
    let text = std::str::from_utf8(text).map_err(|_| Invalid::Problem(".: it is not UTF-8".to_owned()))?;
    parse(&with_overflowing_numbers(text), release).map_err(|error| match error {
        InvalidRecord::LaterRelease(later) => Invalid::LaterRelease(later),
        InvalidRecord::Field { path, problem } => Invalid::Problem(format!("{path}: {}", without_values(&problem))),
    })
}

/// How many numbers of a record are not finite. They become null where the record is listed.
pub fn non_finite_numbers(text: &[u8]) -> usize {
    std::str::from_utf8(text).map_or(0, |text| non_finite::count(&with_overflowing_numbers(text)))
}

/// The message without what it quotes of the text.
fn without_values(message: &str) -> String {
    if message.starts_with("missing field") {
        return message.to_owned();
    }
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => "it is not the JSON of a record".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use agentscope_model::{AgentRecord, SessionRecord};
    use serde_json::json;

    use super::*;
    use crate::source::read::Lock;

    fn problem<T: Record + std::fmt::Debug>(text: &[u8]) -> String {
        match read::<T>(text, Release::OLDEST).unwrap_err() {
            Invalid::Problem(problem) => problem,
            later => panic!("{later:?}"),
        }
    }

    #[test]
    fn messages_name_the_field_and_quote_nothing() {
        let record = |value: serde_json::Value| value.to_string().into_bytes();
        let wrong = record(json!({ "user_id": "u", "data": { "name": ["hunter2"] } }));
        assert_eq!(problem::<AgentRecord>(&wrong), "data: missing field `context_config`");
        let wrong = record(json!({ "user_id": "u", "agent_id": "a", "created_at": "hunter2", "config": {} }));
        assert_eq!(problem::<SessionRecord>(&wrong), "created_at: expected a date and time in ISO 8601");
        let wrong = record(json!({ "user_id": ["hunter2"], "data": {} }));
        assert_eq!(problem::<AgentRecord>(&wrong), "user_id: expected a string");
        assert_eq!(problem::<AgentRecord>(&record(json!({}))), ".: missing field `user_id`");
        for wrong in [
            &b"hunter2"[..],
            b"[\"hunter2\"]",
            b"\"hunter2\"",
            b"{\"id\":\"hunter2, expected x\"",
            b"{\"id\":5,\"user_id\":\"hunter2\"}",
            b"\xff",
        ] {
            let problem = identity(wrong).unwrap_err();
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn a_record_may_have_numbers_that_are_not_finite() {
        let text = br#"{"id":"a","user_id":"u","data":{"name":"NaN","context_config":{},"react_config":{},"x":[NaN,-Infinity]}}"#;
        assert_eq!(identity(text).unwrap().id, "a");
        let record = read::<AgentRecord>(text, Release::OLDEST).unwrap();
        assert!(record.json.contains(r#""name":"NaN""#), "{}", record.json);
        assert_eq!(non_finite_numbers(text), 2);
        let limited =
            br#"{"user_id":"u","data":{"name":"n","context_config":{"trigger_ratio":NaN},"react_config":{}}}"#;
        let record = read::<AgentRecord>(limited, Release::OLDEST).unwrap();
        assert!(record.unknown_values.contains("data.context_config.trigger_ratio"));
        assert!(record.json.contains(r#""trigger_ratio":null"#), "{}", record.json);
    }

    #[test]
    fn a_record_is_where_its_own_ids_say() {
        let text = json!({ "id": "s", "user_id": "u:agent:v", "agent_id": "a", "state": { "x": [1] } }).to_string();
        let identity = identity(text.as_bytes()).unwrap();
        let place = |kind, user_id: &str, id: &str| RecordKey { kind, user_id: user_id.into(), id: id.into() };
        let places = [place(RecordKind::Agent, "u", "v:session:s"), place(RecordKind::Session, "u:agent:v", "s")];
        assert_eq!(identity.index_among(&places), Ok(1));
        assert!(identity.index_among(&places[..1]).is_err());
        assert_eq!(identity.schedule_id(Release::OLDEST), None);
    }

    #[test]
    fn a_schedule_is_that_of_the_origin_where_the_release_has_one() {
        let schedule = |record: serde_json::Value, release: Release| {
            identity(record.to_string().as_bytes()).unwrap().schedule_id(release).map(str::to_owned)
        };
        let old = json!({ "id": "s", "user_id": "u", "source_schedule_id": "d" });
        let new = json!({ "id": "s", "user_id": "u", "origin": { "type": "schedule", "schedule_id": "d" } });
        let other = json!({ "id": "s", "user_id": "u", "origin": { "type": "user" }, "source_schedule_id": "d" });
        assert_eq!(schedule(old.clone(), Release::V2_0_7), Some("d".to_owned()));
        assert_eq!(schedule(old, Release::V2_0_8), Some("d".to_owned()));
        assert_eq!(schedule(new, Release::V2_0_8), Some("d".to_owned()));
        assert_eq!(schedule(other, Release::V2_0_8), None);
    }

    #[test]
    fn the_hash_covers_release_text_kind_and_lists() {
        let facts =
            |agent, schedule| SessionFacts { is_on_agent_list: agent, is_on_schedule_list: schedule, lock: Lock::Free };
        let content_hash =
            |kind, facts: Option<&SessionFacts>, text: &[u8]| super::content_hash(Release::OLDEST, kind, facts, text);
        let hashes = [
            content_hash(RecordKind::Agent, None, b"{}"),
            super::content_hash(Release::V2_0_4_POST1, RecordKind::Agent, None, b"{}"),
            super::content_hash(Release::V2_0_4, RecordKind::Agent, None, b"{}"),
            content_hash(RecordKind::Agent, None, b"{ }"),
            content_hash(RecordKind::Team, None, b"{}"),
            content_hash(RecordKind::Session, Some(&facts(true, true)), b"{}"),
            content_hash(RecordKind::Session, Some(&facts(true, false)), b"{}"),
            content_hash(RecordKind::Session, Some(&facts(false, true)), b"{}"),
        ];
        for (number, hash) in hashes.iter().enumerate() {
            assert!(hashes[..number].iter().all(|other| other.digest != hash.digest));
        }
        let locked = SessionFacts { lock: Lock::HeldUntil(std::time::Duration::from_secs(5)), ..facts(true, true) };
        assert_eq!(content_hash(RecordKind::Session, Some(&locked), b"{}"), hashes[5]);
    }
}
