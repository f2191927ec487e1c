//! `redis`: keeps the tables in step with Redis.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::connect::connect;
use super::signals::stop_signal;
use super::{Outcome, progress};
use crate::follow::context::SyncContext;
use crate::follow::queue::Queue;
use crate::follow::reconcile::{self, Found};
use crate::follow::work::WriteMode;
use crate::follow::{self, follow, once};
use crate::health;
use crate::memory::MemoryOptions;
use crate::options::{Redis, Tables};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    redis: Redis,
    /// Bring the tables up to date once, print a summary, and exit: with status 1 if a record was
    /// skipped.
    #[arg(long, conflicts_with_all = ["follow", "configure", "reconcile_seconds", "listen"])]
    once: bool,
    /// Keep running, and follow changes. This is the default.
    #[arg(long)]
    follow: bool,
    /// Set the missing flags of Redis's notify-keyspace-events. Nothing else is ever written to
    /// Redis.
    #[arg(long)]
    configure: bool,
    /// The time from the end of a reconciliation to the start of the next one. Reconciliation
    /// finds the changes of lost notifications.
    #[arg(long, default_value_t = 600, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    reconcile_seconds: u64,
    /// Exit at the first invalid record, with status 1.
    #[arg(long)]
    strict: bool,
    /// Write every record once, whatever its fingerprint.
    #[arg(long)]
    rewrite: bool,
    /// Delete everything if Redis has no records. Without this option, an empty Redis is an error.
    #[arg(long)]
    allow_empty: bool,
    /// Serve /healthz, /livez and /metrics (for Prometheus) at this address, such as 0.0.0.0:8080.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The namespace of the metrics that are printed for CloudWatch every minute.
    #[arg(long, default_value = "AgentScopeSync", value_name = "NAME")]
    metrics_namespace: String,
    #[command(flatten)]
    memory: MemoryOptions,
    #[command(flatten)]
    tables: Tables,
}

pub(super) async fn run(options: Options) -> Result<Outcome> {
    let reconcile_interval = Duration::from_secs(options.reconcile_seconds);
    let context = Arc::new(connect(options.redis, options.tables, options.memory, reconcile_interval).await?);
    let reconcile = reconcile::Options {
        write: if options.rewrite { WriteMode::Always } else { WriteMode::IfChanged },
        allow_empty: options.allow_empty,
        left_parts: true,
    };
    let progress = progress::spinner();
    if options.once {
        let found = tokio::select! {
            found = once(&context, reconcile, options.strict, &progress) => found?,
            () = stop_signal() => anyhow::bail!("stopped before the reconciliation was completed"),
        };
        progress.finish_and_clear();
        print_summary(&context, found);
        return Ok(match context.observer().later_release() {
            Some(later) => Outcome::LaterRelease(later),
            None if context.observer().has_skipped() => Outcome::DifferencesFound,
            None => Outcome::Clean,
        });
    }
    let queue = Arc::new(Queue::default());
    let following = follow::Options {
        reconcile,
        reconcile_interval,
        configure: options.configure,
        strict: options.strict,
        namespace: options.metrics_namespace,
    };
    let (observed, observed_queue) = (Arc::clone(&context), Arc::clone(&queue));
    let listening = async {
        match options.listen {
            Some(address) => health::listen(address, observed, observed_queue).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        outcome = follow(context, queue, following, progress, stop_signal()) => outcome?,
        outcome = listening => outcome?,
    }
    Ok(Outcome::Clean)
}

fn print_summary(context: &SyncContext, found: Found) {
    let counts = context.observer().counters.now();
    let skipped = context.observer().skipped() + found.passed_over;
    println!(
        "{} records: {} written, {} deleted, {} unchanged, {skipped} skipped; {} leases set, {} ended; {:.1} s",
        found.records,
        counts.written,
        counts.deleted,
        counts.unchanged,
        counts.leases_set,
        counts.leases_ended,
        found.took.as_secs_f64(),
    );
}
