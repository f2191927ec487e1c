//! `cargo xtask store`: runs an embedded DynamoDB with empty tables.

use std::io::{IsTerminal, Write};

use agentscope_store::{ClientTimeouts, TableNames, connect};
use anyhow::{Result, anyhow};
use clap::Args;
use dynoxide::{Database, server};
use tokio::io::AsyncReadExt;

use crate::ports;
use crate::signals::shutdown_requested;

/// The prefix of the names of the local tables.
const PREFIX: &str = "agentscope";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Port of the DynamoDB.
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Exit when standard input is closed, that is, together with the parent process.
    #[arg(long, hide = true)]
    until_input_ends: bool,
}

/// The names of the local tables.
pub(crate) fn tables() -> TableNames {
    TableNames::with_prefix(PREFIX)
}

/// Creates the missing tables of a DynamoDB.
pub(crate) async fn create_tables(url: &str) -> Result<()> {
    let client = connect(Some(url), ClientTimeouts::LOADER).await;
    for table in tables().definitions() {
        table.create(&client).await?;
    }
    Ok(())
}

/// Serves an embedded DynamoDB until a signal.
pub(crate) async fn run(options: Options) -> Result<()> {
    let listener = ports::listen(options.port, "--port")?;
    let url = format!("http://{}", listener.local_addr()?);
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let database = Database::memory().map_err(|error| anyhow!("the embedded DynamoDB cannot be started: {error}"))?;
    let serving = tokio::spawn(server::serve_on(listener, database));
    create_tables(&url).await?;
    println!("DynamoDB at {url} (embedded, in memory) with the empty tables:");
    for table in tables().definitions() {
        println!("  {}", table.name);
    }
    if std::io::stdout().is_terminal() {
        println!("Press Ctrl-C to stop.");
    }
    std::io::stdout().flush()?;
    tokio::select! {
        () = shutdown_requested() => {}
        () = input_closed(), if options.until_input_ends => {}
        _ = serving => {}
    }
    Ok(())
}

async fn input_closed() {
    let mut input = tokio::io::stdin();
    while input.read_u8().await.is_ok() {}
}
