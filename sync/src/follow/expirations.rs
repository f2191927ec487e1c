//! Remembers when keys expire, and puts them into the queue then.
//!
//! Redis notifies of an expiry when it finds the key expired, which may be minutes later.
//! AgentScope stops listing the record at once.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::queue::Queue;
use super::work::Work;
use crate::source::Keys;
use crate::source::read::Expiry;

/// The most keys that are remembered: those that expire first. They take some 30 MB. The next
/// reconciliation learns the expiries of others.
const CAPACITY: usize = 100_000;

/// When keys expire.
#[derive(Debug, Default)]
pub struct Expirations {
    state: Mutex<State>,
    /// Signals that another key is now the first to expire.
    sooner: Notify,
}

#[derive(Debug, Default)]
struct State {
    expiries: HashMap<Arc<str>, Instant>,
    order: BTreeSet<(Instant, Arc<str>)>,
}

impl State {
    fn forget(&mut self, key: &str) {
        if let Some((key, end)) = self.expiries.remove_entry(key) {
            self.order.remove(&(end, key));
        }
    }
}

impl Expirations {
    /// Replaces the expiry of a key.
    pub fn set(&self, key: &str, expiry: Expiry) {
        let mut state = self.state();
        state.forget(key);
        let Expiry::At(end) = expiry else { return };
        if state.expiries.len() >= CAPACITY {
            match state.order.last().map(|(last, _)| *last) {
                Some(last) if end < last => {
                    if let Some((_, key)) = state.order.pop_last() {
                        state.expiries.remove(&key);
                    }
                }
                _ => return,
            }
        }
        let key: Arc<str> = key.into();
        state.order.insert((end, Arc::clone(&key)));
        let is_first = state.order.first().is_some_and(|(_, first)| *first == key);
        state.expiries.insert(key, end);
        drop(state);
        if is_first {
            self.sooner.notify_one();
        }
    }

    /// Puts a key into the queue after this time at the latest.
    pub fn set_at_most(&self, key: &str, wait: Duration) {
        let at = Instant::now() + wait;
        if self.state().expiries.get(key).is_none_or(|end| *end > at) {
            self.set(key, Expiry::At(at));
        }
    }

    /// Waits until a key expires, and forgets it.
    async fn next(&self) -> String {
        loop {
            let first = {
                let mut state = self.state();
                let first = state.order.first().map(|(end, _)| *end);
                if first.is_some_and(|end| end <= Instant::now())
                    && let Some((_, key)) = state.order.pop_first()
                {
                    state.expiries.remove(&key);
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

    /// Puts keys into the queue when they expire, forever.
    pub async fn watch(&self, keys: &Keys, queue: &Queue) {
        loop {
            let key = self.next().await;
            let work = if keys.is_list(&key) { Work::LIST_RECHECK } else { Work::RECORD };
            queue.push(key, work, Some(std::time::Instant::now()));
        }
    }

    /// No code panics while it has the lock.
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
    async fn keys_come_in_the_order_of_their_expiries() {
        let expirations = Expirations::default();
        expirations.set("late", after(300));
        expirations.set("moved", after(100));
        expirations.set("persisted", after(150));
        expirations.set("deleted", after(150));
        expirations.set("moved", after(400));
        expirations.set("persisted", Expiry::Never);
        expirations.set("deleted", Expiry::Missing);
        expirations.set_at_most("late", Duration::from_millis(200));
        expirations.set_at_most("moved", Duration::from_millis(500));
        let begun = Instant::now();
        assert_eq!(expirations.next().await, "late");
        assert!(begun.elapsed() >= Duration::from_millis(190));
        assert_eq!(expirations.next().await, "moved");
        assert!(begun.elapsed() >= Duration::from_millis(390));
        assert!(expirations.state().expiries.is_empty());
    }

    #[tokio::test]
    async fn an_earlier_expiry_wakes_the_watcher() {
        let expirations = Arc::new(Expirations::default());
        expirations.set("late", after(60_000));
        let watched = Arc::clone(&expirations);
        let watcher = tokio::spawn(async move { watched.next().await });
        tokio::time::sleep(Duration::from_millis(10)).await;
        expirations.set("soon", after(10));
        assert_eq!(watcher.await.unwrap(), "soon");
    }

    #[test]
    fn with_too_many_keys_those_that_expire_first_are_remembered() {
        let expirations = Expirations::default();
        let now = Instant::now();
        for number in 0..CAPACITY {
            let end = now + Duration::from_secs(1000 + number as u64);
            expirations.set(&number.to_string(), Expiry::At(end));
        }
        expirations.set("last", Expiry::At(now + Duration::from_secs(1_000_000)));
        expirations.set("first", Expiry::At(now + Duration::from_secs(1)));
        let state = expirations.state();
        assert_eq!((state.expiries.len(), state.order.len()), (CAPACITY, CAPACITY));
        assert!(state.expiries.contains_key("first") && !state.expiries.contains_key("last"));
        assert!(!state.expiries.contains_key(&*(CAPACITY - 1).to_string()));
    }
}
