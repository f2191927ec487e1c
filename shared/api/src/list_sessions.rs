//! The read plan of the list of an agent's sessions.

use std::collections::HashSet;
use std::sync::Arc;

use agentscope_store::{Detail, ReadLimit, SessionHead, Store};
use futures::try_join;

use crate::cursor::{Route, Scope};
use crate::etag::EntityTag;
use crate::list::{ListEnvelope, ListError, ListOptions, ListOutcome, in_order};
use crate::list_size::{ListSize, total_size};
use crate::load_states::load_states;
use crate::session_view::{LoadedSession, SessionStatus, SessionView};
use crate::teams::{ListedAgent, Teams};

/// Reads the list of `GET /sessions/?agent_id=…`; `None` if the user has no such agent.
///
/// The plan takes four rounds, whatever the number of sessions, teams and members:
///
/// 1. the agent, the rows of its sessions, the user's run leases;
/// 2. heads, teams;
/// 3. parts of states, the heads of leading sessions, member agents and their newest sessions;
/// 4. leading agents.
///
/// If the client may have the current list, the teams are read first, and the parts only if the
/// list has changed.
///
/// # Errors
///
/// DynamoDB does not respond, an item cannot be read, or the list is too large.
pub async fn list_sessions(
    store: &Store,
    user_id: &str,
    agent_id: &str,
    options: &ListOptions,
) -> Result<Option<ListOutcome<SessionView>>, ListError> {
    let row_range = options.row_range();
    let (agent, rows, running, count) = try_join!(
        store.agent(user_id, agent_id),
        store.sessions_of_agent(user_id, agent_id, Some(&row_range)),
        store.running(user_id),
        async { if options.count { store.count_of_agent(user_id, agent_id).await.map(Some) } else { Ok(None) } },
    )?;
    let Some(agent) = agent else { return Ok(None) };
    options.check_rows(&rows)?;
    let scope = Scope { route: Route::Sessions, user_id, id: agent_id };
    let release = store.release();
    let detail = options.view.unwrap_or(if release.trims_sessions() { Detail::Summary } else { Detail::Full });
    let envelope = ListEnvelope::new(&scope, options, detail, release, &rows, count);

    let team_ids: HashSet<String> = rows.rows.iter().filter_map(|row| row.team_id.clone()).collect();
    let ids: Vec<_> = rows.rows.into_iter().map(|row| row.id).collect();
    let limit = ReadLimit::new(options.max_read_bytes());
    let (mut heads, mut teams) = try_join!(
        store.heads(user_id, ids.clone(), detail, options.max_read_bytes()),
        store.teams(user_id, team_ids.iter().cloned().collect(), &limit)
    )?;
    heads.retain(|_, head| head.agent_id == agent_id);
    // The index is eventually consistent: a head may name a team that its row does not.
    let missing = teams_of(heads.values()).difference(&team_ids).cloned().collect::<Vec<_>>();
    if !missing.is_empty() {
        teams.extend(store.teams(user_id, missing, &limit).await?);
    }

    let order = in_order(options, &ids, &heads);
    let fingerprint = |sessions: &mut dyn Iterator<Item = &SessionHead>| {
        envelope.fingerprint(sessions.map(|head| (head, running.contains(&head.id))))
    };
    let sessions_tag = fingerprint(&mut order.iter().filter_map(|id| heads.get(id)));
    let listed = ListedAgent {
        newest_session: order.first().filter(|_| options.is_from_start()).cloned(),
        session_ids: order.iter().cloned().collect(),
        agent: Arc::new(agent),
    };
    let mut resolved = None;
    if options.if_none_match.may_match(&sessions_tag) {
        let teams = Teams::resolve(store, user_id, std::mem::take(&mut teams), &listed, &limit).await?;
        let tag = EntityTag { sessions: sessions_tag, teams: teams.fingerprint() };
        if options.if_none_match.matches(&tag) {
            return Ok(Some(ListOutcome::NotModified(tag)));
        }
        resolved = Some(teams);
    }

    if total_size(&heads) > options.max_bytes {
        // The error names what fits, which depends on the teams.
        let resolved = match resolved {
            Some(resolved) => resolved,
            None => Teams::resolve(store, user_id, teams, &listed, &limit).await?,
        };
        return Err(ListSize::from_heads(&order, &heads, Some(&resolved), ids.len()).error(options, detail));
    }
    let states = async {
        Ok(load_states(
            store,
            user_id,
            heads.into_values().collect(),
            detail,
            SessionView::JSON_PREFIX,
            options.max_bytes,
        )
        .await?)
    };
    let (mut teams, mut sessions) = match resolved {
        Some(resolved) => (resolved, states.await?),
        None => try_join!(Teams::resolve(store, user_id, teams, &listed, &limit), states)?,
    };
    // A newer version of a head may belong to another agent, or to a team that has not been read.
    sessions.retain(|_, session| session.stored.head.agent_id == agent_id);
    let joined = teams_of(sessions.values().map(|session| &session.stored.head))
        .difference(&team_ids)
        .cloned()
        .collect::<Vec<_>>();
    if joined.iter().any(|id| teams.get(id).is_none()) {
        let joined = store.teams(user_id, joined, &limit).await?;
        teams.extend(Teams::resolve(store, user_id, joined, &listed, &limit).await?);
    }

    let sessions: Vec<_> = order.iter().filter_map(|id| sessions.remove(id)).collect();
    let size = ListSize::from_sessions(&sessions, Some(&teams));
    size.check(options, detail)?;
    let fitting = size.fitting(options.guaranteed_bytes, detail);
    let tag = EntityTag {
        sessions: fingerprint(&mut sessions.iter().map(|session| &session.stored.head)),
        teams: teams.fingerprint(),
    };
    let has_status = detail == Detail::Summary || release.trims_sessions();
    let view = |session: LoadedSession| {
        let head = &session.stored.head;
        let is_running = running.contains(&head.id);
        SessionView {
            is_running,
            status: has_status.then(|| SessionStatus::of(head, is_running)),
            team: head.team_id.as_ref().and_then(|id| teams.get(id)).cloned(),
            session,
        }
    };
    let sessions = sessions.into_iter().map(view).collect();
    Ok(Some(ListOutcome::List(envelope.into_list(sessions, tag, fitting))))
}

fn teams_of<'a>(heads: impl Iterator<Item = &'a SessionHead>) -> HashSet<String> {
    heads.filter_map(|head| head.team_id.clone()).collect()
}
