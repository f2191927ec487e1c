//! Reads the teams of a list with their leaders and members.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use agentscope_model::{Release, RosterEntry};
use agentscope_store::{AgentKey, Changes, ReadLimit, Store, StoredAgent, StoredMembers, StoredTeam};
use futures::try_join;

use crate::etag::Fingerprint;
use crate::limits::MAX_MEMBERS;
use crate::list::ListError;
use crate::team_detail::{TeamAgent, TeamDetail, TeamMember};

/// The maximum number of agents whose newest session takes a query of its own.
const MAX_QUERIES: usize = 2_000;

/// The agent whose sessions are listed. Teams that refer to it need no further request.
pub(crate) struct ListedAgent<'a> {
    pub(crate) agent: Arc<StoredAgent>,
    /// Its newest session; `None` if the list does not begin with it.
    pub(crate) newest_session: Option<String>,
    /// Its listed sessions.
    pub(crate) session_ids: HashSet<String>,
    /// What changed in the last minute.
    pub(crate) changes: &'a Changes,
}

/// Teams by id.
#[derive(Default)]
pub(crate) struct Teams(HashMap<String, Arc<TeamDetail>>);

impl Teams {
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<TeamDetail>> {
        self.0.get(id)
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Changes whenever something visible in one of the teams changes.
    ///
    /// The JSON of an agent in many teams is digested once.
    pub(crate) fn fingerprint(&self) -> String {
        let mut teams: Vec<_> = self.0.values().collect();
        teams.sort_unstable_by_key(|team| &team.team.id);
        let mut digests = HashMap::new();
        let mut fingerprint = Fingerprint::new();
        for team in teams {
            team.add_to(&mut fingerprint, &mut digests);
        }
        fingerprint.finish()
    }

    /// Reads the leaders and members of these teams, in two round trips.
    pub(crate) async fn resolve(
        store: &Store,
        user_id: &str,
        teams: HashMap<String, StoredTeam>,
        listed: &ListedAgent<'_>,
        limit: &ReadLimit,
    ) -> Result<Self, ListError> {
        let ListedAgent { agent, newest_session, session_ids, changes } = listed;
        let viewer = Viewer { user_id, release: store.release() };
        let References { mut agent_keys, without_roster, leading_sessions } = viewer.references(teams.values());
        let members = agent_keys.len().max(without_roster.len());
        if members > MAX_MEMBERS {
            return Err(ListError::TooManyMembers(members));
        }
        let own_key = AgentKey::new(user_id, &agent.id);
        agent_keys.remove(&own_key);
        let is_newest_read = |id: &String| *id == agent.id && newest_session.is_some();
        let unread_newest = without_roster.into_iter().filter(|id| !is_newest_read(id)).collect();
        let (own, unread): (Vec<&String>, Vec<&String>) =
            leading_sessions.into_iter().partition(|id| session_ids.contains(*id));
        let ((mut newest, rest), agents, mut leaders) = try_join!(
            store.newest_sessions_at_once(user_id, unread_newest, changes),
            store.agents(agent_keys.iter().cloned().collect(), limit, changes),
            store.agents_of_sessions(user_id, unread.into_iter().cloned().collect(), changes)
        )?;
        leaders.extend(own.into_iter().map(|id| (id.clone(), agent.id.clone())));
        newest.extend(newest_session.iter().map(|session_id| (agent.id.clone(), session_id.clone())));
        let mut agents: HashMap<_, _> = agents.into_iter().map(|(key, agent)| (key, Arc::new(agent))).collect();
        agents.insert(own_key, Arc::clone(agent));
        let leading_agents = leaders.values().map(|id| AgentKey::new(user_id, id));
        let unread: HashSet<_> =
            leading_agents.filter(|key| !agents.contains_key(key) && !agent_keys.contains(key)).collect();
        if rest.len() > MAX_QUERIES {
            return Err(ListError::TooManyMembers(members));
        }
        let (unread, older) = try_join!(
            store.agents(unread.into_iter().collect(), limit, changes),
            store.newest_sessions(user_id, rest, changes)
        )?;
        newest.extend(older);
        agents.extend(unread.into_iter().map(|(key, agent)| (key, Arc::new(agent))));

        let resolved = teams.into_iter().map(|(id, team)| {
            let detail = viewer.detail(team, &agents, &newest, &leaders);
            (id, Arc::new(detail))
        });
        Ok(Self(resolved.collect()))
    }
}

impl TeamDetail {
    /// Adds everything visible in the team. Agents are added as digests of their JSON, which
    /// `digests` caches.
    fn add_to(&self, fingerprint: &mut Fingerprint, digests: &mut HashMap<*const StoredAgent, String>) {
        let mut digest = |agent: &TeamAgent| {
            let digest = digests.entry(Arc::as_ptr(&agent.agent));
            let digest = digest.or_insert_with(|| Fingerprint::new().with(&agent.agent.json).finish());
            format!("{digest} {:?}", agent.editable)
        };
        fingerprint.add(&self.team.json);
        fingerprint.add(format!("{:?}", self.computed_roster));
        fingerprint.add(self.leader_agent.as_ref().map_or_else(String::new, &mut digest));
        fingerprint.add(self.members.len().to_string());
        for TeamMember { agent, session_id } in &self.members {
            fingerprint.add(digest(agent));
            fingerprint.add(format!("{session_id:?}"));
        }
    }
}

/// What a user sees of teams in a release.
struct Viewer<'a> {
    user_id: &'a str,
    release: Release,
}

