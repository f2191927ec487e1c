//! The read plan of the list of a schedule's sessions.

use agentscope_store::Store;
use futures::try_join;

use crate::cursor::{Route, Scope};
use crate::etag::EntityTag;
use crate::list::{ListEnvelope, ListError, ListOptions, ListOutcome, in_order};
use crate::list_size::ListSize;
use crate::load_states::load_states;
use crate::session_view::LoadedSession;

/// Reads the list of `GET /schedule/{schedule_id}/sessions`; `None` if the user has no such
/// schedule.
///
/// The plan takes three rounds, whatever the number of sessions: schedule and index, heads, parts.
/// It ends after two if the client has the current list or requests a summary.
///
/// # Errors
///
/// DynamoDB does not respond, an item cannot be read, or the list is too large.
pub async fn list_schedule_sessions(
    store: &Store,
    user_id: &str,
    schedule_id: &str,
    options: &ListOptions,
) -> Result<Option<ListOutcome<LoadedSession>>, ListError> {
    let row_range = options.row_range();
    let (exists, rows, count) = try_join!(
        store.schedule_exists(user_id, schedule_id),
        store.sessions_of_schedule(user_id, schedule_id, Some(&row_range)),
        async { if options.count { store.count_of_schedule(user_id, schedule_id).await.map(Some) } else { Ok(None) } },
    )?;
    if !exists {
        return Ok(None);
    }
    options.check_rows(&rows)?;
    let scope = Scope { route: Route::ScheduleSessions, user_id, id: schedule_id };
    // Every release shows sessions in full on this route.
    let detail = options.view.unwrap_or_default();
    let envelope = ListEnvelope::new(&scope, options, detail, store.release(), &rows, count);
    let ids: Vec<_> = rows.rows.into_iter().map(|row| row.id).collect();
    let mut heads = store.heads(user_id, ids.clone(), detail, options.max_read_bytes()).await?;
    heads.retain(|_, head| head.source_schedule_id.as_deref() == Some(schedule_id));
    let order = in_order(options, &ids, &heads);

    let tag = |sessions| EntityTag { sessions, teams: "0".to_owned() };
    let tag_of_heads = tag(envelope.fingerprint(order.iter().filter_map(|id| heads.get(id)).map(|head| (head, false))));
    if options.if_none_match.matches(&tag_of_heads) {
        return Ok(Some(ListOutcome::NotModified(tag_of_heads)));
    }
    ListSize::from_heads(&order, &heads, None, ids.len()).check(options, detail)?;
    let mut sessions =
        load_states(store, user_id, heads.into_values().collect(), detail, "", options.max_bytes).await?;
    // A newer version of a head may belong to another list.
    sessions.retain(|_, session| session.stored.head.source_schedule_id.as_deref() == Some(schedule_id));
    let sessions: Vec<_> = order.iter().filter_map(|id| sessions.remove(id)).collect();
    let size = ListSize::from_sessions(&sessions, None);
    size.check(options, detail)?;
    let etag = tag(envelope.fingerprint(sessions.iter().map(|session| (&session.stored.head, false))));
    Ok(Some(ListOutcome::List(envelope.into_list(sessions, etag, size.fitting(options.guaranteed_bytes, detail)))))
}
