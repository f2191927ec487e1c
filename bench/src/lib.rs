//! Measures the functions as they are deployed, next to the baseline: the same DynamoDB requests
//! sent by the bare AWS SDK.
//!
//! Started by `cargo xtask bench`, which builds everything first.
//!
//! # Layout
//!
//! - `scenario`, `data`, `text`: the requests, and the data that is generated for them.
//! - `store`: the DynamoDB, in a process of its own.
//! - `process`: the functions and the baseline as processes.
//! - `measure`, `cold`, `size`, `stats`: the figures.
//! - [`micro`]: what the micro-benchmarks work on.
//! - `sync`, `large`: the lag of `agentscope-sync`, and its memory for large sessions.
//! - `results`, `machine`, `table`, `plot`: their output.

mod cold;
mod data;
mod large;
mod machine;
mod measure;
pub mod micro;
mod plot;
mod process;
mod results;
mod scenario;
mod size;
mod stats;
mod store;
mod sync;
mod table;
mod text;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use agentscope_api::ResponseMode;
use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};

use crate::data::Dataset;
use crate::measure::{Binaries, Effort};
use crate::process::Deployment;
use crate::results::{Machine, Results, Settings};
use crate::scenario::{LIST_SCHEDULE_SESSIONS, LIST_SESSIONS, Scenario};
use crate::size::Size;
use crate::store::Tables;

/// Measures the functions as they are deployed, next to the baseline: the same DynamoDB requests
/// sent by the bare AWS SDK.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the embedded DynamoDB.
    #[command(hide = true)]
    Store,
    /// Measures how `agentscope-sync redis` keeps up.
    Sync(sync::Options),
}

