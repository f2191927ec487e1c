//! The queue of keys whose replicas may be outdated.
//!
//! A key is in the queue once, however often it changes. One worker at a time processes it, and
//! reads the record as it is then. So the changes of one record stay in the order of Redis, and a
//! record that changes all the time causes no more work than the tables can take.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use super::work::{Job, Work};

/// The most keys in the queue. More changes cause a full reconciliation.
const CAPACITY: usize = 100_000;

#[derive(Debug, Default)]
struct Entry {
    work: Work,
    noticed: Option<Instant>,
    is_in_flight: bool,
    /// The position in the order in which keys came into the queue.
    number: u64,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<String, Entry>,
    ready: VecDeque<String>,
    /// Keys of records that are too large to be processed concurrently.
    large: VecDeque<String>,
    has_overflowed: bool,
    is_closed: bool,
    /// The number of the last key that came into the queue.
    last_number: u64,
}

impl State {
    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}

/// The keys to process.
#[derive(Debug, Default)]
pub struct Queue {
    state: Mutex<State>,
    /// Signals that a key is ready.
    ready: Notify,
    /// Signals that the key of a large record is ready.
    large: Notify,
    /// Signals that a key has left the queue.
    fewer: Notify,
}

impl Queue {
    /// Puts a key into the queue, or adds work to a key that is in it.
    pub fn push(&self, key: String, work: Work, noticed: Option<Instant>) {
        let mut state = self.state();
        let count = state.entries.len();
        if let Some(entry) = state.entries.get_mut(&key) {
            entry.work.merge(work);
            entry.noticed = entry.noticed.or(noticed);
            return;
        }
        if count >= CAPACITY {
            state.has_overflowed = true;
            return;
        }
        let number = state.next_number();
        state.entries.insert(key.clone(), Entry { work, noticed, is_in_flight: false, number });
        state.ready.push_back(key);
        drop(state);
        self.ready.notify_one();
    }

    /// Waits for the next key; `None` when the queue is closed. The worker has to give it back by
    /// [`done`](Self::done), [`requeue`](Self::requeue) or [`hand_over`](Self::hand_over).
    pub async fn next(&self) -> Option<Job> {
        self.next_of(&self.ready, |state| &mut state.ready).await
    }

    /// Waits for the next key of a large record, as [`next`](Self::next) does.
    pub async fn next_large(&self) -> Option<Job> {
        self.next_of(&self.large, |state| &mut state.large).await
    }

    async fn next_of(&self, notify: &Notify, keys: impl Fn(&mut State) -> &mut VecDeque<String>) -> Option<Job> {
        loop {
            let ready = notify.notified();
            {
                let mut state = self.state();
                if state.is_closed {
                    notify.notify_one();
                    return None;
                }
                if let Some(key) = keys(&mut state).pop_front() {
                    let has_more = !keys(&mut state).is_empty();
                    let Some(entry) = state.entries.get_mut(&key) else { continue };
                    entry.is_in_flight = true;
                    let job = Job { work: std::mem::take(&mut entry.work), noticed: entry.noticed.take(), key };
                    drop(state);
                    if has_more {
                        notify.notify_one();
                    }
                    return Some(job);
                }
            }
            ready.await;
        }
    }

    /// Moves the key of a large record to those that [`next_large`](Self::next_large) returns.
    pub fn hand_over(&self, job: Job) {
        let mut state = self.state();
        let Some(entry) = state.entries.get_mut(&job.key) else { return };
        entry.work.merge(job.work);
        entry.noticed = job.noticed.or(entry.noticed);
        entry.is_in_flight = false;
        state.large.push_back(job.key);
        drop(state);
        self.large.notify_one();
    }

    /// Removes a key that was processed. A key that has changed meanwhile stays in the queue.
    pub fn done(&self, key: String) {
        let mut state = self.state();
        let number = state.next_number();
        let Some(entry) = state.entries.get_mut(&key) else { return };
        entry.is_in_flight = false;
        if entry.work.is_nothing() {
            state.entries.remove(&key);
        } else {
            entry.number = number;
            state.ready.push_back(key);
            self.ready.notify_one();
        }
        drop(state);
        self.fewer.notify_waiters();
    }

    /// Moves a key whose work failed to the end of the queue.
    pub fn requeue(&self, mut job: Job) {
        let mut state = self.state();
        if let Some(entry) = state.entries.get_mut(&job.key) {
            job.work.require_cleanup();
            entry.work.merge(job.work);
            // The lag is measured from the first change.
            entry.noticed = job.noticed.or(entry.noticed);
        }
        drop(state);
        self.done(job.key);
    }

    /// How many keys are in the queue, including those in flight.
    pub fn len(&self) -> usize {
        self.state().entries.len()
    }

    /// Whether no key is in the queue.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys are in flight: a worker processes them.
    pub fn in_flight(&self) -> usize {
        self.state().entries.values().filter(|entry| entry.is_in_flight).count()
    }

    /// The keys in flight.
    pub fn keys_in_flight(&self) -> Vec<String> {
        let state = self.state();
        state.entries.iter().filter(|(_, entry)| entry.is_in_flight).map(|(key, _)| key.clone()).collect()
    }

    /// Waits until the queue has at most this many keys.
    pub async fn at_most(&self, count: usize) {
        loop {
            let fewer = self.fewer.notified();
            tokio::pin!(fewer);
            fewer.as_mut().enable();
            if self.len() <= count {
                return;
            }
            fewer.await;
        }
    }

    /// Waits until every key that is in the queue now has been processed, however many come
    /// meanwhile.
    pub async fn wait_drained(&self) {
        let last = self.state().last_number;
        loop {
            let fewer = self.fewer.notified();
            tokio::pin!(fewer);
            fewer.as_mut().enable();
            if self.state().entries.values().all(|entry| entry.number > last) {
                return;
            }
            fewer.await;
        }
    }

    /// Whether the queue has overflowed since the last call.
    pub fn take_overflowed(&self) -> bool {
        std::mem::take(&mut self.state().has_overflowed)
    }

    /// Whether the queue is closed.
    pub fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    /// Closes the queue: workers get no more keys.
    pub fn close(&self) {
        self.state().is_closed = true;
        self.ready.notify_one();
        self.large.notify_one();
    }

    /// No code panics while it has the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
