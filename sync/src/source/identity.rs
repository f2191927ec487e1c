//! The ids that a record states in its own text.

use agentscope_model::Release;
use agentscope_model::non_finite::with_overflowing_numbers;
use agentscope_model::session::schedule_of;
use serde::Deserialize;
use serde_json::Value;

/// The ids in a record's text: they decide which record it is, and which lists it belongs on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Identity {
    /// The record's id.
    pub id: String,
    /// The user that owns it.
    pub user_id: String,
    /// The agent, for a session or a schedule.
    #[serde(default)]
    pub agent_id: Option<String>,
    /// The schedule that started a session, up to release 2.0.7.
    #[serde(default)]
    pub source_schedule_id: Option<Value>,
    /// What started a session, since release 2.0.8.
    #[serde(default)]
    pub origin: Option<Value>,
}

impl Identity {
    /// Reads the ids from a record's text.
    ///
    /// # Errors
    ///
    /// The text is not the JSON of a record. The message quotes nothing of the text.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        if !text.trim_ascii_start().starts_with(b"{") {
            return Err("it is not the JSON of a record".to_owned());
        }
        let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
        serde_json::from_str(&with_overflowing_numbers(text)).map_err(|error| without_values(&error.to_string()))
    }

    /// The schedule that started a session.
    pub fn schedule_id(&self, release: Release) -> Option<&str> {
        schedule_of(self.origin.as_ref(), self.source_schedule_id.as_ref(), release)
    }
}

/// Removes from an error message what it quotes of the text.
pub(crate) fn without_values(message: &str) -> String {
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
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_quote_nothing() {
        for wrong in [
            &b"hunter2"[..],
            b"[\"hunter2\"]",
            b"\"hunter2\"",
            b"{\"id\":\"hunter2, expected x\"",
            b"{\"id\":5,\"user_id\":\"hunter2\"}",
            b"\xff",
        ] {
            let problem = Identity::parse(wrong).unwrap_err();
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn a_schedule_is_that_of_the_origin_where_the_release_has_one() {
        let schedule = |record: serde_json::Value, release: Release| {
            Identity::parse(record.to_string().as_bytes()).unwrap().schedule_id(release).map(str::to_owned)
        };
        let old = json!({ "id": "s", "user_id": "u", "source_schedule_id": "d" });
        let new = json!({ "id": "s", "user_id": "u", "origin": { "type": "schedule", "schedule_id": "d" } });
        let other = json!({ "id": "s", "user_id": "u", "origin": { "type": "user" }, "source_schedule_id": "d" });
        assert_eq!(schedule(json!({ "id": "s", "user_id": "u" }), Release::OLDEST), None);
        assert_eq!(schedule(old.clone(), Release::V2_0_7), Some("d".to_owned()));
        assert_eq!(schedule(old, Release::V2_0_8), Some("d".to_owned()));
        assert_eq!(schedule(new, Release::V2_0_8), Some("d".to_owned()));
        assert_eq!(schedule(other, Release::V2_0_8), None);
    }
}
