//! When to look at keys again because they expire.
//!
//! Redis notifies of an expiry when it finds the key expired, which may be minutes after its end.
//! AgentScope stops listing the record at the end itself. So the ends are remembered here.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::queue::Queue;
use super::work::Work;
use crate::source::Keys;
use crate::source::read::Expiry;

/// The most keys that are remembered, which takes some 30 MB: those that end first. The next
/// reconciliation learns the ends of others.
const MOST: usize = 100_000;

/// The ends of keys.
#[derive(Debug, Default)]
pub struct Expirations {
    state: Mutex<State>,
    /// Another key ends first now.
    sooner: Notify,
}

#[derive(Debug, Default)]
struct State {
    ends: HashMap<Arc<str>, Instant>,
    order: BTreeSet<(Instant, Arc<str>)>,
}

impl State {
    fn forget(&mut self, key: &str) {
        if let Some((key, end)) = self.ends.remove_entry(key) {
            self.order.remove(&(end, key));
        }
    }
}

impl Expirations {
    /// A key has this end now, and no other.
    pub fn set(&self, key: &str, expiry: Expiry) {
        let mut state = self.state();
        state.forget(key);
        let Expiry::At(end) = expiry else { return };
        if state.ends.len() >= MOST {
            match state.order.last().map(|(last, _)| *last) {
                Some(last) if end < last => {
                    if let Some((_, key)) = state.order.pop_last() {
                        state.ends.remove(&key);
                    }
                }
                _ => return,
            }
        }
        let key: Arc<str> = key.into();
        state.order.insert((end, Arc::clone(&key)));
        let is_first = state.order.first().is_some_and(|(_, first)| *first == key);
        state.ends.insert(key, end);
        drop(state);
        if is_first {
            self.sooner.notify_one();
        }
    }

    /// Looks at a key after this time, even if its end is later.
    pub fn set_at_most(&self, key: &str, wait: Duration) {
        let at = Instant::now() + wait;
        if self.state().ends.get(key).is_none_or(|end| *end > at) {
            self.set(key, Expiry::At(at));
        }
    }

    /// Waits until a key has ended, and forgets it.
    async fn next(&self) -> String {
        loop {
            let first = {
                let mut state = self.state();
                let first = state.order.first().map(|(end, _)| *end);
                if first.is_some_and(|end| end <= Instant::now())
                    && let Some((_, key)) = state.order.pop_first()
                {
                    state.ends.remove(&key);
                    return key.as_ref().to_owned();
                }
                first
            };
            match first {
                Some(end) => tokio::select! {
                    () = sleep_until(end) => {}
                    () = self.sooner.notified() => {}
                },
                None => self.sooner.notified().await,
            }
        }
    }

    /// Puts keys into the queue when they end, for ever.
    pub async fn watch(&self, keys: &Keys, queue: &Queue) {
        loop {
            let key = self.next().await;
            let work = if keys.is_list(&key) { Work::LIST_ENDED } else { Work::RECORD };
            queue.push(key, work, Some(std::time::Instant::now()));
        }
    }

    /// Nobody panics while holding it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(milliseconds: u64) -> Expiry {
        Expiry::At(Instant::now() + Duration::from_millis(milliseconds))
    }

    #[tokio::test]
    async fn keys_come_in_the_order_of_their_ends() {
        let expirations = Expirations::default();
        expirations.set("late", after(300));
        expirations.set("moved", after(100));
        expirations.set("persisted", after(150));
        expirations.set("gone", after(150));
        expirations.set("moved", after(400));
        expirations.set("persisted", Expiry::Never);
        expirations.set("gone", Expiry::Gone);
        expirations.set_at_most("late", Duration::from_millis(200));
        expirations.set_at_most("moved", Duration::from_millis(500));
        let begun = Instant::now();
        assert_eq!(expirations.next().await, "late");
        assert!(begun.elapsed() >= Duration::from_millis(190));
        assert_eq!(expirations.next().await, "moved");
        assert!(begun.elapsed() >= Duration::from_millis(390));
        assert!(expirations.state().ends.is_empty());
    }

    #[tokio::test]
    async fn a_sooner_end_wakes_the_watcher() {
        let expirations = Arc::new(Expirations::default());
        expirations.set("late", after(60_000));
        let watched = Arc::clone(&expirations);
        let watcher = tokio::spawn(async move { watched.next().await });
        tokio::time::sleep(Duration::from_millis(10)).await;
        expirations.set("soon", after(10));
        assert_eq!(watcher.await.unwrap(), "soon");
    }

    #[test]
    fn when_there_are_too_many_those_that_end_first_are_remembered() {
        let expirations = Expirations::default();
        let now = Instant::now();
        for number in 0..MOST {
            let end = now + Duration::from_secs(1000 + number as u64);
            expirations.set(&number.to_string(), Expiry::At(end));
        }
        expirations.set("last", Expiry::At(now + Duration::from_secs(1_000_000)));
        expirations.set("first", Expiry::At(now + Duration::from_secs(1)));
        let state = expirations.state();
        assert_eq!((state.ends.len(), state.order.len()), (MOST, MOST));
        assert!(state.ends.contains_key("first") && !state.ends.contains_key("last"));
        assert!(!state.ends.contains_key(&*(MOST - 1).to_string()));
    }
}
