//! The DynamoDB that everything is measured over: an embedded one in a process of its own, or one
//! that runs already.

use std::io::Write;
use std::process::Stdio;

use agentscope_model::Release;
use agentscope_store::{ClientTimeouts, Store, TableNames, connect};
use anyhow::{Context, Result, anyhow};
use aws_sdk_dynamodb::Client;
use dynoxide::{Database, server};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

/// Tables that exist for one run.
#[derive(Debug)]
pub(crate) struct Tables {
    /// The endpoint.
    pub(crate) url: String,
    /// The tables.
    pub(crate) store: Store,
    client: Client,
    /// The embedded DynamoDB, which ends with the run.
    embedded: Option<Child>,
}

impl Tables {
    /// Creates tables with names of their own.
    pub(crate) async fn create(store_url: Option<&str>) -> Result<Self> {
        let (url, embedded) = match store_url {
            Some(url) => (url.to_owned(), None),
            None => start_embedded().await.map(|(url, child)| (url, Some(child)))?,
        };
        let names = TableNames::with_prefix(&format!("bench-{}", uuid::Uuid::now_v7().simple()));
        let client = connect(Some(&url), ClientTimeouts::LOADER).await;
        let tables = Self { url, store: Store::new(client.clone(), names.clone(), Release::OLDEST), client, embedded };
        for table in names.definitions() {
            if let Err(error) = table.create(&tables.client).await {
                tables.delete().await;
                return Err(error).context("the tables cannot be created");
            }
        }
        Ok(tables)
    }

    /// The tables for records in the shape of a release.
    pub(crate) fn of_release(&self, release: Release) -> Store {
        Store::new(self.client.clone(), self.store.names().clone(), release)
    }

    /// Deletes the tables, unless they end with the embedded DynamoDB anyway. A table that stays
    /// is named.
    pub(crate) async fn delete(self) {
        if self.embedded.is_some() {
            return;
        }
        for table in self.store.names().definitions() {
            if let Err(error) = self.client.delete_table().table_name(&table.name).send().await
                && !error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception())
            {
                let error = aws_sdk_dynamodb::error::DisplayErrorContext(error);
                eprintln!("the table {} could not be deleted: {error}", table.name);
            }
        }
    }
}

/// Starts this program once more as the embedded DynamoDB, so that its work is not taken for the
/// driver's.
async fn start_embedded() -> Result<(String, Child)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("store")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = child.stdout.take().context("the embedded DynamoDB has no output")?;
    let url = BufReader::new(output).lines().next_line().await?.context("the embedded DynamoDB does not start")?;
    Ok((url, child))
}

/// Serves an embedded DynamoDB until standard input ends: with the process that started this one.
pub(crate) async fn serve() -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let database = Database::memory().map_err(|error| anyhow!("the embedded DynamoDB does not start: {error}"))?;
    let mut input = tokio::io::stdin();
    tokio::select! {
        () = server::serve_on(listener, database) => {}
        () = async { while input.read_u8().await.is_ok() {} } => {}
    }
    Ok(())
}
