//! Those who work the queue off.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use agentscope_store::Backoff;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::copier::{Copier, Failure};
use super::lists::look_at_list;
use super::queue::Queue;
use super::work::{Done, Job, Lane};
use crate::observe::Observer;

/// Keys that are worked on side by side.
const WORKERS: usize = 16;
/// How often a key is tried before others get their turn.
const ATTEMPTS: u32 = 4;
/// The delays between the attempts.
pub(super) const BACKOFF: Backoff = Backoff { initial: Duration::from_millis(50), max: Duration::from_secs(1) };

/// When work cannot go on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// A record that does not fit ends everything.
    pub strict: bool,
    /// So does a key that cannot be brought up to date in so many attempts.
    pub attempts: Option<u32>,
}

/// Why everything has to end, if it has to.
#[derive(Debug, Default)]
pub struct Fatal {
    reason: OnceLock<String>,
    is_set: Notify,
}

impl Fatal {
    /// Everything has to end. The first reason counts.
    pub fn set(&self, reason: String) {
        // Another was first.
        let _ = self.reason.set(reason);
        self.is_set.notify_one();
    }

    /// Waits until everything has to end, and says why.
    pub async fn wait(&self) -> String {
        loop {
            if let Some(reason) = self.reason.get() {
                return reason.clone();
            }
            self.is_set.notified().await;
        }
    }
}

/// Starts workers, who end when the queue is closed.
pub fn start(copier: &Arc<Copier>, queue: &Arc<Queue>, limits: Limits, fatal: &Arc<Fatal>) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let (copier, queue, fatal) = (Arc::clone(copier), Arc::clone(queue), Arc::clone(fatal));
        workers.spawn(async move {
            while let Some(job) = queue.next().await {
                work(&copier, &queue, job, limits, &fatal, Lane::Shared).await;
            }
        });
    }
    let (copier, queue, fatal) = (Arc::clone(copier), Arc::clone(queue), Arc::clone(fatal));
    let (ended, has_ended) = tokio::sync::oneshot::channel::<()>();
    let runtime = Handle::current();
    // Parsing and compressing a large record takes seconds. On a thread of its own, that keeps no
    // other change waiting, nor the responses that tell whether the connections are alive.
    std::thread::spawn(move || {
        // Dropped whatever happens here.
        let _ended = ended;
        runtime.block_on(async {
            while let Some(job) = queue.next_large().await {
                work(&copier, &queue, job, limits, &fatal, Lane::Alone).await;
            }
        });
    });
    workers.spawn(async move {
        // The end of the channel is what is waited for.
        let _ = has_ended.await;
    });
    workers
}

async fn attempt(copier: &Copier, queue: &Queue, job: &Job, lane: Lane) -> Result<Done, Failure> {
    if let Some(work) = job.work.list {
        look_at_list(copier, queue, &job.key, work).await?;
    }
    copier.work(&job.key, &job.work, lane).await
}

async fn work(copier: &Copier, queue: &Queue, mut job: Job, limits: Limits, fatal: &Fatal, lane: Lane) {
    let observer = &copier.observer;
    let attempts = limits.attempts.unwrap_or(ATTEMPTS);
    for attempt in 1..=attempts {
        let failure = match self::attempt(copier, queue, &job, lane).await {
            Ok(Done::HandOver) => return queue.hand_over(job),
            Ok(Done::Finished) => {
                if let Some(noticed) = job.noticed {
                    observer.caught_up(noticed);
                }
                if limits.strict && observer.has_skipped() {
                    fatal.set("a record does not fit".to_owned());
                }
                return queue.done(job.key);
            }
            Err(failure) => failure,
        };
        // A list has nothing that could be left over.
        job.work.again |= job.work.list.is_none();
        Observer::count(&observer.counters.errors);
        tracing::warn!(key = job.key, attempt, cause = %failure, "a copy could not be brought up to date");
        if queue.is_closed() {
            break;
        }
        if limits.attempts.is_some() && (attempt == attempts || matches!(failure, Failure::Refused(_))) {
            fatal.set(failure.to_string());
            break;
        }
        BACKOFF.wait(attempt).await;
    }
    queue.again(job);
}
