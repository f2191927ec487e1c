//! `agentscope-sync`: the command line.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use agentscope_shared::store::{Patience, Store, TableNames, connect};
use agentscope_sync::export::{self, Export};
use agentscope_sync::load::{self, Report};
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
    /// Records that do not fit are named on standard error, and the others are loaded; the exit status is 1 then.
    Load(Load),
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
    /// The DynamoDB endpoint, if it is not Amazon's. One on this machine needs no credentials.
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    #[command(flatten)]
    tables: Tables,
}

#[derive(Debug, Args)]
struct Tables {
    /// The table of sessions.
    #[arg(long, env = "SESSIONS_TABLE", default_value = "agentscope-sessions", value_name = "NAME")]
    sessions_table: String,
    /// The table of agents.
    #[arg(long, env = "AGENTS_TABLE", default_value = "agentscope-agents", value_name = "NAME")]
    agents_table: String,
    /// The table of teams.
    #[arg(long, env = "TEAMS_TABLE", default_value = "agentscope-teams", value_name = "NAME")]
    teams_table: String,
    /// The table of schedules.
    #[arg(long, env = "SCHEDULES_TABLE", default_value = "agentscope-schedules", value_name = "NAME")]
    schedules_table: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Load(load) = Cli::parse().command;
    match run(load).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("agentscope-sync: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Loads all files; whether all of it worked.
async fn run(options: Load) -> Result<bool> {
    let Load { files, check, lease_seconds, endpoint_url, tables } = options;
    let store = if check {
        None
    } else {
        let names = TableNames {
            sessions: tables.sessions_table,
            agents: tables.agents_table,
            teams: tables.teams_table,
            schedules: tables.schedules_table,
        };
        Some(Store::new(connect(endpoint_url.as_deref(), Patience::LOADER).await, names))
    };
    let mut all_well = true;
    for file in files {
        let name = file.display().to_string();
        let text = export::read(&file).with_context(|| name.clone())?;
        let export = Export::parse(&text).with_context(|| name.clone())?;
        let report = match &store {
            None => load::check(&export),
            Some(store) => {
                let progress = progress_bar(export.len());
                let report = load::load(store, &export, Duration::from_secs(lease_seconds), &progress).await;
                progress.finish_and_clear();
                report.with_context(|| name.clone())?
            }
        };
        all_well &= report.problems.is_empty();
        tell(&name, if check { "fit" } else { "loaded" }, &report);
    }
    Ok(all_well)
}

fn tell(file: &str, what: &str, report: &Report) {
    for line in report.remarks.iter().chain(&report.problems) {
        eprintln!("{file}: {line}");
    }
    println!("{file}: {what}: {report}");
}

fn progress_bar(records: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(records as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {eta}") {
        bar.set_style(style);
    }
    bar
}
