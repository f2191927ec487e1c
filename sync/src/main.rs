//! The program `agentscope-sync`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    agentscope_sync::cli::run().await
}
