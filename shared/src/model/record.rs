//! Records: what the service has to know of them besides their JSON.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::kinds::agent::AGENT;
use super::kinds::schedule::SCHEDULE;
use super::kinds::session::SESSION;
use super::kinds::team::TEAM;
use super::schema::Kind;
use super::shape::{Shaped, shape};
use super::{InvalidRecord, ParkedStatus, Release, Timestamp};

/// A record of one of the four kinds.
pub trait Record: Sized {
    /// What its fields are.
    const KIND: &'static Kind;

    /// Takes the record from its JSON in the shape of a release, and from the text that it was
    /// shaped from.
    ///
    /// # Errors
    ///
    /// The JSON is none of such a record.
    fn new(shaped: Shaped, source: &str, release: Release) -> Result<Self, InvalidRecord>;

    /// The user who owns it.
    fn user_id(&self) -> &str;

    /// Its id, unique among the owner's records of its kind.
    fn id(&self) -> &str;

    /// The fields with values that the release does not know. See [`Shaped::unknown_values`].
    fn unknown_values(&self) -> &BTreeSet<String>;
}

/// Reads a record from JSON text and brings it into the shape of a release.
///
/// Absent ids are made from the text, so that the same text always gives the same record.
///
/// # Errors
///
/// The text is not JSON, the record lacks what the service relies on, or it was written by a later
/// release.
pub fn parse<T: Record>(text: &str, release: Release) -> Result<T, InvalidRecord> {
    T::new(shape(T::KIND, text, release)?, text, release)
}

/// A session with its whole state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// The session's id, unique among its owner's sessions.
    pub id: String,
    /// The user who owns it.
    pub user_id: String,
    /// The agent that the user talks to.
    pub agent_id: String,
    /// When the session was created. Lists are ordered by it.
    pub created_at: Timestamp,
    /// The schedule on whose list it is, if any.
    pub schedule_id: Option<String>,
    /// The team that the session leads or works for, if any.
    pub team_id: Option<String>,
    /// What the session waits for unless it runs.
    pub parked_status: Option<ParkedStatus>,
    /// The session's JSON without its bulk.
    pub outline: Outline,
    /// The summary and the conversation, as `"summary":…,"context":…`.
    pub conversation: String,
    /// What the tools remember, as JSON.
    pub tool_context: String,
    /// The release in whose shape it is.
    pub release: Release,
    /// See [`Record::unknown_values`].
    pub unknown_values: BTreeSet<String>,
}

/// A session's JSON as a trimmed list shows it: without summary and conversation, and with nothing
/// that the tools remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The JSON.
    pub json: String,
    /// Where [`EMPTY_CONVERSATION`](Self::EMPTY_CONVERSATION) stands in it, as an offset in bytes.
    pub conversation_at: usize,
    /// Where [`EMPTY_TOOL_CONTEXT`](Self::EMPTY_TOOL_CONTEXT) stands in it, as an offset in bytes,
    /// behind the other.
    pub tool_context_at: usize,
}

impl Outline {
    /// No summary and no conversation.
    pub const EMPTY_CONVERSATION: &str = r#""summary":"","context":[]"#;
    /// A tool context with nothing but defaults.
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

