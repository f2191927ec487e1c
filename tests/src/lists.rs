//! Whole lists, and what is in them.

use agentscope_api::{ListError, ListOptions, ListOutcome, LoadedSession, SessionList, SessionView, WriteJson};
use agentscope_store::{Store, StoreError, StoredSession};
use serde_json::Value;

/// An agent's whole list.
///
/// # Errors
///
/// The tables do not respond, or an item cannot be read.
pub async fn list_sessions(
    store: &Store,
    user_id: &str,
    agent_id: &str,
) -> Result<Option<SessionList<SessionView>>, StoreError> {
    whole(agentscope_api::list_sessions(store, user_id, agent_id, &ListOptions::default()).await)
}

/// A schedule's whole list.
///
/// # Errors
///
/// The tables do not respond, or an item cannot be read.
pub async fn list_schedule_sessions(
    store: &Store,
    user_id: &str,
    schedule_id: &str,
) -> Result<Option<SessionList<LoadedSession>>, StoreError> {
    whole(agentscope_api::list_schedule_sessions(store, user_id, schedule_id, &ListOptions::default()).await)
}

fn whole<T>(response: Result<Option<ListOutcome<T>>, ListError>) -> Result<Option<SessionList<T>>, StoreError> {
    match response {
        Ok(listed) => Ok(listed.and_then(ListOutcome::into_list)),
        Err(ListError::Store(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

/// A list as it stands in a response.
///
/// # Panics
///
/// A state is damaged.
pub fn body(list: SessionList<impl WriteJson>) -> String {
    let pieces: Result<Vec<_>, _> = list.into_pieces().collect();
    String::from_utf8(pieces.unwrap().concat()).unwrap()
}

/// A session as it stands in a response.
///
/// # Panics
///
/// Its state is damaged.
pub fn json(session: &StoredSession) -> Value {
    let mut json = Vec::new();
    session.append_json(&mut json).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// The summary of a session's state.
pub fn summary(session: &StoredSession) -> String {
    json(session)["state"]["summary"].as_str().unwrap().to_owned()
}
