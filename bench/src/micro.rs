//! What the micro-benchmarks (`cargo bench -p agentscope-bench`) work on: a response that has been
//! read and not yet rendered.

use agentscope_api::{ListOptions, ListOutcome, SessionList, SessionView, list_sessions};
use agentscope_store::Store;
use anyhow::{Context, Result, anyhow};

use crate::data::{AGENT, Dataset};

/// Reads the list of the `large` scenario from an embedded DynamoDB.
///
/// # Errors
///
/// The embedded DynamoDB does not start or does not respond.
pub fn large_list() -> Result<SessionList<SessionView>> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let database = dynoxide::Database::memory().map_err(|error| anyhow!("{error}"))?;
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let tables = crate::store::Tables::create(Some(&url)).await?;
        let store: &Store = &tables.store;
        Dataset::LARGE.load(store, 2026).await?;
        let listed = list_sessions(store, Dataset::LARGE.user_id, AGENT, &ListOptions::default()).await?;
        listed.and_then(ListOutcome::into_list).context("there is no list")
    })
}

/// The response as text.
///
/// # Errors
///
/// A state is damaged.
pub fn text(list: SessionList<SessionView>) -> Result<String> {
    let pieces: Result<Vec<_>, _> = list.into_pieces().collect();
    Ok(String::from_utf8(pieces?.concat())?)
}
