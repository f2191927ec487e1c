//! The command line: one module for each command, and their exit status.

mod connect;
mod load;
mod progress;
mod redis;
mod signals;
mod verify;

use std::process::ExitCode;

use agentscope_model::Release;
use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::options::set_release;
use crate::{health, logs};

/// Replicates the records of an AgentScope service into the tables that the session-listing
/// functions read.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Loads AgentScope exports. Loading an export twice changes nothing.
    ///
    /// Invalid records are named on standard error, and the others are loaded.
    ///
    /// Exit status: 0 all records are valid, 1 some are invalid, 3 some come from a later release
    /// than --release.
    Load(load::Options),
    /// Keeps the tables in step with the Redis of an AgentScope service, until it is stopped.
    ///
    /// The tables store what Redis stores and nothing else: items without a record in Redis are
    /// deleted. Invalid records are named in the log, and their last good replicas stay.
    ///
    /// Exit status: 0 all records are copied, 1 some were skipped or the command failed, 3 some
    /// come from a later release than --release.
    Redis(Box<redis::Options>),
    /// Compares the tables with the Redis of an AgentScope service, record by record, and names
    /// the differences.
    ///
    /// Exit status: 0 identical, 1 differences found, 2 comparison failed, 3 records come from a
    /// later release than --release.
    Verify(Box<verify::Options>),
    /// Checks whether a process that was started with --listen is alive.
    Health {
        /// The address of the process, such as 127.0.0.1:8080.
        address: String,
    },
}

/// The result of a completed command.
enum Outcome {
    /// All records are valid, copied or identical.
    Clean,
    /// Some records are invalid or skipped, or differ.
    DifferencesFound,
    /// Some records come from this release or a later one, and an earlier one is set.
    LaterRelease(Release),
}

/// The exit status if records come from a later release than the set one.
const LATER_RELEASE: u8 = 3;

/// Runs the command that the arguments name.
pub async fn run() -> ExitCode {
    let (outcome, failure_status) = match Cli::parse().command {
        Command::Load(options) => (load::run(options).await, 1),
        Command::Redis(options) => {
            logs::start();
            (Box::pin(redis::run(*options)).await, 1)
        }
        Command::Verify(options) => {
            logs::start();
            (Box::pin(verify::run(*options)).await, 2)
        }
        Command::Health { address } => (health::check(&address).await.map(|()| Outcome::Clean), 1),
    };
    exit_code(outcome, failure_status)
}

fn exit_code(outcome: Result<Outcome>, failure_status: u8) -> ExitCode {
    match outcome {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::DifferencesFound) => ExitCode::FAILURE,
        Ok(Outcome::LaterRelease(later)) => {
            eprintln!("agentscope-sync: {}", set_release(later));
            ExitCode::from(LATER_RELEASE)
        }
        Err(error) => {
            eprintln!("agentscope-sync: {error:#}");
            ExitCode::from(failure_status)
        }
    }
}
