//! The sessions that a schedule started.

use agentscope_store::Store;
use futures::try_join;

use crate::LoadedSession;
use crate::cursor::{Route, Scope};
use crate::etag::EntityTag;
use crate::list::{ListEnvelope, ListError, ListOptions, ListOutcome, in_order};
use crate::load_states::load_states;
use crate::size::ListSize;

/// Reads the answer of `GET /schedule/{schedule_id}/sessions`; `None` if the user has no such schedule.
///
/// It takes three round trips, whatever the number of sessions: schedule and index, heads, parts; and two if the caller
/// has the answer already, or asks for a summary.
///
/// # Errors
///
/// DynamoDB does not answer, an item cannot be read, or the answer is too large.
pub async fn list_schedule_sessions(
    store: &Store,
    user_id: &str,
    schedule_id: &str,
    ask: &ListOptions,
) -> Result<Option<ListOutcome<LoadedSession>>, ListError> {
    let (exists, rows, count) = try_join!(
        store.schedule_exists(user_id, schedule_id),
        store.sessions_of_schedule(user_id, schedule_id, ask.page.as_ref()),
        async { if ask.count { store.count_of_schedule(user_id, schedule_id).await.map(Some) } else { Ok(None) } },
    )?;
    if !exists {
        return Ok(None);
    }
    let scope = Scope { route: Route::ScheduleSessions, user_id, id: schedule_id };
    // Every release shows sessions whole here.
    let view = ask.view.unwrap_or_default();
    let frame = ListEnvelope::new(&scope, ask, view, store.release(), &rows, count);
    let ids: Vec<_> = rows.rows.into_iter().map(|row| row.id).collect();
    let mut heads = store.heads(user_id, ids.clone(), view, ask.most_read()).await?;
    heads.retain(|_, head| head.source_schedule_id.as_deref() == Some(schedule_id));
    let order = in_order(ask, &ids, &heads);

    let tag = |sessions| EntityTag { sessions, teams: "0".to_owned() };
    let known = tag(frame.fingerprint(order.iter().filter_map(|id| heads.get(id)).map(|head| (head, false))));
    if ask.known.matches(&known) {
        return Ok(Some(ListOutcome::NotModified(known)));
    }
    ListSize::of_heads(&order, &heads, None, ids.len()).check(ask, view)?;
    let mut sessions = load_states(store, user_id, heads.into_values().collect(), view, "", ask.most_bytes).await?;
    // A head that has moved on meanwhile may have moved away.
    sessions.retain(|_, session| session.stored.head.source_schedule_id.as_deref() == Some(schedule_id));
    let sessions: Vec<_> = order.iter().filter_map(|id| sessions.remove(id)).collect();
    let size = ListSize::of_sessions(&sessions, None);
    size.check(ask, view)?;
    let etag = tag(frame.fingerprint(sessions.iter().map(|session| (&session.stored.head, false))));
    Ok(Some(ListOutcome::List(frame.list(sessions, etag, size.smaller(ask.certain_bytes, view)))))
}
