//! The sessions that a schedule started.

use agentscope_store::Store;
use futures::try_join;

use crate::LoadedSession;
use crate::cursor::{Route, Scope};
use crate::etag::EntityTag;
use crate::list::{ListEnvelope, ListError, ListOptions, ListOutcome, in_order};
use crate::load_states::load_states;
use crate::size::ListSize;

/// Reads the response of `GET /schedule/{schedule_id}/sessions`; `None` if the user has no such schedule.
///
/// It takes three round trips, whatever the number of sessions: schedule and index, heads, parts; and two if the caller
/// has the response already, or requests a summary.
///
/// # Errors
///
/// DynamoDB does not respond, an item cannot be read, or the response is too large.
pub async fn list_schedule_sessions(
    store: &Store,
    user_id: &str,
    schedule_id: &str,
    options: &ListOptions,
) -> Result<Option<ListOutcome<LoadedSession>>, ListError> {
    let (exists, rows, count) = try_join!(
        store.schedule_exists(user_id, schedule_id),
        store.sessions_of_schedule(user_id, schedule_id, options.page.as_ref()),
        async { if options.count { store.count_of_schedule(user_id, schedule_id).await.map(Some) } else { Ok(None) } },
    )?;
    if !exists {
        return Ok(None);
    }
    let scope = Scope { route: Route::ScheduleSessions, user_id, id: schedule_id };
    // Every release shows sessions whole here.
    let view = options.view.unwrap_or_default();
    let frame = ListEnvelope::new(&scope, options, view, store.release(), &rows, count);
    let ids: Vec<_> = rows.rows.into_iter().map(|row| row.id).collect();
    let mut heads = store.heads(user_id, ids.clone(), view, options.most_read()).await?;
    heads.retain(|_, head| head.source_schedule_id.as_deref() == Some(schedule_id));
    let order = in_order(options, &ids, &heads);

    let tag = |sessions| EntityTag { sessions, teams: "0".to_owned() };
    let tag_of_heads = tag(frame.fingerprint(order.iter().filter_map(|id| heads.get(id)).map(|head| (head, false))));
    if options.if_none_match.matches(&tag_of_heads) {
        return Ok(Some(ListOutcome::NotModified(tag_of_heads)));
    }
    ListSize::of_heads(&order, &heads, None, ids.len()).check(options, view)?;
    let mut sessions = load_states(store, user_id, heads.into_values().collect(), view, "", options.most_bytes).await?;
    // A head that has moved on meanwhile may have moved away.
    sessions.retain(|_, session| session.stored.head.source_schedule_id.as_deref() == Some(schedule_id));
    let sessions: Vec<_> = order.iter().filter_map(|id| sessions.remove(id)).collect();
    let size = ListSize::of_sessions(&sessions, None);
    size.check(options, view)?;
    let etag = tag(frame.fingerprint(sessions.iter().map(|session| (&session.stored.head, false))));
    Ok(Some(ListOutcome::List(frame.list(sessions, etag, size.smaller(options.certain_bytes, view)))))
}
