//! Explains files that are not exports, and how to convert them.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

const EXPECTED: &str = "expected an object with the lists agents, sessions, teams and schedules";

/// The members that distinguish an export from other objects.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Members<'a> {
    agents: Option<IgnoredAny>,
    #[serde(borrow)]
    sessions: Option<Vec<&'a RawValue>>,
    teams: Option<IgnoredAny>,
    schedules: Option<IgnoredAny>,
    id: Option<IgnoredAny>,
    user_id: Option<IgnoredAny>,
    detail: Option<IgnoredAny>,
}

/// The members that distinguish a list entry of a response from a record.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    session: Option<IgnoredAny>,
    user_id: Option<IgnoredAny>,
    /// Only summaries have one.
    #[serde(deserialize_with = "present")]
    status: Option<()>,
}

/// Distinguishes `null` from an absent member.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<()>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| Some(()))
}

/// Returns why an object with valid lists is not an export.
pub(super) fn problem_of_object(text: &str) -> Option<String> {
    let members: Members<'_> = serde_json::from_str(text).ok()?;
    let Members { agents, sessions, teams, schedules, id, user_id, detail } = members;
    let entries = sessions.iter().flatten();
    let entries = entries.filter_map(|entry| serde_json::from_str::<Entry>(entry.get()).ok());
    let mut entries = entries.filter(|entry| entry.session.is_some() && entry.user_id.is_none());
    if let Some(Entry { status, .. }) = entries.next() {
        let problem = "the file is a response of GET /sessions/, not an export";
        return Some(match status {
            Some(_) => format!("{problem}, and its sessions lack the conversations: request it without view=summary"),
            None => format!(
                "{problem}. To load its sessions alone, take them out of their entries: \
                 `jq '{{sessions: [.sessions[].session]}}' FILE`"
            ),
        });
    }
    if agents.is_some() || sessions.is_some() || teams.is_some() || schedules.is_some() {
        return None;
    }
    let instead = match (id, user_id, detail) {
        (_, Some(_), _) | (Some(_), ..) => {
            "the file is a single record: put it into the list of its kind, as {\"sessions\": [RECORD]}"
        }
        (.., Some(_)) => "the file is an error response",
        _ => return Some(EXPECTED.to_owned()),
    };
    Some(format!("{instead}; {EXPECTED}"))
}

/// Returns why a text that could not be parsed is not an export; `None` if the parser's error is
/// the best message.
pub(super) fn problem_of_text(text: &str, error: &serde_json::Error) -> Option<String> {
    let start = text.trim_start();
    if start.is_empty() {
        return Some("the file is empty".to_owned());
    }
    if error.classify() == Category::Eof {
        return Some(format!("the JSON ends in the middle of line {}: the file is cut off", error.line()));
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    match (values.next(), values.next()) {
        (Some(Ok(_)), Some(Ok(_))) => Some(format!(
            "the file holds several JSON values, as JSON Lines do: put records of one kind into a list, as with \
             `jq -s '{{sessions: .}}' FILE`; {EXPECTED}"
        )),
        (Some(Ok(_)), None) if start.starts_with('[') => Some(format!(
            "the file is a list: if its records are sessions, put it into an object, as with `jq '{{sessions: .}}' \
             FILE`; {EXPECTED}"
        )),
        _ => None,
    }
}
