//! What is left to do: keys whose copies may be behind.
//!
//! A key stands in the queue once, however often it changes, and is worked on by one worker at a time, which looks at the
//! record as it is then. So changes of one record are never made in another order than in Redis, and a record that changes
//! all the time takes no more work than the tables can take.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use super::work::{Job, Work};

/// The most keys that wait. What comes on top is not remembered one by one: all are looked at again instead.
const MOST: usize = 100_000;

#[derive(Debug, Default)]
struct Entry {
    work: Work,
    noticed: Option<Instant>,
    is_worked_on: bool,
    /// When it came into the queue, counted in keys.
    number: u64,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<String, Entry>,
    ready: VecDeque<String>,
    /// Keys of records that are too large to be worked on side by side with others.
    large: VecDeque<String>,
    is_overflown: bool,
    is_closed: bool,
    /// How many keys have come into the queue.
    came: u64,
}

impl State {
    fn next_number(&mut self) -> u64 {
        self.came += 1;
        self.came
    }
}

/// The keys that are left to look at.
#[derive(Debug, Default)]
pub struct Queue {
    state: Mutex<State>,
    /// There is a key to work on.
    ready: Notify,
    /// There is one of a large record.
    large: Notify,
    /// There are fewer keys than before.
    fewer: Notify,
}

impl Queue {
    /// Puts a key into the queue, or more work to one that is there.
    pub fn push(&self, key: String, work: Work, noticed: Option<Instant>) {
        let mut state = self.state();
        let count = state.entries.len();
        if let Some(entry) = state.entries.get_mut(&key) {
            entry.work.merge(work);
            entry.noticed = entry.noticed.or(noticed);
            return;
        }
        if count >= MOST {
            state.is_overflown = true;
            return;
        }
        let number = state.next_number();
        state.entries.insert(key.clone(), Entry { work, noticed, is_worked_on: false, number });
        state.ready.push_back(key);
        drop(state);
        self.ready.notify_one();
    }

    /// The next key to work on; `None` when the queue is closed. Whoever takes one has to give it back by
    /// [`done`](Self::done) or [`again`](Self::again).
    pub async fn next(&self) -> Option<Job> {
        self.next_of(&self.ready, |state| &mut state.ready).await
    }

    /// The same, of the keys of large records.
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
                    entry.is_worked_on = true;
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

    /// The record under a key turned out to be large: [`next_large`](Self::next_large) hands it
    /// out.
    pub fn hand_over(&self, job: Job) {
        let mut state = self.state();
        let Some(entry) = state.entries.get_mut(&job.key) else { return };
        entry.work.merge(job.work);
        entry.noticed = job.noticed.or(entry.noticed);
        entry.is_worked_on = false;
        state.large.push_back(job.key);
        drop(state);
        self.large.notify_one();
    }

