//! Whole lists, and what is in them.

use agentscope_shared::store::{Store, StoreError, StoredSession};
use agentscope_shared::view::{self, Ask, ListError, Listed, SessionList, SessionView, WriteJson};
use serde_json::Value;

/// An agent's whole list.
///
/// # Errors
///
/// The tables do not answer, or an item cannot be read.
pub async fn list_sessions(
    store: &Store,
    user_id: &str,
    agent_id: &str,
) -> Result<Option<SessionList<SessionView>>, StoreError> {
    whole(view::list_sessions(store, user_id, agent_id, &Ask::default()).await)
}

/// A schedule's whole list.
///
/// # Errors
///
/// The tables do not answer, or an item cannot be read.
pub async fn list_schedule_sessions(
    store: &Store,
    user_id: &str,
    schedule_id: &str,
) -> Result<Option<SessionList<StoredSession>>, StoreError> {
    whole(view::list_schedule_sessions(store, user_id, schedule_id, &Ask::default()).await)
}

fn whole<T>(answer: Result<Option<Listed<T>>, ListError>) -> Result<Option<SessionList<T>>, StoreError> {
    match answer {
        Ok(listed) => Ok(listed.and_then(Listed::into_list)),
        Err(ListError::Store(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

/// A list as it stands in an answer.
///
/// # Panics
///
/// A state is damaged.
pub fn body(list: SessionList<impl WriteJson>) -> String {
    let pieces: Result<Vec<_>, _> = list.into_pieces().collect();
    String::from_utf8(pieces.unwrap().concat()).unwrap()
}

/// A session as it stands in an answer.
///
/// # Panics
///
/// Its state is damaged.
pub fn json(session: &StoredSession) -> Value {
    serde_json::from_slice(&session.clone().into_json().unwrap()).unwrap()
}

/// The summary of a session's state.
pub fn summary(session: &StoredSession) -> String {
    json(session)["state"]["summary"].as_str().unwrap().to_owned()
}
