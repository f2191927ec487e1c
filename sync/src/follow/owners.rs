//! Maps session ids to their owners; lock keys do not name the owner.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use tokio::sync::Notify;

use crate::source::RecordKey;

/// The most ids that are remembered, which takes some 30 MB. The owners of other ids are looked up
/// in Redis when a lock names them.
const CAPACITY: NonZeroUsize = match NonZeroUsize::new(100_000) {
    Some(most) => most,
    None => NonZeroUsize::MIN,
};

/// The sessions with one id.
#[derive(Debug, Default, Clone)]
struct Owners {
    sessions: Vec<(String, RecordKey)>,
    /// Whether these are all sessions with the id.
    is_complete: bool,
}

#[derive(Debug)]
struct State {
    by_id: LruCache<String, Owners>,
    /// Whether every session was added and none was forgotten.
    is_complete: bool,
    /// The ids whose owners have to be looked up.
    wanted: HashSet<String>,
}

/// The owners of session ids, for the ids that were seen last.
#[derive(Debug)]
pub struct SessionOwners {
    state: Mutex<State>,
    wanted: Notify,
}

impl Default for SessionOwners {
    fn default() -> Self {
        let state = State { by_id: LruCache::new(CAPACITY), is_complete: false, wanted: HashSet::new() };
        Self { state: Mutex::new(state), wanted: Notify::new() }
    }
}

impl SessionOwners {
    /// Adds a session.
    pub fn add(&self, key: &str, session: &RecordKey) {
        let mut state = self.state();
        let is_complete = state.is_complete;
        if let Some(owners) = state.by_id.get_mut(&session.id) {
            if !owners.sessions.iter().any(|(other, _)| other == key) {
                owners.sessions.push((key.to_owned(), session.clone()));
            }
            return;
        }
        let owners = Owners { sessions: vec![(key.to_owned(), session.clone())], is_complete };
        if state.by_id.push(session.id.clone(), owners).is_some() {
            state.is_complete = false;
        }
    }

    /// Removes a session that was deleted.
    pub fn remove(&self, key: &str, session: &RecordKey) {
        let mut state = self.state();
        let Some(owners) = state.by_id.get_mut(&session.id) else { return };
        owners.sessions.retain(|(other, _)| other != key);
        if owners.sessions.is_empty() {
            state.by_id.pop(&session.id);
        }
    }

    /// Notes that every session was added.
    pub fn set_complete(&self) {
        let mut state = self.state();
        if state.by_id.len() < CAPACITY.get() {
            state.is_complete = true;
            for (_, owners) in &mut state.by_id {
                owners.is_complete = true;
            }
        }
    }

    /// The sessions with this id, and their keys. If there may be others, [`wanted`](Self::wanted)
    /// returns the id.
    pub fn of(&self, id: &str) -> Vec<(String, RecordKey)> {
        let mut state = self.state();
        let is_complete = state.is_complete;
        let owners = state.by_id.get(id).cloned();
        if !owners.as_ref().is_some_and(|owners| owners.is_complete) && !is_complete {
            state.wanted.insert(id.to_owned());
            self.wanted.notify_one();
        }
        owners.map(|owners| owners.sessions).unwrap_or_default()
    }

    /// Waits for ids whose owners have to be looked up in Redis.
    pub async fn wanted(&self) -> HashSet<String> {
        loop {
            let wanted = std::mem::take(&mut self.state().wanted);
            if !wanted.is_empty() {
                return wanted;
            }
            self.wanted.notified().await;
        }
    }

    /// Notes that all sessions with these ids were added.
    pub fn set_found(&self, ids: &HashSet<String>) {
        let mut state = self.state();
        for id in ids {
            if let Some(owners) = state.by_id.peek_mut(id) {
                owners.is_complete = true;
            }
        }
    }

    /// No code panics while it has the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use agentscope_store::RecordKind;

    use super::*;

    fn session(user_id: &str, id: &str) -> (String, RecordKey) {
        let session = RecordKey { kind: RecordKind::Session, user_id: user_id.into(), id: id.into() };
        (format!("{user_id}:{id}"), session)
    }

    #[tokio::test]
    async fn owners_are_looked_up_while_others_may_exist() {
        let owners = SessionOwners::default();
        let (alice, bob) = (session("alice", "s"), session("bob", "s"));
        owners.add(&alice.0, &alice.1);
        // Until all sessions were added, there may be another.
        assert_eq!(owners.of("s"), std::slice::from_ref(&alice));
        assert_eq!(owners.wanted().await, HashSet::from(["s".to_owned()]));
        owners.add(&bob.0, &bob.1);
        owners.add(&bob.0, &bob.1);
        owners.set_found(&HashSet::from(["s".to_owned()]));
        assert_eq!(owners.of("s"), [alice.clone(), bob.clone()]);
        assert!(owners.state().wanted.is_empty());
        owners.remove(&alice.0, &alice.1);
        assert_eq!(owners.of("s"), [bob]);
    }

    #[test]
    fn once_complete_nothing_is_looked_up_until_an_id_is_forgotten() {
        let owners = SessionOwners::default();
        owners.set_complete();
        assert_eq!(owners.of("unknown"), []);
        assert!(owners.state().wanted.is_empty());
        for number in 0..=CAPACITY.get() {
            let (key, alice) = session("alice", &number.to_string());
            owners.add(&key, &alice);
        }
        assert_eq!(owners.of("0"), []);
        assert_eq!(owners.state().wanted, HashSet::from(["0".to_owned()]));
        // An id that was added before the first was forgotten.
        assert_eq!(owners.of("7").len(), 1);
        assert_eq!(owners.state().wanted.len(), 1);
    }
}
