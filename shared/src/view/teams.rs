//! Teams with their agents.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::try_join;

use super::etag::Fingerprint;
use super::{TeamDetail, TeamMember};
use crate::store::{Store, StoreError, StoredAgent, StoredTeam};

/// What has been read before the teams are resolved, and is not read again.
pub(super) struct Known {
    /// The agent whose sessions are listed.
    pub(super) agent: Arc<StoredAgent>,
    /// Its newest session; `None` if the list does not begin with that.
    pub(super) newest_session: Option<String>,
    /// Its sessions that are listed.
    pub(super) sessions: HashSet<String>,
}

/// Teams by id.
pub(super) struct Teams(HashMap<String, Arc<TeamDetail>>);

impl Teams {
    pub(super) fn get(&self, id: &str) -> Option<&Arc<TeamDetail>> {
        self.0.get(id)
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Changes whenever something visible in one of them does.
    pub(super) fn fingerprint(&self) -> String {
        let mut teams: Vec<_> = self.0.values().collect();
        teams.sort_unstable_by_key(|team| &team.team.id);
        let mut fingerprint = Fingerprint::new();
        for team in teams {
            fingerprint.add(team.json());
        }
        fingerprint.finish()
    }

    /// Reads the leaders and members of these teams, in two round trips.
    pub(super) async fn resolve(
        store: &Store,
        user_id: &str,
        teams: HashMap<String, StoredTeam>,
        known: &Known,
    ) -> Result<Self, StoreError> {
        let Known { agent, newest_session, sessions } = known;
        let members: HashSet<&String> = teams.values().flat_map(|team| &team.member_ids).collect();
        let unread_agents: Vec<String> =
            members.iter().filter(|id| ***id != agent.id).map(|id| (*id).clone()).collect();
        let unread_newest: Vec<String> =
            members.into_iter().filter(|id| **id != agent.id || newest_session.is_none()).cloned().collect();
        let leading: HashSet<&String> = teams.values().map(|team| &team.session_id).collect();
        let (own, unread): (Vec<&String>, Vec<&String>) = leading.into_iter().partition(|id| sessions.contains(*id));
        let mut asked: HashSet<String> = unread_agents.iter().cloned().collect();
        asked.insert(agent.id.clone());
        let ((mut newest, rest), agents, mut leaders) = try_join!(
            store.newest_sessions_at_once(user_id, unread_newest),
            store.agents(user_id, unread_agents),
            store.agents_of_sessions(user_id, unread.into_iter().cloned().collect())
        )?;
        leaders.extend(own.into_iter().map(|id| (id.clone(), agent.id.clone())));
        newest.extend(newest_session.iter().map(|session_id| (agent.id.clone(), session_id.clone())));
        let mut agents: HashMap<_, _> = agents.into_iter().map(|(id, agent)| (id, Arc::new(agent))).collect();
        agents.insert(agent.id.clone(), Arc::clone(agent));

        let unread: HashSet<String> = leaders.values().filter(|id| !asked.contains(*id)).cloned().collect();
        let (unread, older) =
            try_join!(store.agents(user_id, unread.into_iter().collect()), store.newest_sessions(user_id, rest))?;
        newest.extend(older);
        agents.extend(unread.into_iter().map(|(id, agent)| (id, Arc::new(agent))));

        let resolved = teams.into_iter().map(|(id, team)| {
            let member = |id| {
                let agent = agents.get(id)?;
                Some(TeamMember { agent: Arc::clone(agent), session_id: newest.get(id).cloned() })
            };
            let members = team.member_ids.iter().filter_map(member).collect();
            let leader_agent = leaders.get(&team.session_id).and_then(|agent_id| agents.get(agent_id)).cloned();
            (id, Arc::new(TeamDetail::new(team, leader_agent, members)))
        });
        Ok(Self(resolved.collect()))
    }
}
