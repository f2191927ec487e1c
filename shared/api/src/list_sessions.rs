//! The read plan of the list of an agent's sessions.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use agentscope_store::{Activity, Detail, ListKey, ListQuery, ReadLimit, SessionHead, Store, StoredTeam};
use futures::try_join;

use crate::cursor::{Route, Scope};
use crate::etag::EntityTag;
use crate::list::{ListEnvelope, ListError, ListOptions, ListOutcome};
use crate::list_size::{ListSize, total_size};
use crate::load_states::load_states;
use crate::session_view::{LoadedSession, SessionStatus, SessionView};
use crate::teams::{ListedAgent, Teams};

/// Reads the list of `GET /sessions/?agent_id=…`; `None` if the user has no such agent.
///
/// The plan takes these rounds, whatever the number of sessions, teams and members:
///
/// 1. the agent, the rows of its sessions, the user's activity;
/// 2. teams, the bulk of whole sessions;
/// 3. agents of teams; for teams that do not name them, leading sessions and members' sessions;
/// 4. the agents of those leading sessions.
///
/// Sessions that changed in the last minute, and that the index shows in an older state, are read
/// with the teams. Their bulk comes a round later.
///
/// If the client may have the current list, the teams are read first, and the bulk only if the
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
    let list = ListKey::Agent(agent_id);
    let release = store.release();
    let detail = options.view.unwrap_or(if release.trims_sessions() { Detail::Summary } else { Detail::Full });
    let query = ListQuery { user_id, list, page: options.row_range(), detail, most_bytes: options.max_read_bytes() };
    let (agent, rows, Activity { running, changes }, counted) =
        try_join!(store.agent(user_id, agent_id), store.rows(&query), store.activity(user_id), async {
            if options.count { store.versions_of_rows(user_id, list).await.map(Some) } else { Ok(None) }
        },)?;
    let Some(agent) = agent else { return Ok(None) };

    let limit = ReadLimit::new(options.max_read_bytes());
    let pending = rows.pending(&query, &changes);
    let team_ids: HashSet<String> = rows
        .team_ids(query.page.limit)
        .map(String::as_str)
        .chain(changes.teams_of(&pending))
        .map(str::to_owned)
        .collect();
    let read_teams = |ids: Vec<String>| store.teams(user_id, ids, &limit, &changes);
    let count = async {
        match counted {
            Some(versions) => store.count_of_list(user_id, list, versions, &changes).await.map(Some),
            None => Ok(None),
        }
    };
    let listing = store.listed(&query, rows, &changes);
    let ((listed, count), read) = if pending.is_empty() {
        // Without pending sessions the listing takes no request. The teams are read with the states
        // below.
        (try_join!(listing, count)?, None)
    } else {
        let (listed, count, teams) = try_join!(listing, count, read_teams(team_ids.iter().cloned().collect()))?;
        ((listed, count), Some(teams))
    };
    options.check_end(listed.end.as_ref())?;
    let scope = Scope { route: Route::Sessions, user_id, id: agent_id };
    let envelope = ListEnvelope::new(&scope, options, detail, release, listed.end.as_ref(), count);

    let fingerprint = |sessions: &mut dyn Iterator<Item = &SessionHead>| {
        envelope.fingerprint(sessions.map(|head| (head, running.contains(&head.id))))
    };
    let sessions_tag = fingerprint(&mut listed.sessions.iter());
    let order: Vec<_> = listed.sessions.iter().map(|head| head.id.clone()).collect();
    let listed_agent = ListedAgent {
        newest_session: order.first().filter(|_| options.is_from_start()).cloned(),
        session_ids: order.iter().cloned().collect(),
        agent: Arc::new(agent),
        changes: &changes,
    };
    let resolve = async |read: Option<HashMap<String, StoredTeam>>, ids: HashSet<String>| {
        let unread = match &read {
            Some(_) => ids.difference(&team_ids).cloned().collect(),
            None => ids.iter().cloned().collect::<Vec<_>>(),
        };
        let mut teams = read.unwrap_or_default();
        teams.retain(|id, _| ids.contains(id));
        teams.extend(read_teams(unread).await?);
        Teams::resolve(store, user_id, teams, &listed_agent, &limit).await
    };
    let listed_teams = teams_of(listed.sessions.iter());
    let teams = resolve(read, listed_teams.clone());
    let (teams, resolved) = if options.if_none_match.may_match(&sessions_tag) {
        let teams = teams.await?;
        let tag = EntityTag { sessions: sessions_tag, teams: teams.fingerprint() };
        if options.if_none_match.matches(&tag) {
            return Ok(Some(ListOutcome::NotModified(tag)));
        }
        (None, Some(teams))
    } else {
        (Some(teams), None)
    };
    let teams = async {
        match (teams, resolved) {
            (Some(teams), _) => teams.await,
            (None, resolved) => Ok(resolved.unwrap_or_default()),
        }
    };

    if total_size(&listed.sessions) > options.max_bytes {
        // The error names what fits, which depends on the teams.
        return Err(ListSize::from_heads(&listed, Some(&teams.await?)).error(options, detail));
    }
    let states = async {
        Ok(load_states(store, user_id, listed.sessions, detail, SessionView::JSON_PREFIX, options.max_bytes).await?)
    };
    let (mut teams, mut sessions) = try_join!(teams, states)?;
    // A newer version of a head may belong to another agent, or to a team that has not been read.
    sessions.retain(|_, session| session.stored.head.is_on(list));
    let joined = teams_of(sessions.values().map(|session| &session.stored.head));
    let joined: HashSet<_> = joined.difference(&listed_teams).cloned().collect();
    if !joined.is_empty() {
        teams.extend(resolve(None, joined).await?);
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
