//! One reconciliation, to its end.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};
use indicatif::ProgressBar;

use super::copier::Copier;
use super::queue::Queue;
use super::reconcile::{self, Found, reconcile};
use super::workers::{self, Fatal, Limits};

/// How often a copy is tried before all is given up. With waits, and those of the AWS SDK, that takes a minute and more.
const ATTEMPTS: u32 = 10;

/// Brings everything up to date, and ends. What has been done is told by the observer.
///
/// # Errors
///
/// Redis or DynamoDB does not respond, or refuses; Redis is empty; with `strict`, a record does not fit.
pub async fn once(
    copier: &Arc<Copier>,
    options: reconcile::Options,
    strict: bool,
    progress: &ProgressBar,
) -> Result<Found> {
    let begun = Instant::now();
    let queue = Arc::new(Queue::default());
    let fatal = Arc::new(Fatal::default());
    let workers = workers::start(copier, &queue, Limits { strict, attempts: Some(ATTEMPTS) }, &fatal);
    let outcome = tokio::select! {
        found = async {
            let found = reconcile(copier, &queue, options, progress).await?;
            queue.at_most(0).await;
            anyhow::Ok(Found { took: begun.elapsed(), ..found })
        } => found,
        reason = fatal.wait() => Err(anyhow::anyhow!(reason)),
    };
    queue.close();
    workers.join_all().await;
    if strict && copier.observer.has_skipped() {
        bail!("a record does not fit");
    }
    outcome
}
