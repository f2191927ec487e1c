//! `redis` without `--once`: follows changes until the process is stopped.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use indicatif::ProgressBar;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use super::changes::look_up_owners;
use super::connection::Follower;
use super::context::SyncContext;
use super::options::Options;
use super::queue::Queue;
use super::workers::{self, Fatal, Limits};
use crate::observe::{Counts, Phase};

/// How long work in flight may take after the process is told to stop. Amazon ECS kills it after
/// 30 seconds.
const GRACE: Duration = Duration::from_secs(25);
/// The interval between reports of the metrics.
const REPORT: Duration = Duration::from_secs(60);

/// Keeps the tables in step until `stopped`, then finishes the work in flight.
///
/// # Errors
///
/// DynamoDB refuses a request of the first reconciliation; with `strict`, a record is invalid.
pub async fn follow(
    context: Arc<SyncContext>,
    queue: Arc<Queue>,
    options: Options,
    progress: ProgressBar,
    stopped: impl Future<Output = ()>,
) -> Result<()> {
    let fatal = Arc::new(Fatal::default());
    let workers = workers::start(&context, &queue, Limits { strict: options.strict, attempts: None }, &fatal);
    let mut background = JoinSet::new();
    {
        let (context, queue) = (Arc::clone(&context), Arc::clone(&queue));
        background.spawn(async move { look_up_owners(&context, &queue).await });
    }
    {
        let (context, queue, namespace) = (Arc::clone(&context), Arc::clone(&queue), options.namespace.clone());
        background.spawn(async move { report(&context, &queue, &namespace).await });
    }
    {
        let (context, queue) = (Arc::clone(&context), Arc::clone(&queue));
        background.spawn(async move { context.expirations().watch(context.source().keys(), &queue).await });
    }
    let mut follower = Follower::new(Arc::clone(&context), Arc::clone(&queue), options, progress);
    let outcome = tokio::select! {
        error = follower.run() => Err(error),
        reason = fatal.wait() => Err(anyhow!(reason)),
        () = stopped => Ok(()),
    };
    drop(background);
    stop(&context, &queue, workers).await;
    outcome
}

async fn stop(context: &SyncContext, queue: &Queue, workers: JoinSet<()>) {
    context.observer().set_phase(Phase::Stopping);
    queue.close();
    tracing::info!(in_flight = queue.in_flight(), "stopping: finishing work in flight");
    let is_finished = timeout(GRACE, workers.join_all()).await.is_ok();
    tracing::info!(is_finished, left = queue.len(), "stopped; the next start finds the keys that are left");
}

async fn report(context: &SyncContext, queue: &Queue, namespace: &str) {
    let mut before = Counts::default();
    let mut ticks = interval(REPORT);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let owner_of = |key: &str| context.source().keys().owner(key);
        context.observer().report(namespace, &mut before, queue.len(), owner_of);
    }
}
