//! Sessions with their states, put together while requests are under way.

use std::collections::HashMap;

use agentscope_store::{Detail, SessionHead, Store, StoreError, StoredSession};
use futures::try_join;

use crate::LoadedSession;

/// How much is put together at once, in bytes, before the requests that are under way get their turn.
const TURN: usize = 32 * 1024;

/// How much is put together ahead, in bytes: a bound on memory, since responses that are compressed are put together session by
/// session.
const AHEAD: usize = 8 << 20;

/// Loads the sessions of these heads, by id. `opening` comes before each in the response.
///
/// Sessions whose heads hold everything are rendered while the requests for the others are in flight.
pub(crate) async fn load_states(
    store: &Store,
    user_id: &str,
    heads: Vec<SessionHead>,
    view: Detail,
    opening: &str,
    most_bytes: usize,
) -> Result<HashMap<String, LoadedSession>, StoreError> {
    let (complete, others): (Vec<_>, Vec<_>) = heads.into_iter().partition(SessionHead::is_complete);
    let (mut sessions, others) = try_join!(
        async { rendered(store.states(user_id, complete, view, most_bytes).await?, opening).await },
        store.states(user_id, others, view, most_bytes)
    )?;
    sessions.extend(loaded(others));
    Ok(sessions)
}

fn loaded(sessions: HashMap<String, StoredSession>) -> impl Iterator<Item = (String, LoadedSession)> {
    sessions.into_iter().map(|(id, session)| (id, session.into()))
}

async fn rendered(
    sessions: HashMap<String, StoredSession>,
    opening: &str,
) -> Result<HashMap<String, LoadedSession>, StoreError> {
    let mut sessions: HashMap<_, _> = loaded(sessions).collect();
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
