//! `agentscope-sync`: the command line.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use agentscope_model::Release;
use agentscope_store::ClientTimeouts;
use agentscope_sync::export::{self, Export};
use agentscope_sync::follow::copier::Copier;
use agentscope_sync::follow::queue::Queue;
use agentscope_sync::follow::reconcile::{self, Found};
use agentscope_sync::follow::{self, follow, once};
use agentscope_sync::load::{self, Report};
use agentscope_sync::options::{Redis, Tables};
use agentscope_sync::signals::until_ended;
use agentscope_sync::source::Source;
use agentscope_sync::verify::verify;
use agentscope_sync::{health, logs, memory, source_record};
use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

/// Puts the records of an AgentScope service into the tables that the session-listing functions read.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Loads AgentScope exports. Loading one again changes nothing.
    ///
    /// Invalid records are named on standard error, and the others are loaded.
    ///
    /// Exit status: 0 all records are valid, 1 some are invalid, 3 some come from a later release
    /// than --release.
    Load(Load),
    /// Keeps the tables in step with the Redis of an AgentScope service, until it is ended.
    ///
    /// The tables hold what Redis holds and nothing else: what is not in Redis is deleted. Invalid
    /// records are named in the log, and their last good versions stay.
    ///
    /// Exit status: 0 all records are copied, 1 some were skipped or the command failed, 3 some
    /// come from a later release than
    /// --release.
    Redis(Box<Follow>),
    /// Compares the tables with the Redis of an AgentScope service, record by record, and names what differs.
    ///
    /// Exit status: 0 identical, 1 differences found, 2 comparison failed, 3 records come from a
    /// later release than --release.
    Verify(Box<Verify>),
    /// Asks a process that was started with --listen whether it is alive.
    Health {
        /// Its address, as 127.0.0.1:8080.
        address: String,
    },
}

#[derive(Debug, Args)]
struct Load {
    /// Exports: JSON, plain or gzipped; `-` is standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only check the records; write nothing and ask no database.
    #[arg(long)]
    check: bool,
    /// How long the sessions count as running that an export says are running.
    #[arg(long, default_value_t = 600, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    lease_seconds: u64,
    #[command(flatten)]
    tables: Tables,
}

#[derive(Debug, Args)]
struct Follow {
    #[command(flatten)]
    redis: Redis,
    /// Compare everything once, bring the tables up to date, print a summary, and end: with status 1 if a record was skipped.
    #[arg(long, conflicts_with_all = ["follow", "configure", "reconcile_seconds", "listen"])]
    once: bool,
    /// Stay, and follow the changes. The default.
    #[arg(long)]
    follow: bool,
    /// Set what is missing in Redis's notify-keyspace-events. Nothing else is ever written to Redis.
    #[arg(long)]
    configure: bool,
    /// How long after everything was compared it is compared again, since notifications can be lost.
    #[arg(long, default_value_t = 600, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    reconcile_seconds: u64,
    /// End at the first record that does not fit, with status 1.
    #[arg(long)]
    strict: bool,
    /// Write every record once, even if it seems to be the same.
    #[arg(long)]
    rewrite: bool,
    /// Delete everything if Redis has no record at all. Otherwise that is taken for a mistake.
    #[arg(long)]
    allow_empty: bool,
    /// Response /healthz, /livez and /metrics (for Prometheus) at this address, as 0.0.0.0:8080.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The namespace of the metrics that are printed for CloudWatch every minute.
    #[arg(long, default_value = "AgentScopeSync", value_name = "NAME")]
    metrics_namespace: String,
    #[command(flatten)]
    memory: memory::Options,
    #[command(flatten)]
    tables: Tables,
}

#[derive(Debug, Args)]
struct Verify {
    #[command(flatten)]
    redis: Redis,
    #[command(flatten)]
    memory: memory::Options,
    #[command(flatten)]
    tables: Tables,
}

/// What a command came to that could be carried out.
enum Outcome {
    /// All is as it should be.
    Clean,
    /// Something does not fit, or differs.
    DifferencesFound,
    /// Records come from this release or a later one, and an earlier one is set.
    LaterRelease(Release),
}

/// The exit status where records come from a later release than the set one.
const LATER_RELEASE: u8 = 3;

#[tokio::main]
async fn main() -> ExitCode {
    let (outcome, trouble) = match Cli::parse().command {
        Command::Load(options) => (load(options).await, 1),
        Command::Redis(options) => {
            logs::start();
            (Box::pin(redis(*options)).await, 1)
        }
        Command::Verify(options) => {
            logs::start();
            (Box::pin(compare(*options)).await, 2)
        }
        Command::Health { address } => (health::ask(&address).await.map(|()| Outcome::Clean), 1),
    };
    match outcome {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::DifferencesFound) => ExitCode::FAILURE,
        Ok(Outcome::LaterRelease(later)) => {
            eprintln!("agentscope-sync: {}", source_record::set_release(later));
            ExitCode::from(LATER_RELEASE)
        }
        Err(error) => {
            eprintln!("agentscope-sync: {error:#}");
            ExitCode::from(trouble)
        }
    }
}

