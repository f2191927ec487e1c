//! Loads the states of sessions, and renders sessions while requests are in flight.

use std::collections::HashMap;

use agentscope_store::{Detail, SessionHead, Store, StoreError, StoredSession};
use futures::try_join;

use crate::session_view::LoadedSession;

/// The bytes that are rendered before the requests in flight make progress.
const YIELD_INTERVAL: usize = 32 * 1024;

/// The maximum number of bytes that are rendered ahead. It bounds memory: the rest is rendered and
/// compressed session by session.
const MAX_RENDERED_AHEAD: usize = 8 << 20;

/// Loads the sessions of these heads, by id. `json_prefix` is the JSON before each session.
///
/// Sessions whose heads are complete are rendered while the requests for the others are in flight.
pub(crate) async fn load_states(
    store: &Store,
    user_id: &str,
    heads: Vec<SessionHead>,
    detail: Detail,
    json_prefix: &str,
    max_bytes: usize,
) -> Result<HashMap<String, LoadedSession>, StoreError> {
    let (complete, others): (Vec<_>, Vec<_>) = heads.into_iter().partition(|head| head.is_complete(detail));
    let (mut sessions, others) = try_join!(
        async { rendered(store.states(user_id, complete, detail, max_bytes).await?, json_prefix).await },
        store.states(user_id, others, detail, max_bytes)
    )?;
    sessions.extend(loaded(others));
    Ok(sessions)
}

fn loaded(sessions: HashMap<String, StoredSession>) -> impl Iterator<Item = (String, LoadedSession)> {
    sessions.into_iter().map(|(id, session)| (id, session.into()))
}

async fn rendered(
    sessions: HashMap<String, StoredSession>,
    json_prefix: &str,
) -> Result<HashMap<String, LoadedSession>, StoreError> {
    let mut sessions: HashMap<_, _> = loaded(sessions).collect();
    let (mut size, mut since_yield) = (0, 0);
    for session in sessions.values_mut() {
        let bytes = session.render(json_prefix)?;
        size += bytes;
        since_yield += bytes;
        if size > MAX_RENDERED_AHEAD {
            break;
        }
        if since_yield > YIELD_INTERVAL {
            since_yield = 0;
            tokio::task::yield_now().await;
        }
    }
    Ok(sessions)
}
