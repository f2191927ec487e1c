//! Sessions with their states, put together while requests are under way.

use std::collections::HashMap;

use futures::try_join;

use crate::store::{SessionHead, Store, StoreError, StoredSession, View};

/// How much is put together at once, in bytes, before the requests that are under way get their turn.
const TURN: usize = 32 * 1024;

/// How much is put together ahead, in bytes: a bound on memory, since answers that are compressed are put together session by
/// session.
const AHEAD: usize = 8 << 20;

/// The sessions of these heads, by id, with what comes before each in the answer. Those of which nothing needs to be read any more are put together meanwhile: a function
/// that waits for DynamoDB has nothing better to do.
pub(super) async fn states(
    store: &Store,
    user_id: &str,
    heads: Vec<SessionHead>,
    view: View,
    opening: &str,
    most_bytes: usize,
) -> Result<HashMap<String, StoredSession>, StoreError> {
    let (complete, others): (Vec<_>, Vec<_>) = heads.into_iter().partition(SessionHead::is_complete);
    let (mut sessions, complete) = try_join!(
        store.states(user_id, others, view, most_bytes),
        prepared(store.states(user_id, complete, view, most_bytes), opening)
    )?;
    sessions.extend(complete);
    Ok(sessions)
}

async fn prepared(
    sessions: impl Future<Output = Result<HashMap<String, StoredSession>, StoreError>>,
    opening: &str,
) -> Result<HashMap<String, StoredSession>, StoreError> {
    let mut sessions = sessions.await?;
    let (mut size, mut since_turn) = (0, 0);
    for session in sessions.values_mut() {
        let bytes = session.prepare(opening)?;
        size += bytes;
        since_turn += bytes;
        if size > AHEAD {
            break;
        }
        if since_turn > TURN {
            since_turn = 0;
            tokio::task::yield_now().await;
        }
    }
    Ok(sessions)
}
