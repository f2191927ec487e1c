//! The read plan of the list of a schedule's sessions.

use agentscope_store::{ListKey, ListQuery, Store};
use futures::try_join;

use crate::cursor::{Route, Scope};
use crate::etag::EntityTag;
use crate::list::{ListEnvelope, ListError, ListOptions, ListOutcome};
use crate::list_size::ListSize;
use crate::load_states::load_states;
use crate::session_view::LoadedSession;

/// Reads the list of `GET /schedule/{schedule_id}/sessions`; `None` if the user has no such
/// schedule.
///
/// The plan takes two rounds, whatever the number of sessions: the schedule, the rows of its
/// sessions and the user's latest changes; then the bulk. It ends after one if the client has the
/// current list or requests a summary. Sessions that the index shows in an older state take a
/// round between these two.
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
    let list = ListKey::Schedule(schedule_id);
    // Every release shows sessions in full on this route.
    let detail = options.view.unwrap_or_default();
    let query = ListQuery { user_id, list, page: options.row_range(), detail, most_bytes: options.max_read_bytes() };
    let (exists, rows, changes, counted) =
        try_join!(store.schedule_exists(user_id, schedule_id), store.rows(&query), store.changes(user_id), async {
            if options.count { store.versions_of_rows(user_id, list).await.map(Some) } else { Ok(None) }
        },)?;
    if !exists {
        return Ok(None);
    }
    let (listed, count) = try_join!(store.listed(&query, rows, &changes), async {
        match counted {
            Some(versions) => store.count_of_list(user_id, list, versions, &changes).await.map(Some),
            None => Ok(None),
        }
    })?;
    options.check_end(listed.end.as_ref())?;
    let scope = Scope { route: Route::ScheduleSessions, user_id, id: schedule_id };
    let envelope = ListEnvelope::new(&scope, options, detail, store.release(), listed.end.as_ref(), count);
    let order: Vec<_> = listed.sessions.iter().map(|head| head.id.clone()).collect();

    let tag = |sessions| EntityTag { sessions, teams: "0".to_owned() };
    let tag_of_heads = tag(envelope.fingerprint(listed.sessions.iter().map(|head| (head, false))));
    if options.if_none_match.matches(&tag_of_heads) {
        return Ok(Some(ListOutcome::NotModified(tag_of_heads)));
    }
    ListSize::from_heads(&listed, None).check(options, detail)?;
    let mut sessions = load_states(store, user_id, listed.sessions, detail, "", options.max_bytes).await?;
    // A newer version of a head may belong to another list.
    sessions.retain(|_, session| session.stored.head.is_on(list));
    let sessions: Vec<_> = order.iter().filter_map(|id| sessions.remove(id)).collect();
    let size = ListSize::from_sessions(&sessions, None);
    size.check(options, detail)?;
    let etag = tag(envelope.fingerprint(sessions.iter().map(|session| (&session.stored.head, false))));
    Ok(Some(ListOutcome::List(envelope.into_list(sessions, etag, size.fitting(options.guaranteed_bytes, detail)))))
}
