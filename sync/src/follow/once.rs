//! `redis --once`: one reconciliation, until the queue is drained.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};
use indicatif::ProgressBar;

use super::context::SyncContext;
use super::queue::Queue;
use super::reconcile::{self, Found, reconcile};
use super::workers::{self, Fatal, Limits};

/// Attempts at one key before the command fails. With the waits, and those of the AWS SDK, that
/// takes more than a minute.
const ATTEMPTS: u32 = 10;

/// Brings everything up to date, and returns. The observer counts what was done.
///
/// # Errors
///
/// Redis or DynamoDB does not respond, or refuses a request; Redis is empty; with `strict`, a
/// record is invalid.
pub async fn once(
    context: &Arc<SyncContext>,
    options: reconcile::Options,
    strict: bool,
    progress: &ProgressBar,
) -> Result<Found> {
    let begun = Instant::now();
    let queue = Arc::new(Queue::default());
    let fatal = Arc::new(Fatal::default());
    let workers = workers::start(context, &queue, Limits { strict, attempts: Some(ATTEMPTS) }, &fatal);
    let outcome = tokio::select! {
        found = async {
            let found = reconcile(context, &queue, options, progress).await?;
            queue.at_most(0).await;
            anyhow::Ok(Found { took: begun.elapsed(), ..found })
        } => found,
        reason = fatal.wait() => Err(anyhow::anyhow!(reason)),
    };
    queue.close();
    workers.join_all().await;
    if strict && context.observer().has_skipped() {
        bail!("a record is invalid");
    }
    outcome
}
