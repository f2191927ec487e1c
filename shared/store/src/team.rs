//! Reads of teams.

use std::collections::HashMap;
use std::ops::Range;

use agentscope_model::{Release, RosterEntry};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::attributes::{
    AGENT_ID, ID, JSON, LEADER_AGENT_ID, MEMBER_IDS, MEMBERS, MEMBERS_END, MEMBERS_START, OWNER_ID, SESSION_ID,
};
use crate::batch::{Batch, GET_LIMIT, distinct};
use crate::get::Consistency;
use crate::item::{Fields, Item};
use crate::tables::TableRef;
use crate::{Changes, ReadLimit, RecordKind, Store, StoreError, keys};

/// A team as it is stored.
#[derive(Debug, Clone)]
pub struct StoredTeam {
    /// Its id.
    pub id: String,
    /// The session that leads it.
    pub session_id: String,
    /// The agent that leads it, where the team names it.
    pub leader_agent_id: Option<String>,
    /// Its members.
    pub members: StoredMembers,
    /// The record as the text of a JSON object.
    pub json: String,
}

/// The members of a team.
#[derive(Debug, Clone)]
pub enum StoredMembers {
    /// Agents of the team's owner.
    Agents {
        /// The agents' ids.
        ids: Vec<String>,
        /// The lists of members in the team's JSON, for a release that lists a roster in their
        /// place.
        place: Option<Range<usize>>,
    },
    /// A roster.
    Roster(Vec<RosterEntry>),
}

impl StoredTeam {
    fn from_item(table: TableRef<'_>, release: Release, item: Item) -> Result<Self, StoreError> {
        let mut fields = Fields::new(table, item);
        fields.note_release(release)?;
        let json = fields.object(JSON)?;
        let members = match fields.optional_maps(MEMBERS)? {
            Some(entries) => {
                let roster: Option<_> = entries.into_iter().map(roster_entry).collect();
                StoredMembers::Roster(roster.ok_or_else(|| fields.unreadable("members has an entry without its ids"))?)
            }
            None => StoredMembers::Agents { ids: fields.texts(MEMBER_IDS)?, place: members_range(&mut fields, &json)? },
        };
        Ok(Self {
            id: fields.text(ID)?,
            session_id: fields.text(SESSION_ID)?,
            leader_agent_id: fields.optional_text(LEADER_AGENT_ID)?,
            members,
            json,
        })
    }
}

fn roster_entry(mut entry: HashMap<String, AttributeValue>) -> Option<RosterEntry> {
    let mut text = |name: &str| match entry.remove(name) {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    };
    Some(RosterEntry { owner_id: text(OWNER_ID)?, agent_id: text(AGENT_ID)?, session_id: text(SESSION_ID)? })
}

/// The range of the lists of members in a team's JSON.
fn members_range(fields: &mut Fields<'_>, json: &str) -> Result<Option<Range<usize>>, StoreError> {
    let mut offset = |name| Ok::<_, StoreError>(fields.optional_number(name)?.and_then(|at| usize::try_from(at).ok()));
    let (Some(start), Some(end)) = (offset(MEMBERS_START)?, offset(MEMBERS_END)?) else { return Ok(None) };
    let is_valid =
        json.get(start..end).is_some_and(|lists| lists.starts_with(r#""member_ids":["#) && lists.ends_with(']'));
    if is_valid { Ok(Some(start..end)) } else { Err(fields.unreadable("its members are not where it says")) }
}

impl Store {
    /// Reads teams of a user. Those that changed a moment ago and are read in an older state are
    /// read again with strong consistency. The result lacks teams that do not exist.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, an item is unreadable, or the teams exceed the limit.
    pub async fn teams(
        &self,
        user_id: &str,
        ids: Vec<String>,
        limit: &ReadLimit,
        changes: &Changes,
    ) -> Result<HashMap<String, StoredTeam>, StoreError> {
        let ids = distinct(ids.into_iter().filter(|id| keys::can_exist(user_id, id)));
        let mut teams = self.some_teams(user_id, ids.clone(), limit, Consistency::Eventual).await?;
        let json = |id: &str| teams.get(id).map(|team| team.json.as_str());
        let outdated: Vec<_> = ids.into_iter().filter(|id| changes.is_team_outdated(id, json(id))).collect();
        if !outdated.is_empty() {
            for id in &outdated {
                teams.remove(id);
            }
            teams.extend(self.some_teams(user_id, outdated, limit, Consistency::Strong).await?);
        }
        Ok(teams)
    }

    async fn some_teams(
        &self,
        user_id: &str,
        keys: Vec<String>,
        limit: &ReadLimit,
        consistency: Consistency,
    ) -> Result<HashMap<String, StoredTeam>, StoreError> {
        let table = self.names.of(RecordKind::Team);
        let batch = Batch { table, user_id, keys, attributes: &[], consistency, per_request: GET_LIMIT };
        self.batch_get(batch, |item| {
            let team = StoredTeam::from_item(table, self.release, item)?;
            limit.add(team.json.len())?;
            Ok(Some((team.id.clone(), team)))
        })
        .await
    }
}
