//! An agent's sessions with their teams.

use std::collections::HashSet;
use std::sync::Arc;

use agentscope_store::{Detail, ReadLimit, SessionHead, Store};
use futures::try_join;

use crate::LoadedSession;
use crate::cursor::{Route, Scope};
use crate::etag::EntityTag;
use crate::list::{ListEnvelope, ListError, ListOptions, ListOutcome, in_order};
use crate::load_states::load_states;
use crate::size::{ListSize, total};
use crate::teams::{AlreadyRead, Teams};
use crate::{SessionStatus, SessionView};

/// Reads the response of `GET /sessions/?agent_id=…`; `None` if the user has no such agent.
///
/// It takes four round trips, whatever the number of sessions, teams and members:
///
/// 1. the agent, the rows of its sessions, the user's run leases;
/// 2. heads, teams;
/// 3. parts of states, the heads of leading sessions, member agents and their newest sessions;
/// 4. leading agents.
///
/// A caller whose response may still be good is spared the parts until the teams show that it is not.
///
/// # Errors
///
/// DynamoDB does not respond, an item cannot be read, or the response is too large.
pub async fn list_sessions(
    store: &Store,
    user_id: &str,
    agent_id: &str,
    options: &ListOptions,
) -> Result<Option<ListOutcome<SessionView>>, ListError> {
    let (agent, rows, running, count) = try_join!(
        store.agent(user_id, agent_id),
        store.sessions_of_agent(user_id, agent_id, options.page.as_ref()),
        store.running(user_id),
        async { if options.count { store.count_of_agent(user_id, agent_id).await.map(Some) } else { Ok(None) } },
    )?;
    let Some(agent) = agent else { return Ok(None) };
    let scope = Scope { route: Route::Sessions, user_id, id: agent_id };
    let release = store.release();
    let view = options.view.unwrap_or(if release.trims_sessions() { Detail::Summary } else { Detail::Full });
    let frame = ListEnvelope::new(&scope, options, view, release, &rows, count);

    let team_ids: HashSet<String> = rows.rows.iter().filter_map(|row| row.team_id.clone()).collect();
    let ids: Vec<_> = rows.rows.into_iter().map(|row| row.id).collect();
    let limit = ReadLimit::new(options.most_read());
    let (mut heads, mut teams) = try_join!(
        store.heads(user_id, ids.clone(), view, options.most_read()),
        store.teams(user_id, team_ids.iter().cloned().collect(), &limit)
    )?;
    heads.retain(|_, head| head.agent_id == agent_id);
    // The index may lag behind a head that has just joined a team.
    let late = teams_of(heads.values()).difference(&team_ids).cloned().collect::<Vec<_>>();
    if !late.is_empty() {
        teams.extend(store.teams(user_id, late, &limit).await?);
    }

    let order = in_order(options, &ids, &heads);
    let fingerprint = |sessions: &mut dyn Iterator<Item = &SessionHead>| {
        frame.fingerprint(sessions.map(|head| (head, running.contains(&head.id))))
    };
    let sessions_tag = fingerprint(&mut order.iter().filter_map(|id| heads.get(id)));
    let already_read = AlreadyRead {
        newest_session: order.first().filter(|_| options.is_from_start()).cloned(),
        sessions: order.iter().cloned().collect(),
        agent: Arc::new(agent),
    };
    let mut resolved = None;
    if options.if_none_match.may_match(&sessions_tag) {
        let teams = Teams::resolve(store, user_id, std::mem::take(&mut teams), &already_read, &limit).await?;
        let tag = EntityTag { sessions: sessions_tag, teams: teams.fingerprint() };
        if options.if_none_match.matches(&tag) {
            return Ok(Some(ListOutcome::NotModified(tag)));
        }
        resolved = Some(teams);
    }

    if total(&heads) > options.most_bytes {
        // The teams are read to tell the caller what fits.
        let resolved = match resolved {
            Some(resolved) => resolved,
            None => Teams::resolve(store, user_id, teams, &already_read, &limit).await?,
        };
        return Err(ListSize::of_heads(&order, &heads, Some(&resolved), ids.len()).error(options, view));
    }
    let states = async {
        Ok(load_states(store, user_id, heads.into_values().collect(), view, SessionView::OPENING, options.most_bytes)
            .await?)
    };
    let (mut teams, mut sessions) = match resolved {
        Some(resolved) => (resolved, states.await?),
        None => try_join!(Teams::resolve(store, user_id, teams, &already_read, &limit), states)?,
    };
    // A head that has moved on meanwhile may have moved away, or joined a team.
    sessions.retain(|_, session| session.stored.head.agent_id == agent_id);
    let joined = teams_of(sessions.values().map(|session| &session.stored.head))
        .difference(&team_ids)
        .cloned()
        .collect::<Vec<_>>();
    if joined.iter().any(|id| teams.get(id).is_none()) {
        let joined = store.teams(user_id, joined, &limit).await?;
        teams.extend(Teams::resolve(store, user_id, joined, &already_read, &limit).await?);
    }

    let sessions: Vec<_> = order.iter().filter_map(|id| sessions.remove(id)).collect();
    let size = ListSize::of_sessions(&sessions, Some(&teams));
    size.check(options, view)?;
    let smaller = size.smaller(options.certain_bytes, view);
    let tag = EntityTag {
        sessions: fingerprint(&mut sessions.iter().map(|session| &session.stored.head)),
        teams: teams.fingerprint(),
    };
    let has_status = view == Detail::Summary || release.trims_sessions();
    let view = |session: LoadedSession| SessionView {
        is_running: running.contains(&session.stored.head.id),
        status: has_status.then(|| SessionStatus::of(&session.stored.head, running.contains(&session.stored.head.id))),
        team: session.stored.head.team_id.as_ref().and_then(|id| teams.get(id)).cloned(),
        session,
    };
    let sessions = sessions.into_iter().map(view).collect();
    Ok(Some(ListOutcome::List(frame.list(sessions, tag, smaller))))
}

fn teams_of<'a>(heads: impl Iterator<Item = &'a SessionHead>) -> HashSet<String> {
    heads.filter_map(|head| head.team_id.clone()).collect()
}
