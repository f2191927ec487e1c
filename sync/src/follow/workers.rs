//! Workers that drain the queue.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use agentscope_store::Backoff;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::context::SyncContext;
use super::copier::Copier;
use super::failure::Failure;
use super::lists::check_list;
use super::queue::Queue;
use super::work::{Done, Job, Lane};

/// Keys that are processed concurrently.
const WORKERS: usize = 16;
/// Attempts at a key before other keys get their turn.
const ATTEMPTS: u32 = 4;
/// The delays between the attempts.
pub(super) const BACKOFF: Backoff = Backoff { initial: Duration::from_millis(50), max: Duration::from_secs(1) };

/// When the workers give up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Whether an invalid record is fatal.
    pub strict: bool,
    /// After how many attempts at one key a failure is fatal; `None` for never.
    pub attempts: Option<u32>,
}

/// The reason for which the process has to end.
#[derive(Debug, Default)]
pub struct Fatal {
    reason: OnceLock<String>,
    is_set: Notify,
}

impl Fatal {
    /// Ends the process. The first reason counts.
    pub fn set(&self, reason: String) {
        let _ = self.reason.set(reason);
        self.is_set.notify_one();
    }

    /// Waits for a reason.
    pub async fn wait(&self) -> String {
        loop {
            if let Some(reason) = self.reason.get() {
                return reason.clone();
            }
            self.is_set.notified().await;
        }
    }
}

#[derive(Clone)]
struct Worker {
    copier: Copier,
    queue: Arc<Queue>,
    limits: Limits,
    fatal: Arc<Fatal>,
}

/// Starts the workers. They end when the queue is closed.
pub fn start(context: &Arc<SyncContext>, queue: &Arc<Queue>, limits: Limits, fatal: &Arc<Fatal>) -> JoinSet<()> {
    let copier = Copier::new(Arc::clone(context));
    let worker = Worker { copier, queue: Arc::clone(queue), limits, fatal: Arc::clone(fatal) };
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let worker = worker.clone();
        workers.spawn(async move {
            while let Some(job) = worker.queue.next().await {
                worker.process(job, Lane::Shared).await;
            }
        });
    }
    let (ended, has_ended) = tokio::sync::oneshot::channel::<()>();
    let runtime = Handle::current();
    // Parsing and compressing a large record takes seconds. A thread of its own keeps that from
    // delaying other changes, and the pings of the connections.
    std::thread::spawn(move || {
        // Dropped even if the worker panics.
        let _ended = ended;
        runtime.block_on(async {
            while let Some(job) = worker.queue.next_large().await {
                worker.process(job, Lane::Alone).await;
            }
        });
    });
    workers.spawn(async move {
        // The channel closes when the thread ends.
        let _ = has_ended.await;
    });
    workers
}

impl Worker {
    async fn process(&self, mut job: Job, lane: Lane) {
        let observer = self.copier.context().observer();
        let attempts = self.limits.attempts.unwrap_or(ATTEMPTS);
        for attempt in 1..=attempts {
            let failure = match self.attempt(&job, lane).await {
                Ok(Done::HandOver) => return self.queue.hand_over(job),
                Ok(Done::Finished) => {
                    if let Some(noticed) = job.noticed {
                        observer.caught_up(&job.key, noticed);
                    }
                    if self.limits.strict && observer.has_skipped() {
                        self.fatal.set("a record is invalid".to_owned());
                    }
                    return self.queue.done(job.key);
                }
                Err(failure) => failure,
            };
            job.work.require_cleanup();
            observer.failed(&job.key);
            tracing::warn!(key = job.key, attempt, cause = %failure, "a replica could not be brought up to date");
            if self.queue.is_closed() {
                break;
            }
            let is_last = attempt == attempts || matches!(failure, Failure::Refused(_));
            if self.limits.attempts.is_some() && is_last {
                self.fatal.set(failure.to_string());
                break;
            }
            BACKOFF.wait(attempt).await;
        }
        self.queue.requeue(job);
    }

    async fn attempt(&self, job: &Job, lane: Lane) -> Result<Done, Failure> {
        if let Some(work) = job.work.list {
            check_list(self.copier.context(), &self.queue, &job.key, work).await?;
        }
        self.copier.work(&job.key, &job.work, lane).await
    }
}
