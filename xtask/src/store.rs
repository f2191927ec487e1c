//! `cargo xtask store`: an embedded DynamoDB with empty tables.

use std::io::{IsTerminal, Write};

use agentscope_store::{ClientTimeouts, TableNames, connect};
use anyhow::{Result, anyhow};
use clap::Args;
use dynoxide::{Database, server};
use tokio::io::AsyncReadExt;

use crate::ports;
use crate::signals::stop_signal;

/// What the names of the local tables begin with.
const PREFIX: &str = "agentscope";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The port.
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// End when standard input is closed: with the process that started this one.
    #[arg(long, hide = true)]
    until_input_ends: bool,
}

/// The local tables.
pub(crate) fn tables() -> TableNames {
    TableNames::with_prefix(PREFIX)
}

/// Creates the tables that a DynamoDB does not have.
pub(crate) async fn create_tables(url: &str) -> Result<()> {
    let client = connect(Some(url), ClientTimeouts::LOADER).await;
    for table in tables().definitions() {
        table.create(&client).await?;
    }
    Ok(())
}

/// Serves an embedded DynamoDB until it is interrupted.
pub(crate) async fn run(options: Options) -> Result<()> {
    let listener = ports::listen(options.port, "--port")?;
    let url = format!("http://{}", listener.local_addr()?);
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let database = Database::memory().map_err(|error| anyhow!("the embedded DynamoDB does not start: {error}"))?;
    let serving = tokio::spawn(server::serve_on(listener, database));
    create_tables(&url).await?;
    println!("DynamoDB at {url} (embedded, in memory) with the empty tables:");
    for table in tables().definitions() {
        println!("  {}", table.name);
    }
    if std::io::stdout().is_terminal() {
        println!("Ctrl-C ends it.");
    }
    std::io::stdout().flush()?;
    tokio::select! {
        () = stop_signal() => {}
        () = input_ends(), if options.until_input_ends => {}
        _ = serving => {}
    }
    Ok(())
}

async fn input_ends() {
    let mut input = tokio::io::stdin();
    while input.read_u8().await.is_ok() {}
}
