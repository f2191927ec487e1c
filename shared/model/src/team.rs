//! A team: its leader and its members.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::kinds::team::TEAM;
use crate::record::{accessors, facts};
use crate::schema::Kind;
use crate::shape::Shaped;
use crate::{InvalidRecord, Record, Release};

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRecord {
    /// The team's id, unique among its owner's teams.
    pub id: String,
    /// The user who owns it.
    pub user_id: String,
    /// The session that leads the team.
    pub session_id: String,
    /// The agent that leads the team, if the team names it.
    pub leader_agent_id: Option<String>,
    /// Its members.
    pub members: TeamMembers,
    /// The record as compact JSON.
    pub json: String,
    /// The release of its shape.
    pub release: Release,
    /// See [`Record::unknown_values`].
    pub unknown_values: BTreeSet<String>,
}

/// The members of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeamMembers {
    /// Agents of the team's owner, in releases without rosters.
    Agents(Vec<String>),
    /// A roster, in later releases.
    Roster(Vec<RosterEntry>),
    /// Agents of the team's owner, in a release with rosters. AgentScope computes the roster when
    /// it lists the team for the first time.
    Unmigrated {
        /// The agents.
        agent_ids: Vec<String>,
        /// The bytes of `"member_ids":…,"members":…` in the JSON.
        members_range: Range<usize>,
    },
}

/// A member on a team's roster.
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
                    TeamMembers::Unmigrated { agent_ids, members_range: start..offset(roster) + roster.get().len() }
                }
                entries => TeamMembers::Roster(entries),
            },
        };
        Ok(Self { id, user_id, session_id, leader_agent_id, members, json, release, unknown_values })
    }

    accessors!();
}