    fn user_id(&self) -> &str {
        &self.user_id
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn unknown_values(&self) -> &BTreeSet<String> {
        &self.unknown_values
    }
}

/// The schedule on whose list a session is, by its fields `origin` and `source_schedule_id`.
/// AgentScope puts it there when it creates the session, and believes the list later, whatever the
/// fields have been folded into.
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

/// The same, of a session's text.
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

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRecord {
    /// The agent's id, unique among its owner's agents.
    pub id: String,
    /// The user who owns it.
    pub user_id: String,
    /// The record as compact JSON.
    pub json: String,
    /// The release in whose shape it is.
    pub release: Release,
    /// See [`Record::unknown_values`].
    pub unknown_values: BTreeSet<String>,
}

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRecord {
    /// The schedule's id, unique among its owner's schedules.
    pub id: String,
    /// The user who owns it.
    pub user_id: String,
    /// The record as compact JSON.
    pub json: String,
    /// The release in whose shape it is.
    pub release: Release,
    /// See [`Record::unknown_values`].
    pub unknown_values: BTreeSet<String>,
}

/// Implements [`Record`] for a kind of which the service knows owner and id alone.
macro_rules! plain_record {
    ($record:ident, $kind:expr) => {
        impl Record for $record {
            const KIND: &'static Kind = $kind;

            fn new(shaped: Shaped, _source: &str, release: Release) -> Result<Self, InvalidRecord> {
                let Keys { id, user_id } = facts(&shaped.json)?;
                Ok(Self { id, user_id, json: shaped.json, release, unknown_values: shaped.unknown_values })
            }

            fn user_id(&self) -> &str {
                &self.user_id
            }

            fn id(&self) -> &str {
                &self.id
            }

            fn unknown_values(&self) -> &BTreeSet<String> {
                &self.unknown_values
            }
        }
    };
}

plain_record!(AgentRecord, &AGENT);
plain_record!(ScheduleRecord, &SCHEDULE);

#[derive(Deserialize)]
struct Keys {
    id: String,
    user_id: String,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRecord {
    /// The team's id, unique among its owner's teams.
    pub id: String,
    /// The user who owns it.
    pub user_id: String,
    /// The session that leads the team.
    pub session_id: String,
    /// The agent that leads the team, where the team names it.
    pub leader_agent_id: Option<String>,
    /// Who is in the team.
    pub members: TeamMembers,
    /// The record as compact JSON.
    pub json: String,
    /// The release in whose shape it is.
    pub release: Release,
    /// See [`Record::unknown_values`].
    pub unknown_values: BTreeSet<String>,
}

/// Who is in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeamMembers {
    /// These agents of the team's owner: releases without rosters.
    Agents(Vec<String>),
    /// This roster.
    Roster(Vec<RosterEntry>),
    /// These agents of the team's owner, whose roster AgentScope works out when it first lists the
    /// team.
    Unmigrated {
        /// The agents.
        agent_ids: Vec<String>,
        /// Where `"member_ids":…,"members":…` stands in the JSON, in bytes.
        place: Range<usize>,
    },
}

/// A member of a team that its roster names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RosterEntry {
    /// The user who owns the agent.
    pub owner_id: String,
    /// The agent.
    pub agent_id: String,
    /// The agent's session in the team.
    pub session_id: String,
}

impl Record for TeamRecord {
    const KIND: &'static Kind = &TEAM;

    fn new(shaped: Shaped, _source: &str, release: Release) -> Result<Self, InvalidRecord> {
        #[derive(Deserialize)]
        struct Facts<'a> {
            id: String,
            user_id: String,
            session_id: String,
            #[serde(default)]
            leader_agent_id: Option<String>,
            #[serde(borrow)]
            data: Data<'a>,
        }
        #[derive(Deserialize)]
        struct Data<'a> {
            #[serde(borrow)]
            member_ids: &'a RawValue,
            #[serde(borrow, default)]
            members: Option<&'a RawValue>,
        }
        let Shaped { json, unknown_values } = shaped;
        let Facts { id, user_id, session_id, leader_agent_id, data } = facts(&json)?;
        let agent_ids: Vec<String> = facts(data.member_ids.get())?;
        let members = match data.members.filter(|_| release.has_rosters()) {
            None => TeamMembers::Agents(agent_ids),
            Some(roster) => match facts::<Vec<RosterEntry>>(roster.get())? {
                entries if entries.is_empty() && !agent_ids.is_empty() => {
                    let offset = |value: &RawValue| value.get().as_ptr() as usize - json.as_ptr() as usize;
                    let start = offset(data.member_ids) - "\"member_ids\":".len();
                    TeamMembers::Unmigrated { agent_ids, place: start..offset(roster) + roster.get().len() }
                }
                entries => TeamMembers::Roster(entries),
            },
        };
        Ok(Self { id, user_id, session_id, leader_agent_id, members, json, release, unknown_values })
    }

    fn user_id(&self) -> &str {
        &self.user_id
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn unknown_values(&self) -> &BTreeSet<String> {
        &self.unknown_values
    }
}

/// Reads what has to be known from JSON that has been shaped.
fn facts<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, InvalidRecord> {
    serde_json::from_str(json).map_err(|error| InvalidRecord::whole(error.to_string()))
}

fn list_time(text: &str) -> Result<Timestamp, InvalidRecord> {
    Timestamp::new(text).ok_or_else(|| InvalidRecord::Field {
        path: "created_at".to_owned(),
        problem: "expected a date and time in ISO 8601".to_owned(),
    })
}
