//! Agents, teams and schedules as items: keys, times, and the rest as JSON text.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::item::{Fields, Item, check_size, key, text};
use super::{StoreError, Unfit, keys};
use crate::model::{AgentRecord, Extra, ScheduleRecord, TeamRecord, Timestamp};

/// An agent as the tables have it.
#[derive(Debug, Clone)]
pub struct StoredAgent {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// Who made it: `user` or `team`.
    pub source: String,
    /// When it was last written.
    pub updated_at: String,
    /// When it was created.
    pub created_at: String,
    /// What it is, as JSON text.
    pub data: String,
    /// Fields that this version does not know, as the text of a JSON object.
    pub extra: Option<String>,
}

/// A team as the tables have it.
#[derive(Debug, Clone)]
pub struct StoredTeam {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// The session that leads it.
    pub session_id: String,
    /// The agents that work for it.
    pub member_ids: Vec<String>,
    /// When it was last written.
    pub updated_at: String,
    /// When it was created.
    pub created_at: String,
    /// What it is for and who is in it, as JSON text.
    pub data: String,
    /// Fields that this version does not know, as the text of a JSON object.
    pub extra: Option<String>,
}

impl StoredAgent {
    pub(super) fn from_item(table: &str, item: Item) -> Result<Self, StoreError> {
        let mut fields = Fields::new(table, "id", item);
        Ok(Self {
            id: fields.text("id")?,
            user_id: fields.text("user_id")?,
            source: fields.text("source")?,
            updated_at: fields.text("updated_at")?,
            created_at: fields.text("created_at")?,
            data: fields.json("data")?,
            extra: fields.optional_object("extra")?,
        })
    }
}

impl StoredTeam {
    pub(super) fn from_item(table: &str, item: Item) -> Result<Self, StoreError> {
        let mut fields = Fields::new(table, "id", item);
        Ok(Self {
            id: fields.text("id")?,
            user_id: fields.text("user_id")?,
            session_id: fields.text("session_id")?,
            member_ids: fields.texts("member_ids")?,
            updated_at: fields.text("updated_at")?,
            created_at: fields.text("created_at")?,
            data: fields.json("data")?,
            extra: fields.optional_object("extra")?,
        })
    }
}

pub(super) fn agent_item(agent: &AgentRecord) -> Result<Item, Unfit> {
    let mut item =
        document(&agent.user_id, &agent.id, &agent.updated_at, &agent.created_at, &agent.data, &agent.extra)?;
    item.insert("source".into(), text(agent.source.as_str()));
    check_size(&item)?;
    Ok(item)
}

pub(super) fn team_item(team: &TeamRecord) -> Result<Item, Unfit> {
    let mut item = document(&team.user_id, &team.id, &team.updated_at, &team.created_at, &team.data, &team.extra)?;
    item.insert("session_id".into(), text(&team.session_id));
    item.insert("member_ids".into(), AttributeValue::L(team.data.member_ids.iter().map(text).collect()));
    check_size(&item)?;
    Ok(item)
}

pub(super) fn schedule_item(schedule: &ScheduleRecord) -> Result<Item, Unfit> {
    let ScheduleRecord { user_id, id, updated_at, created_at, data, extra, agent_id } = schedule;
    let mut item = document(user_id, id, updated_at, created_at, data, extra)?;
    item.insert("agent_id".into(), text(agent_id));
    check_size(&item)?;
    Ok(item)
}

fn document(
    user_id: &str,
    id: &str,
    updated_at: &Timestamp,
    created_at: &Timestamp,
    data: &impl Serialize,
    extra: &Extra,
) -> Result<Item, Unfit> {
    check_key("user_id", user_id, keys::PARTITION_KEY_LIMIT)?;
    check_key("id", id, keys::SORT_KEY_LIMIT)?;
    let mut item = key(user_id, "id", id);
    item.insert("updated_at".into(), text(updated_at.as_str()));
    item.insert("created_at".into(), text(created_at.as_str()));
    item.insert("data".into(), text(json("data", data)?));
    if !extra.is_empty() {
        item.insert("extra".into(), text(json(".", extra)?));
    }
    Ok(item)
}

/// # Errors
///
/// The id is empty, or too long for its place in a key.
pub(super) fn check_key(field: &'static str, id: &str, limit: usize) -> Result<(), Unfit> {
    match id.len() {
        0 => Err(Unfit { field, problem: "it is empty".into() }),
        length if length > limit => Err(Unfit { field, problem: format!("{length} bytes, expected at most {limit}") }),
        _ => Ok(()),
    }
}

pub(super) fn json(field: &'static str, value: &impl Serialize) -> Result<String, Unfit> {
    serde_json::to_string(value).map_err(|error| Unfit { field, problem: error.to_string() })
}
