//! Developer commands: `cargo xtask <command>`.

mod bench;
mod cargo_lambda;
mod cors;
mod dev;
mod documentation;
mod examples;
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
    /// Measures the functions as they are deployed, next to the baseline.
    Bench(bench::Bench),
    /// Runs both functions at their real paths over an embedded DynamoDB with sample data.
    Dev(dev::Dev),
    /// Writes the schemas of the models into openapi.yaml.
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
        Command::Openapi => openapi::run(),
        Command::Store(options) => store::run(options).await,
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    let xtask = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    PathBuf::from(xtask).join("..")
}