    /// A key has been worked on. If it has changed meanwhile, it stays in the queue.
    pub fn done(&self, key: String) {
        let mut state = self.state();
        let number = state.next_number();
        let Some(entry) = state.entries.get_mut(&key) else { return };
        entry.is_worked_on = false;
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

    /// Work on a key did not succeed: it goes to the end of the queue.
    pub fn again(&self, job: Job) {
        let mut state = self.state();
        if let Some(entry) = state.entries.get_mut(&job.key) {
            // A list has nothing that could be left over.
            let again = job.work.list.is_none();
            entry.work.merge(Work { again, ..job.work });
            // The work began when the first of its changes was noticed.
            entry.noticed = job.noticed.or(entry.noticed);
        }
        drop(state);
        self.done(job.key);
    }

    /// How many keys there are, those included that are worked on.
    pub fn len(&self) -> usize {
        self.state().entries.len()
    }

    /// Whether nothing is left to do.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys are being worked on.
    pub fn in_flight(&self) -> usize {
        self.state().entries.values().filter(|entry| entry.is_worked_on).count()
    }

    /// The keys that are being worked on.
    pub fn keys_in_flight(&self) -> Vec<String> {
        let state = self.state();
        state.entries.iter().filter(|(_, entry)| entry.is_worked_on).map(|(key, _)| key.clone()).collect()
    }

    /// Waits until there are at most this many keys.
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

    /// Waits until every key has been worked on that is in the queue now, however many come meanwhile.
    pub async fn wait_drained(&self) {
        let last = self.state().came;
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

    /// Whether keys had to be turned away since this was last asked.
    pub fn take_overflown(&self) -> bool {
        std::mem::take(&mut self.state().is_overflown)
    }

    /// Whether it hands out nothing more.
    pub fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    /// Hands out nothing more.
    pub fn close(&self) {
        self.state().is_closed = true;
        self.ready.notify_one();
        self.large.notify_one();
    }

    /// A worker that panics holds no lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use agentscope_store::RecordKind;

    use super::*;
    use crate::source::RecordKey;

    fn lock() -> Work {
        let place = RecordKey { kind: RecordKind::Session, user_id: "u".into(), id: "s".into() };
        Work { lock: Some(place), ..Work::default() }
    }

    #[tokio::test]
    async fn a_key_that_changes_often_is_worked_on_once_and_by_one() {
        let queue = Queue::default();
        let noticed = Instant::now();
        queue.push("a".into(), lock(), Some(noticed));
        queue.push("a".into(), Work::RECORD, Some(Instant::now()));
        queue.push("b".into(), Work::RECORD, None);
        let job = queue.next().await.unwrap();
        assert_eq!((job.key.as_str(), job.noticed), ("a", Some(noticed)));
        assert_eq!(job.work, Work { record: true, ..lock() });
        queue.push("a".into(), Work::RECORD, None);
        assert_eq!(queue.next().await.unwrap().key, "b");
        queue.done("b".into());
        assert_eq!((queue.len(), queue.in_flight()), (1, 1));
        queue.done("a".into());
        assert_eq!(queue.next().await.unwrap().work, Work::RECORD);
        queue.done("a".into());
        queue.at_most(0).await;
        assert!(queue.is_empty());
    }

    #[tokio::test]
    async fn large_records_are_handed_out_apart() {
        let queue = Queue::default();
        let noticed = Instant::now();
        queue.push("large".into(), Work::RECORD, Some(noticed));
        let job = queue.next().await.unwrap();
        assert_eq!(queue.keys_in_flight(), ["large"]);
        queue.push("large".into(), lock(), None);
        queue.hand_over(job);
        queue.push("small".into(), Work::RECORD, None);
        // Further changes wait with it.
        queue.push("large".into(), Work::EXPIRY, None);
        assert_eq!(queue.next().await.unwrap().key, "small");
        let job = queue.next_large().await.unwrap();
        assert_eq!((job.key.as_str(), job.noticed), ("large", Some(noticed)));
        assert_eq!(job.work, Work { record: true, expiry: true, ..lock() });
        queue.done("small".into());
        queue.done(job.key);
        assert!(queue.is_empty());
        queue.close();
        assert!(queue.next_large().await.is_none());
    }

    #[tokio::test]
    async fn what_did_not_succeed_goes_to_the_end() {
        let queue = Queue::default();
        queue.push("a".into(), Work::RECORD, None);
        queue.push("b".into(), Work::RECORD, None);
        let job = queue.next().await.unwrap();
        queue.push("a".into(), lock(), None);
        queue.again(job);
        assert_eq!(queue.next().await.unwrap().key, "b");
        let job = queue.next().await.unwrap();
        assert_eq!((job.key.as_str(), job.work), ("a", Work { record: true, again: true, ..lock() }));
    }

    #[tokio::test]
    async fn a_queue_settles_though_new_keys_come() {
        let queue = Queue::default();
        queue.push("a".into(), Work::RECORD, None);
        let (wait_drained, ()) =
            tokio::join!(tokio::time::timeout(std::time::Duration::from_secs(10), queue.wait_drained()), async {
                tokio::task::yield_now().await;
                let job = queue.next().await.unwrap();
                queue.push("a".into(), Work::RECORD, None);
                queue.push("b".into(), Work::RECORD, None);
                queue.done(job.key);
            });
        wait_drained.unwrap();
        assert_eq!(queue.len(), 2);
    }

    #[tokio::test]
    async fn a_full_queue_says_so_once() {
        let queue = Queue::default();
        for number in 0..=MOST {
            queue.push(number.to_string(), Work::RECORD, None);
        }
        assert_eq!(queue.len(), MOST);
        assert!(queue.take_overflown());
        assert!(!queue.take_overflown());
    }

    #[tokio::test]
    async fn a_closed_queue_hands_out_nothing() {
        let queue = Queue::default();
        queue.push("a".into(), Work::RECORD, None);
        queue.close();
        assert!(queue.next().await.is_none());
        assert!(queue.next().await.is_none());
        assert_eq!(queue.len(), 1);
    }
}
