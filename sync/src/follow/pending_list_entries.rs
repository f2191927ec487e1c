//! Sessions that are not on their lists yet. AgentScope writes a session first and puts it on its lists then; a notification
//! tells that a list has grown, but not by whom.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most lists that are waited for, and the most sessions on one. Of others the next reconciliation finds out.
const MOST: usize = 10_000;

/// The sessions that wait to be put on a list, by the key of the list.
#[derive(Debug, Default)]
pub struct PendingListEntries(Mutex<HashMap<String, HashSet<String>>>);

impl PendingListEntries {
    /// A session is about to be looked for on its list.
    pub fn await_on(&self, list: String, session: &str) {
        let mut lists = self.lists();
        if lists.len() < MOST || lists.contains_key(&list) {
            let sessions = lists.entry(list).or_default();
            if sessions.len() < MOST {
                sessions.insert(session.to_owned());
            }
        }
    }

    /// A session is on its list, or gone.
    pub fn forget(&self, list: &str, session: &str) {
        let mut lists = self.lists();
        let Some(sessions) = lists.get_mut(list) else { return };
        sessions.remove(session);
        if sessions.is_empty() {
            lists.remove(list);
        }
    }

    /// The sessions that wait for a list that has grown.
    pub fn take(&self, list: &str) -> HashSet<String> {
        self.lists().remove(list).unwrap_or_default()
    }

    /// Nobody panics while holding it.
    fn lists(&self) -> MutexGuard<'_, HashMap<String, HashSet<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
