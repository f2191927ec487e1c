//! The sessions that a schedule started.

use futures::try_join;

use super::ScheduleSessionsResponse;
use crate::store::{SessionHead, Store, StoreError};

/// Reads the answer of `GET /schedule/{schedule_id}/sessions`; `None` if the user has no such schedule.
///
/// It takes three round trips, whatever the number of sessions: schedule and index, heads, parts.
///
/// # Errors
///
/// DynamoDB does not answer, or an item cannot be read.
pub async fn list_schedule_sessions(
    store: &Store,
    user_id: &str,
    schedule_id: &str,
) -> Result<Option<ScheduleSessionsResponse>, StoreError> {
    let (exists, rows) =
        try_join!(store.schedule_exists(user_id, schedule_id), store.sessions_of_schedule(user_id, schedule_id))?;
    if !exists {
        return Ok(None);
    }
    let mut heads = store.heads(user_id, rows.into_iter().map(|row| row.id).collect()).await?;
    heads.retain(|_, head| head.source_schedule_id.as_deref() == Some(schedule_id));
    let order = newest_first(heads.values());
    let mut sessions = store.with_states(user_id, heads.into_values().collect()).await?;
    let sessions = order.iter().filter_map(|id| sessions.remove(id)).collect();
    Ok(Some(ScheduleSessionsResponse { sessions }))
}

/// The ids of sessions in the order of lists: newest first, and by id where two were created at once.
pub(super) fn newest_first<'a>(heads: impl Iterator<Item = &'a SessionHead>) -> Vec<String> {
    let mut heads: Vec<_> = heads.map(|head| (&head.listing, &head.id)).collect();
    heads.sort_unstable_by(|one, other| other.cmp(one));
    heads.into_iter().map(|(_, id)| id.clone()).collect()
}
