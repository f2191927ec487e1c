//! Remembers sessions that are missing on their lists.
//!
//! AgentScope writes a session before it adds it to its lists. A notification says that a list has
//! grown, but not which session was added.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most lists, and the most sessions for one list. The next reconciliation finds the others.
const CAPACITY: usize = 10_000;

/// The sessions that are missing on a list, by the key of the list.
#[derive(Debug, Default)]
pub struct PendingListEntries(Mutex<HashMap<String, HashSet<String>>>);

impl PendingListEntries {
    /// Adds a session before its list is read.
    pub fn await_on(&self, list: String, session: &str) {
        let mut lists = self.lists();
        if lists.len() < CAPACITY || lists.contains_key(&list) {
            let sessions = lists.entry(list).or_default();
            if sessions.len() < CAPACITY {
                sessions.insert(session.to_owned());
            }
        }
    }

    /// Removes a session that is on its list.
    pub fn forget(&self, list: &str, session: &str) {
        let mut lists = self.lists();
        let Some(sessions) = lists.get_mut(list) else { return };
        sessions.remove(session);
        if sessions.is_empty() {
            lists.remove(list);
        }
    }

    /// Removes and returns the sessions of a list that has grown.
    pub fn take(&self, list: &str) -> HashSet<String> {
        self.lists().remove(list).unwrap_or_default()
    }

    /// No code panics while it has the lock.
    fn lists(&self) -> MutexGuard<'_, HashMap<String, HashSet<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
