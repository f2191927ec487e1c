//! A session: its JSON in pieces, and the fields that the service looks up.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::kinds::session::SESSION;
use crate::record::{accessors, facts};
use crate::schema::Kind;
use crate::shape::Shaped;
use crate::{InvalidRecord, ParkedStatus, Record, Release, Timestamp};

/// A session with its whole state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// The session's id, unique among its owner's sessions.
    pub id: String,
    /// The user who owns it.
    pub user_id: String,
    /// The agent of the session.
    pub agent_id: String,
    /// When the session was created. It orders lists.
    pub created_at: Timestamp,
    /// The schedule whose list has the session, if any.
    pub schedule_id: Option<String>,
    /// The team that the session leads or works for, if any.
    pub team_id: Option<String>,
    /// What the session waits for while it is not running.
    pub parked_status: Option<ParkedStatus>,
    /// The session's JSON without its bulk.
    pub outline: Outline,
    /// The summary and the conversation, as `"summary":…,"context":…`.
    pub conversation: String,
    /// The tool memory, as JSON.
    pub tool_context: String,
    /// The release of its shape.
    pub release: Release,
    /// See [`Record::unknown_values`].
    pub unknown_values: BTreeSet<String>,
}

/// A session's JSON as a trimmed list shows it: without summary, conversation and tool memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The JSON.
    pub json: String,
    /// The offset of [`EMPTY_CONVERSATION`](Self::EMPTY_CONVERSATION) in it, in bytes.
    pub conversation_at: usize,
    /// The offset of [`EMPTY_TOOL_CONTEXT`](Self::EMPTY_TOOL_CONTEXT) in it, in bytes. It is after
    /// the conversation.
    pub tool_context_at: usize,
}

impl Outline {
    /// An empty summary and an empty conversation.
    pub const EMPTY_CONVERSATION: &str = r#""summary":"","context":[]"#;
    /// A tool context with all defaults.
    pub const EMPTY_TOOL_CONTEXT: &str =
        r#"{"max_cache_files":100,"max_cache_bytes":25000.0,"read_file_cache":[],"activated_groups":[]}"#;
}

impl Record for SessionRecord {
    const KIND: &'static Kind = &SESSION;

    fn new(shaped: Shaped, source: &str, release: Release) -> Result<Self, InvalidRecord> {
        #[derive(Deserialize)]
        struct Facts<'a> {
            id: String,
            user_id: String,
            agent_id: String,
            created_at: String,
            team_id: Option<String>,
            #[serde(borrow)]
            state: State<'a>,
        }
        #[derive(Deserialize)]
        struct State<'a> {
            #[serde(borrow)]
            summary: &'a RawValue,
            #[serde(borrow)]
            context: &'a RawValue,
            #[serde(borrow)]
            tool_context: &'a RawValue,
        }
        let Shaped { json, unknown_values } = shaped;
        let facts: Facts<'_> = facts(&json)?;
        // The offset of a value that was borrowed from the JSON.
        let offset = |value: &RawValue| value.get().as_ptr() as usize - json.as_ptr() as usize;
        let State { summary, context, tool_context } = facts.state;
        let conversation = offset(summary) - "\"summary\":".len()..offset(context) + context.get().len();
        let tools = offset(tool_context)..offset(tool_context) + tool_context.get().len();
        let before = [&json[..conversation.start], Outline::EMPTY_CONVERSATION, &json[conversation.end..tools.start]];
        let before = before.concat();
        let outline = Outline {
            conversation_at: conversation.start,
            tool_context_at: before.len(),
            json: before + Outline::EMPTY_TOOL_CONTEXT + &json[tools.end..],
        };
        Ok(Self {
            created_at: list_time(&facts.created_at)?,
            schedule_id: schedule_in(source, release),
            parked_status: ParkedStatus::of(context.get()),
            conversation: json[conversation].to_owned(),
            tool_context: json[tools].to_owned(),
            outline,
            id: facts.id,
            user_id: facts.user_id,
            agent_id: facts.agent_id,
            team_id: facts.team_id,
            release,
            unknown_values,
        })
    }

    accessors!();
}

/// The schedule whose list has the session, by the fields `origin` and `source_schedule_id`.
///
/// AgentScope adds the session to the list when it creates it, and does not remove it when the
/// fields are folded. So the original fields decide.
pub fn schedule_of<'a>(
    origin: Option<&'a Value>,
    source_schedule_id: Option<&'a Value>,
    release: Release,
) -> Option<&'a str> {
    match origin {
        Some(origin) if release.has_origins() => {
            let is_schedule = origin.get("type").and_then(Value::as_str) == Some("schedule");
            origin.get("schedule_id").filter(|_| is_schedule)?.as_str()
        }
        _ => source_schedule_id?.as_str(),
    }
}

/// [`schedule_of`] a session's original text.
fn schedule_in(session: &str, release: Release) -> Option<String> {
    #[derive(Deserialize)]
    struct Fields {
        #[serde(default)]
        origin: Option<Value>,
        #[serde(default)]
        source_schedule_id: Option<Value>,
    }
    let Fields { origin, source_schedule_id } = serde_json::from_str(session).ok()?;
    schedule_of(origin.as_ref(), source_schedule_id.as_ref(), release).map(str::to_owned)
}

fn list_time(text: &str) -> Result<Timestamp, InvalidRecord> {
    Timestamp::new(text).ok_or_else(|| InvalidRecord::Field {
        path: "created_at".to_owned(),
        problem: "expected a date and time in ISO 8601".to_owned(),
    })
}