#[derive(Debug, Args)]
struct Options {
    /// A DynamoDB that runs already, and does not check signatures. It gets tables with names of
    /// their own, which are deleted at the end. Without it, an embedded one is started.
    #[arg(long, value_name = "URL")]
    store_url: Option<String>,
    /// Where the results go.
    #[arg(long, value_name = "FILE", default_value = "target/bench/results.json")]
    json: PathBuf,
    /// Where the plot goes.
    #[arg(long, value_name = "FILE", default_value = "target/bench/plot.svg")]
    plot: PathBuf,
    /// Draws the plot from results that were written before, prints them, and measures nothing.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["store_url", "quick", "only"])]
    plot_from: Option<PathBuf>,
    /// A few calls of each scenario over fewer data: whether everything works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// Only these scenarios. `cold` is the cold starts.
    #[arg(long, value_name = "SCENARIO", num_args = 1.., value_delimiter = ',')]
    only: Vec<String>,
    /// What the data is made from.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// The folder with the functions' binaries.
    #[arg(long, hide = true, default_value = "target/release")]
    functions: PathBuf,
    /// The baseline's binary.
    #[arg(long, hide = true, default_value = "target/release/agentscope-bench-baseline")]
    baseline: PathBuf,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let Cli { options, command } = Cli::parse();
    let outcome = match command {
        Some(Command::Store) => {
            runtime(tokio::runtime::Builder::new_multi_thread()).and_then(|runtime| runtime.block_on(store::serve()))
        }
        Some(Command::Sync(options)) => runtime(tokio::runtime::Builder::new_multi_thread())
            .and_then(|runtime| runtime.block_on(sync::run(options))),
        None => run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn runtime(mut builder: tokio::runtime::Builder) -> Result<tokio::runtime::Runtime> {
    Ok(builder.enable_all().build()?)
}

fn run(options: &Options) -> Result<()> {
    let results = match &options.plot_from {
        Some(file) => {
            let text = std::fs::read(file).with_context(|| file.display().to_string())?;
            serde_json::from_slice(&text).with_context(|| file.display().to_string())?
        }
        None => {
            // One thread: the driver waits while the others work, and must not take their
            // processors.
            let results = runtime(tokio::runtime::Builder::new_current_thread())?.block_on(measured(options))?;
            write(&options.json, serde_json::to_string_pretty(&results)? + "\n")?;
            results
        }
    };
    println!("{}", results.tables());
    if options.plot_from.is_none() {
        println!("Results: {}", options.json.display());
    }
    if results.scenarios.iter().any(|scenario| scenario.is_plotted) {
        write(&options.plot, plot::draw(&results)?)?;
        println!("Plot: {}", options.plot.display());
    }
    Ok(())
}

fn write(file: &Path, content: String) -> Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::write(file, content).with_context(|| file.display().to_string())
}

/// How long a list reads the change mark of a record.
const CHANGES: Duration = Duration::from_secs(70);

/// The name of the cold starts among the scenarios.
const COLD: &str = "cold";

async fn measured(options: &Options) -> Result<Results> {
    let machine = Machine::here();
    let all = Scenario::all(options.quick);
    let names = || all.iter().map(|scenario| scenario.name.as_str()).chain([COLD]);
    if let Some(unknown) = options.only.iter().find(|name| !names().any(|other| other == *name)) {
        bail!("there is no scenario {unknown}; there are: {}", names().collect::<Vec<_>>().join(", "));
    }
    let is_chosen = |name: &str| options.only.is_empty() || options.only.iter().any(|other| other == name);
    let chosen: Vec<&Scenario> = all.iter().filter(|scenario| is_chosen(&scenario.name)).collect();
    // One of each function: 30 sessions, and the schedule's.
    let cold = |scenario: &&Scenario| is_chosen(COLD) && matches!(scenario.name.as_str(), "small" | "schedule");
    let cold: Vec<&Scenario> = all.iter().filter(cold).collect();

    let list_sessions = options.functions.join(LIST_SESSIONS);
    let list_schedule_sessions = options.functions.join(LIST_SCHEDULE_SESSIONS);
    let binaries = Binaries {
        functions: HashMap::from([
            (LIST_SESSIONS, list_sessions.as_path()),
            (LIST_SCHEDULE_SESSIONS, list_schedule_sessions.as_path()),
        ]),
        baseline: &options.baseline,
    };
    let sizes =
        [&list_sessions, &list_schedule_sessions].into_iter().map(|binary| Size::of(binary)).collect::<Result<_>>()?;

    let tables = Tables::create(options.store_url.as_deref()).await?;
    let figures = figures(options, &tables, &binaries, &chosen, &cold).await;
    tables.delete().await;
    let (scenarios, cold_starts) = figures?;
    let store = if options.store_url.is_some() { "other" } else { "embedded" };
    let settings = Settings { quick: options.quick, seed: options.seed, store: store.to_owned() };
    Ok(Results { machine, settings, sizes, scenarios, cold_starts })
}

/// Loads the data and measures over it.
async fn figures(
    options: &Options,
    tables: &Tables,
    binaries: &Binaries<'_>,
    chosen: &[&Scenario],
    cold: &[&Scenario],
) -> Result<(Vec<results::Measured>, Vec<results::ColdStart>)> {
    let effort = if options.quick {
        Effort { warm_up: 2, calls: 3..=5, time: Duration::from_millis(500), spawns: 3 }
    } else {
        Effort { warm_up: 20, calls: 20..=1000, time: Duration::from_secs(10), spawns: 40 }
    };
    let mut loaded: Vec<Dataset> = Vec::new();
    for data in chosen.iter().chain(cold).map(|scenario| scenario.data) {
        if !loaded.contains(&data) {
            eprintln!("Loading {} sessions of {} …", data.sessions, data.user_id);
            let store = tables.of_release(data.release);
            data.load(&store, options.seed).await.with_context(|| format!("the data of {}", data.user_id))?;
            loaded.push(data);
        }
    }
    if !options.quick {
        eprintln!("Waiting until lists do not read the change marks of the data any more …");
        tokio::time::sleep(CHANGES).await;
    }
    let deployment = Deployment {
        names: tables.store.names().clone(),
        store_url: tables.url.clone(),
        release: tables.store.release(),
        response_mode: ResponseMode::Buffered,
    };
    let mut scenarios = Vec::new();
    for group in chosen.chunk_by(|one, other| one.group == other.group) {
        let names: Vec<_> = group.iter().map(|scenario| scenario.name.as_str()).collect();
        eprintln!("Measuring {} …", names.join(", "));
        scenarios.extend(measure::group(group, binaries, &deployment, &effort).await?);
    }
    let mut cold_starts = Vec::new();
    for scenario in cold {
        eprintln!("Measuring cold starts of {} …", scenario.function());
        cold_starts.push(cold::starts(scenario, binaries, &deployment, effort.spawns).await?);
    }
    Ok((scenarios, cold_starts))
}