/// The members of a team in a release.
enum Members<'a> {
    /// Agents of the caller, each with its newest session.
    Agents(Vec<&'a String>),
    /// The team's roster.
    Roster(&'a [RosterEntry]),
}

/// What teams refer to.
#[derive(Default)]
struct References<'a> {
    /// Members and leaders that are named.
    agent_keys: HashSet<AgentKey>,
    /// Members whose sessions are not named: their newest session is shown.
    without_roster: HashSet<String>,
    /// The sessions whose agents lead, in teams that do not name the leader.
    leading_sessions: HashSet<&'a String>,
}

impl Viewer<'_> {
    fn references<'t>(&self, teams: impl Iterator<Item = &'t StoredTeam>) -> References<'t> {
        let mut references = References::default();
        for team in teams {
            match self.members(team) {
                Members::Agents(ids) => {
                    references.without_roster.extend(ids.iter().map(|id| (*id).clone()));
                    references.agent_keys.extend(ids.iter().map(|id| AgentKey::new(self.user_id, id)));
                }
                Members::Roster(roster) => {
                    references.agent_keys.extend(roster.iter().filter_map(|entry| self.agent_key(entry)));
                }
            }
            match self.leader_agent_id(team) {
                Some(id) => drop(references.agent_keys.insert(AgentKey::new(self.user_id, id))),
                None => drop(references.leading_sessions.insert(&team.session_id)),
            }
        }
        references
    }

    fn members<'t>(&self, team: &'t StoredTeam) -> Members<'t> {
        match &team.members {
            StoredMembers::Agents { ids, .. } => Members::Agents(ids.iter().collect()),
            StoredMembers::Roster(roster) if self.release.has_rosters() => Members::Roster(roster),
            StoredMembers::Roster(roster) => {
                let own = roster.iter().filter(|entry| entry.owner_id == self.user_id);
                Members::Agents(own.map(|entry| &entry.agent_id).collect())
            }
        }
    }

    /// The agent of a roster entry, if the release shows it. An agent of another user is read only
    /// because AgentScope's service has put it on the caller's roster.
    fn agent_key(&self, entry: &RosterEntry) -> Option<AgentKey> {
        let is_shown = entry.owner_id == self.user_id || !self.release.hides_foreign_members();
        is_shown.then(|| AgentKey::new(&entry.owner_id, &entry.agent_id))
    }

    fn leader_agent_id<'t>(&self, team: &'t StoredTeam) -> Option<&'t String> {
        team.leader_agent_id.as_ref().filter(|_| self.release.has_leader_ids())
    }

    fn team_agent(&self, agents: &HashMap<AgentKey, Arc<StoredAgent>>, key: &AgentKey) -> Option<TeamAgent> {
        let agent = Arc::clone(agents.get(key)?);
        let editable = self.release.has_editable().then(|| key.user_id == self.user_id);
        Some(TeamAgent { agent, editable })
    }

    fn detail(
        &self,
        team: StoredTeam,
        agents: &HashMap<AgentKey, Arc<StoredAgent>>,
        newest: &HashMap<String, String>,
        leaders: &HashMap<String, String>,
    ) -> TeamDetail {
        let own = |id: &str| AgentKey::new(self.user_id, id);
        let leader = self.leader_agent_id(&team).or_else(|| leaders.get(&team.session_id));
        let leader_agent = leader.and_then(|id| self.team_agent(agents, &own(id)));
        let member_of_entry = |entry: &RosterEntry| {
            let agent = self.team_agent(agents, &self.agent_key(entry)?)?;
            Some(TeamMember { agent, session_id: Some(entry.session_id.clone()) })
        };
        let (members, computed_roster) = match self.members(&team) {
            Members::Roster(roster) => (roster.iter().filter_map(member_of_entry).collect(), None),
            Members::Agents(ids) if self.release.has_rosters() => {
                let entry = |id: &&String| {
                    let session_id = newest.get(*id)?.clone();
                    Some(RosterEntry { owner_id: self.user_id.to_owned(), agent_id: (*id).clone(), session_id })
                };
                let roster: Vec<_> = ids.iter().filter_map(entry).collect();
                (roster.iter().filter_map(member_of_entry).collect(), Some(roster))
            }
            Members::Agents(ids) => {
                let member = |id: &&String| {
                    let agent = self.team_agent(agents, &own(id))?;
                    Some(TeamMember { agent, session_id: newest.get(*id).cloned() })
                };
                (ids.iter().filter_map(member).collect(), None)
            }
        };
        TeamDetail { team, leader_agent, members, computed_roster, json: OnceLock::new() }
    }
}
