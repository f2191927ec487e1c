//! Developer commands: `cargo xtask <command>`.

mod bench;
mod cargo_lambda;
mod cors;
mod dev;
mod documentation;
mod examples;
mod functions;
mod gateway;
mod openapi;
mod ports;
mod process;
mod proxy;
mod signals;
mod store;
mod swagger_ui;
mod venv;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Developer commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures the functions, built as they are deployed, and the baseline.
    Bench(bench::Bench),
    /// Runs both functions at their deployed paths, with sample data in an embedded DynamoDB.
    Dev(dev::Dev),
    /// Updates the schemas in openapi.yaml and openapi/releases/.
    Openapi,
    /// Runs an embedded DynamoDB with empty tables.
    Store(store::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Bench(options) => bench::run(options).await,
        Command::Dev(options) => dev::run(options).await,
        Command::Openapi => openapi::run().await,
        Command::Store(options) => store::run(options).await,
    }
}

/// The cargo that runs this command, in the root of the workspace. It ends when it is dropped.
fn cargo() -> tokio::process::Command {
    let mut cargo = tokio::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).kill_on_drop(true);
    cargo
}

/// The root of the workspace.
fn root() -> PathBuf {
    let xtask = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    PathBuf::from(xtask).join("..")
}
