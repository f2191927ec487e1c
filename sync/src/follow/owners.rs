//! Whose session an id is: a lock bears the id alone, and a session's key its owner as well.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use tokio::sync::Notify;

use crate::source::RecordKey;

/// The most ids that are remembered: some 30 MB. Of others the owners are looked up in Redis when they are locked.
const MOST: NonZeroUsize = match NonZeroUsize::new(100_000) {
    Some(most) => most,
    None => NonZeroUsize::MIN,
};

/// The sessions that bear one id.
#[derive(Debug, Default, Clone)]
struct Owners {
    sessions: Vec<(String, RecordKey)>,
    /// Whether these are all there are.
    is_all: bool,
}

#[derive(Debug)]
struct State {
    known: LruCache<String, Owners>,
    /// Whether every session there is has been put in, and none was forgotten.
    is_all: bool,
    wanted: HashSet<String>,
}

/// The sessions that are known by id, those that were seen last.
#[derive(Debug)]
pub struct SessionOwners {
    state: Mutex<State>,
    wanted: Notify,
}

impl Default for SessionOwners {
    fn default() -> Self {
        let state = State { known: LruCache::new(MOST), is_all: false, wanted: HashSet::new() };
        Self { state: Mutex::new(state), wanted: Notify::new() }
    }
}

impl SessionOwners {
    /// There is a session.
    pub fn add(&self, key: &str, place: &RecordKey) {
        let mut state = self.state();
        let is_all = state.is_all;
        if let Some(owners) = state.known.get_mut(&place.id) {
            if !owners.sessions.iter().any(|(known, _)| known == key) {
                owners.sessions.push((key.to_owned(), place.clone()));
            }
            return;
        }
        let owners = Owners { sessions: vec![(key.to_owned(), place.clone())], is_all };
        if state.known.push(place.id.clone(), owners).is_some() {
            state.is_all = false;
        }
    }

    /// A session is gone.
    pub fn remove(&self, key: &str, place: &RecordKey) {
        let mut state = self.state();
        let Some(owners) = state.known.get_mut(&place.id) else { return };
        owners.sessions.retain(|(known, _)| known != key);
        if owners.sessions.is_empty() {
            state.known.pop(&place.id);
        }
    }

    /// Every session has been put in.
    pub fn set_all(&self) {
        let mut state = self.state();
        if state.known.len() < MOST.get() {
            state.is_all = true;
            for (_, owners) in &mut state.known {
                owners.is_all = true;
            }
        }
    }

    /// The sessions with this id, and their keys. Those that are not known are requested by [`wanted`](Self::wanted).
    pub fn of(&self, id: &str) -> Vec<(String, RecordKey)> {
        let mut state = self.state();
        let is_all = state.is_all;
        let owners = state.known.get(id).cloned();
        if !owners.as_ref().is_some_and(|owners| owners.is_all) && !is_all {
            state.wanted.insert(id.to_owned());
            self.wanted.notify_one();
        }
        owners.map(|owners| owners.sessions).unwrap_or_default()
    }

    /// Waits until the owners of some ids have to be looked up in Redis, and returns the ids.
    pub async fn wanted(&self) -> HashSet<String> {
        loop {
            let wanted = std::mem::take(&mut self.state().wanted);
            if !wanted.is_empty() {
                return wanted;
            }
            self.wanted.notified().await;
        }
    }

    /// All sessions with these ids have been put in.
    pub fn set_found(&self, ids: &HashSet<String>) {
        let mut state = self.state();
        for id in ids {
            if let Some(owners) = state.known.peek_mut(id) {
                owners.is_all = true;
            }
        }
    }

    /// Nobody panics while holding it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use agentscope_store::RecordKind;

    use super::*;

    fn session(user_id: &str, id: &str) -> (String, RecordKey) {
        let place = RecordKey { kind: RecordKind::Session, user_id: user_id.into(), id: id.into() };
        (format!("{user_id}:{id}"), place)
    }

    #[tokio::test]
    async fn owners_that_are_not_known_for_sure_are_asked_for() {
        let owners = SessionOwners::default();
        let (alice, bob) = (session("alice", "s"), session("bob", "s"));
        owners.add(&alice.0, &alice.1);
        // Before all sessions were seen, there may be another.
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
    fn once_all_are_known_nobody_is_asked_until_some_are_forgotten() {
        let owners = SessionOwners::default();
        owners.set_all();
        assert_eq!(owners.of("nobody's"), []);
        assert!(owners.state().wanted.is_empty());
        for number in 0..=MOST.get() {
            let (key, place) = session("alice", &number.to_string());
            owners.add(&key, &place);
        }
        assert_eq!(owners.of("0"), []);
        assert_eq!(owners.state().wanted, HashSet::from(["0".to_owned()]));
        // One that is remembered since all were known.
        assert_eq!(owners.of("7").len(), 1);
        assert_eq!(owners.state().wanted.len(), 1);
    }
}
