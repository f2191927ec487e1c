//! An agent's sessions with their teams.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::try_join;

use super::list_schedule_sessions::newest_first;
use super::{ListSessionsResponse, SessionView, TeamDetail, TeamMember};
use crate::store::{Store, StoreError, StoredAgent, StoredTeam};

/// Reads the answer of `GET /sessions/?agent_id=…`; `None` if the user has no such agent.
///
/// It takes four round trips, whatever the number of sessions, teams and members:
///
/// 1. the agent, the rows of its sessions, the user's run leases;
/// 2. heads, teams;
/// 3. parts of states, the heads of leading sessions, member agents and their newest sessions;
/// 4. leading agents.
///
/// # Errors
///
/// DynamoDB does not answer, or an item cannot be read.
pub async fn list_sessions(
    store: &Store,
    user_id: &str,
    agent_id: &str,
) -> Result<Option<ListSessionsResponse>, StoreError> {
    let (agent, rows, running) =
        try_join!(store.agent(user_id, agent_id), store.sessions_of_agent(user_id, agent_id), store.running(user_id))?;
    let Some(agent) = agent else { return Ok(None) };

    let asked: HashSet<String> = rows.iter().filter_map(|row| row.team_id.clone()).collect();
    let session_ids = rows.into_iter().map(|row| row.id).collect();
    let (mut heads, mut teams) =
        try_join!(store.heads(user_id, session_ids), store.teams(user_id, asked.iter().cloned().collect()))?;
    heads.retain(|_, head| head.agent_id == agent_id);
    // The index may lag behind a head that has just joined a team.
    let late: HashSet<_> = heads.values().filter_map(|head| head.team_id.clone()).collect();
    let late: Vec<_> = late.difference(&asked).cloned().collect();
    if !late.is_empty() {
        teams.extend(store.teams(user_id, late).await?);
    }

    let order = newest_first(heads.values());
    let known = Known { agent, newest_session: order.first().cloned(), sessions: order.iter().cloned().collect() };
    let (mut sessions, teams) = try_join!(
        store.with_states(user_id, heads.into_values().collect()),
        team_details(store, user_id, teams, known)
    )?;
    let sessions = order
        .iter()
        .filter_map(|id| sessions.remove(id))
        .map(|session| SessionView {
            is_running: running.contains(&session.head.id),
            team: session.head.team_id.as_ref().and_then(|id| teams.get(id)).cloned(),
            session,
        })
        .collect();
    Ok(Some(ListSessionsResponse { sessions }))
}

/// What has been read before the teams are resolved, and is not read again.
struct Known {
    /// The agent whose sessions are listed.
    agent: StoredAgent,
    newest_session: Option<String>,
    sessions: HashSet<String>,
}

/// Resolves teams, by id.
async fn team_details(
    store: &Store,
    user_id: &str,
    teams: HashMap<String, StoredTeam>,
    known: Known,
) -> Result<HashMap<String, Arc<TeamDetail>>, StoreError> {
    let Known { agent, newest_session, sessions } = known;
    let members: HashSet<&String> =
        teams.values().flat_map(|team| &team.member_ids).filter(|id| **id != agent.id).collect();
    let members: Vec<String> = members.into_iter().cloned().collect();
    let leading: HashSet<&String> = teams.values().map(|team| &team.session_id).collect();
    let (own, unread): (Vec<&String>, Vec<&String>) = leading.into_iter().partition(|id| sessions.contains(*id));
    let (mut newest, agents, mut leaders) = try_join!(
        store.newest_sessions(user_id, members.clone()),
        store.agents(user_id, members.clone()),
        store.agents_of_sessions(user_id, unread.into_iter().cloned().collect())
    )?;
    leaders.extend(own.into_iter().map(|id| (id.clone(), agent.id.clone())));
    newest.extend(newest_session.map(|session_id| (agent.id.clone(), session_id)));
    let mut asked: HashSet<String> = members.into_iter().collect();
    asked.insert(agent.id.clone());
    let mut agents: HashMap<_, _> = agents.into_iter().map(|(id, agent)| (id, Arc::new(agent))).collect();
    agents.insert(agent.id.clone(), Arc::new(agent));

    let unread: HashSet<String> = leaders.values().filter(|id| !asked.contains(*id)).cloned().collect();
    let unread = store.agents(user_id, unread.into_iter().collect()).await?;
    agents.extend(unread.into_iter().map(|(id, agent)| (id, Arc::new(agent))));

    let resolved = teams.into_iter().map(|(id, team)| {
        let member = |id| {
            let agent = agents.get(id)?;
            Some(TeamMember { agent: Arc::clone(agent), session_id: newest.get(id).cloned() })
        };
        let members = team.member_ids.iter().filter_map(member).collect();
        let leader_agent = leaders.get(&team.session_id).and_then(|agent_id| agents.get(agent_id)).cloned();
        (id, Arc::new(TeamDetail { team, leader_agent, members }))
    });
    Ok(resolved.collect())
}
