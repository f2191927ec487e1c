//! Connects to both ends, for the commands that read Redis.

use std::time::Duration;

use agentscope_store::ClientTimeouts;
use anyhow::Result;

use crate::follow::context::SyncContext;
use crate::memory::MemoryOptions;
use crate::options::{Redis, Tables};
use crate::source::Source;

/// Connects to Redis, and creates the context of a command whose reconciliations are
/// `reconcile_interval` apart.
///
/// # Errors
///
/// Redis cannot be reached, or the server has only a part of the keys.
pub(super) async fn connect(
    redis: Redis,
    tables: Tables,
    memory: MemoryOptions,
    reconcile_interval: Duration,
) -> Result<SyncContext> {
    let source = Source::connect(&redis.source(tables.release())).await?;
    tracing::info!(address = source.address(), "connected to Redis");
    let memory = memory.memory();
    tracing::info!(one_record_mb = memory.alone_bytes() >> 20, "memory that copying one record may take");
    SyncContext::new(tables.store(ClientTimeouts::FOLLOWER).await, source, memory, reconcile_interval)
}