/// Loads all files.
async fn load(options: Load) -> Result<Outcome> {
    let Load { files, check, lease_seconds, tables } = options;
    let release = tables.release();
    let store = if check { None } else { Some(tables.store(ClientTimeouts::LOADER).await) };
    let mut all_well = true;
    let mut later = None;
    for file in files {
        let name = file.display().to_string();
        let text = export::read(&file).with_context(|| name.clone())?;
        let export = Export::parse(&text).with_context(|| name.clone())?;
        let report = match &store {
            None => load::check(&export, release),
            Some(store) => {
                let progress = progress_bar(export.len());
                let report = load::load(store, &export, Duration::from_secs(lease_seconds), &progress).await;
                progress.finish_and_clear();
                report.with_context(|| name.clone())?
            }
        };
        all_well &= report.problems.is_empty();
        later = later.max(report.later.map(|(_, release)| release));
        tell(&name, if check { "fit" } else { "loaded" }, &report);
    }
    Ok(match later {
        Some(later) => Outcome::LaterRelease(later),
        None if all_well => Outcome::Clean,
        None => Outcome::DifferencesFound,
    })
}

fn tell(file: &str, what: &str, report: &Report) {
    for line in report.remarks.iter().chain(&report.problems) {
        eprintln!("{file}: {line}");
    }
    println!("{file}: {what}: {report}");
}

async fn redis(options: Follow) -> Result<Outcome> {
    let every = Duration::from_secs(options.reconcile_seconds);
    let copier = Arc::new(copier(options.redis, options.tables, options.memory, every).await?);
    let comparison =
        reconcile::Options { rewrite: options.rewrite, allow_empty: options.allow_empty, left_parts: true };
    let progress = spinner();
    if options.once {
        let found = tokio::select! {
            found = once(&copier, comparison, options.strict, &progress) => found?,
            () = until_ended() => anyhow::bail!("ended before everything was compared"),
        };
        progress.finish_and_clear();
        summarize(&copier, found);
        return Ok(match copier.observer.later_release() {
            Some(later) => Outcome::LaterRelease(later),
            None if copier.observer.has_skipped() => Outcome::DifferencesFound,
            None => Outcome::Clean,
        });
    }
    let queue = Arc::new(Queue::default());
    let following = follow::Options {
        reconcile: comparison,
        every,
        configure: options.configure,
        strict: options.strict,
        namespace: options.metrics_namespace,
    };
    let (copier_told, queue_told) = (Arc::clone(&copier), Arc::clone(&queue));
    let listening = async {
        match options.listen {
            Some(address) => health::listen(address, copier_told, queue_told).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        outcome = follow(copier, queue, following, progress, until_ended()) => outcome?,
        outcome = listening => outcome?,
    }
    Ok(Outcome::Clean)
}

fn summarize(copier: &Copier, found: Found) {
    let counts = copier.observer.counters.now();
    let skipped = copier.observer.skipped() + found.passed_over;
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

async fn compare(options: Verify) -> Result<Outcome> {
    let copier = copier(options.redis, options.tables, options.memory, Duration::ZERO).await?;
    let progress = spinner();
    let verdict = verify(&copier, &progress, |finding| progress.suspend(|| println!("{finding}"))).await?;
    progress.finish_and_clear();
    println!("{verdict}");
    Ok(match copier.observer.later_release() {
        Some(later) => Outcome::LaterRelease(later),
        None if verdict.differences.is_empty() => Outcome::Clean,
        None => Outcome::DifferencesFound,
    })
}

async fn copier(redis: Redis, tables: Tables, memory: memory::Options, every: Duration) -> Result<Copier> {
    let source = Source::connect(&redis.source(tables.release())).await?;
    tracing::info!(address = source.address(), "connected to Redis");
    let memory = memory.memory();
    tracing::info!(one_record_mb = memory.alone_bytes() >> 20, "memory that copying one record may take");
    Copier::new(tables.store(ClientTimeouts::FOLLOWER).await, source, memory, every)
}

fn progress_bar(records: usize) -> ProgressBar {
    styled(ProgressBar::new(records as u64), "{bar:40} {pos}/{len} {msg} {eta}")
}

/// Progress towards an end that is not known.
fn spinner() -> ProgressBar {
    styled(ProgressBar::new_spinner(), "{spinner} {pos} {msg} ({elapsed})")
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
