//! Agents, teams and schedules as items: keys, the record's JSON, and what is looked up by.

use std::collections::HashMap;
use std::ops::Range;

use agentscope_model::{AgentRecord, Release, RosterEntry, ScheduleRecord, TeamMembers, TeamRecord};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::{Fields, Item, check_size, key, text};
use crate::{ConstraintViolation, StoreError, keys};

/// The attribute with a record's JSON.
pub(crate) const JSON: &str = "json";
/// The attribute that names the release in whose shape a record was written.
pub(crate) const RELEASE: &str = "release";

/// An agent as the tables have it.
#[derive(Debug, Clone)]
pub struct StoredAgent {
    /// Its id.
    pub id: String,
    /// The user who owns it.
    pub user_id: String,
    /// The record as the text of a JSON object.
    pub json: String,
}

/// A team as the tables have it.
#[derive(Debug, Clone)]
pub struct StoredTeam {
    /// Its id.
    pub id: String,
    /// The session that leads it.
    pub session_id: String,
    /// The agent that leads it, where the team names it.
    pub leader_agent_id: Option<String>,
    /// Who is in it.
    pub members: StoredMembers,
    /// The record as the text of a JSON object.
    pub json: String,
}

/// Who is in a team.
#[derive(Debug, Clone)]
pub enum StoredMembers {
    /// These agents of the team's owner.
    Agents {
        /// The agents' ids.
        ids: Vec<String>,
        /// Where the lists of members stand in the team's JSON, for a release that lists a roster
        /// in their place.
        place: Option<Range<usize>>,
    },
    /// This roster.
    Roster(Vec<RosterEntry>),
}

impl StoredAgent {
    pub(crate) fn from_item(table: &str, release: Release, item: Item) -> Result<Self, StoreError> {
        let mut fields = Fields::new(table, "id", item);
        fields.note_release(release)?;
        Ok(Self { id: fields.text("id")?, user_id: fields.text("user_id")?, json: fields.object(JSON)? })
    }
}

impl StoredTeam {
    pub(crate) fn from_item(table: &str, release: Release, item: Item) -> Result<Self, StoreError> {
        let mut fields = Fields::new(table, "id", item);
        fields.note_release(release)?;
        let json = fields.object(JSON)?;
        let members = match fields.optional_maps("members")? {
            Some(entries) => {
                let entry = |mut entry: HashMap<String, AttributeValue>| {
                    let mut text = |name: &str| match entry.remove(name) {
                        Some(AttributeValue::S(text)) => Some(text),
                        _ => None,
                    };
                    Some(RosterEntry {
                        owner_id: text("owner_id")?,
                        agent_id: text("agent_id")?,
                        session_id: text("session_id")?,
                    })
                };
                let roster: Option<_> = entries.into_iter().map(entry).collect();
                StoredMembers::Roster(roster.ok_or_else(|| fields.unreadable("members has an entry without its ids"))?)
            }
            None => StoredMembers::Agents { ids: fields.texts("member_ids")?, place: place(&mut fields, &json)? },
        };
        Ok(Self {
            id: fields.text("id")?,
            session_id: fields.text("session_id")?,
            leader_agent_id: fields.optional_text("leader_agent_id")?,
            members,
            json,
        })
    }
}

/// Where the lists of members stand in a team's JSON.
fn place(fields: &mut Fields<'_>, json: &str) -> Result<Option<Range<usize>>, StoreError> {
    let mut offset = |name| Ok::<_, StoreError>(fields.optional_number(name)?.and_then(|at| usize::try_from(at).ok()));
    let (Some(start), Some(end)) = (offset("members_start")?, offset("members_end")?) else { return Ok(None) };
    let is_there =
        json.get(start..end).is_some_and(|lists| lists.starts_with(r#""member_ids":["#) && lists.ends_with(']'));
    if is_there { Ok(Some(start..end)) } else { Err(fields.unreadable("its members are not where it says")) }
}

pub(crate) fn agent_item(agent: &AgentRecord) -> Result<Item, ConstraintViolation> {
    let AgentRecord { user_id, id, json, release, .. } = agent;
    let item = document(user_id, id, json, *release)?;
    check_size(&item)?;
    Ok(item)
}

pub(crate) fn team_item(team: &TeamRecord) -> Result<Item, ConstraintViolation> {
    let TeamRecord { user_id, id, json, release, session_id, leader_agent_id, members, .. } = team;
    let mut item = document(user_id, id, json, *release)?;
    item.insert("session_id".into(), text(session_id));
    if let Some(leader_agent_id) = leader_agent_id {
        item.insert("leader_agent_id".into(), text(leader_agent_id));
    }
    let ids = |ids: &[String]| AttributeValue::L(ids.iter().map(text).collect());
    match members {
        TeamMembers::Agents(agent_ids) => {
            item.insert("member_ids".into(), ids(agent_ids));
        }
        TeamMembers::Unmigrated { agent_ids, members_range: place } => {
            item.insert("member_ids".into(), ids(agent_ids));
            item.insert("members_start".into(), AttributeValue::N(place.start.to_string()));
            item.insert("members_end".into(), AttributeValue::N(place.end.to_string()));
        }
        TeamMembers::Roster(entries) => {
            let entry = |RosterEntry { owner_id, agent_id, session_id }: &RosterEntry| {
                let fields = [("owner_id", owner_id), ("agent_id", agent_id), ("session_id", session_id)];
                AttributeValue::M(fields.map(|(name, id)| (name.to_owned(), text(id))).into())
            };
            item.insert("members".into(), AttributeValue::L(entries.iter().map(entry).collect()));
        }
    }
    check_size(&item)?;
    Ok(item)
}

pub(crate) fn schedule_item(schedule: &ScheduleRecord) -> Result<Item, ConstraintViolation> {
    let ScheduleRecord { user_id, id, json, release, .. } = schedule;
    let item = document(user_id, id, json, *release)?;
    check_size(&item)?;
    Ok(item)
}

fn document(user_id: &str, id: &str, json: &str, release: Release) -> Result<Item, ConstraintViolation> {
    check_key("user_id", user_id, keys::PARTITION_KEY_LIMIT)?;
    check_key("id", id, keys::SORT_KEY_LIMIT)?;
    let mut item = key(user_id, "id", id);
    item.insert(JSON.into(), text(json));
    item.insert(RELEASE.into(), text(release.as_str()));
    Ok(item)
}

/// # Errors
///
/// The id is empty, or too long for its place in a key.
pub(crate) fn check_key(field: &'static str, id: &str, limit: usize) -> Result<(), ConstraintViolation> {
    match id.len() {
        0 => Err(ConstraintViolation { field, problem: "it is empty".into() }),
        length if length > limit => {
            Err(ConstraintViolation { field, problem: format!("{length} bytes, expected at most {limit}") })
        }
        _ => Ok(()),
    }
}
