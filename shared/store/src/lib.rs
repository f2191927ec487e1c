//! The DynamoDB tables: their items, and how these are read and written.
//!
//! A [`Store`] is the entry point. Every read and write of one user names that user in the
//! partition key, so it cannot reach the items of another user.
//!
//! # Layout
//!
//! Tables and items:
//!
//! - [`tables`]: the definitions of the four tables and three indexes.
//! - [`attributes`]: the names of attributes.
//! - [`keys`]: sort keys, range keys and their limits.
//! - `item`: the size of an item, and the typed reading of its attributes.
//! - `error`: the errors of reads and writes.
//!
//! Requests:
//!
//! - `client`, `proxy`, `warm_up`: the SDK client, its HTTP proxy, its first connection.
//! - `get`, `batch`, `query`: requests for one item, for many keys, and for pages.
//! - `condition`: conditional writes.
//! - `backoff`: the delays between attempts.
//! - `read_limit`: the limit on the JSON that is read for one response.
//! - `trace`, `usage`: the trace header of requests, and the count of requests and read units.
//!
//! Records:
//!
//! - `record`: the four kinds of record, and the trait of their operations.
//! - `document`: agents, teams and schedules as items.
//! - `agent`, `team`, `schedule`: reads of these.
//! - `session_head`, `bulk`, `session_items`: the items of a session.
//! - `list_query`, `rows`, `listed`: lists of sessions, the rows of their indexes, and the current
//!   sessions.
//! - `newest`: the newest sessions of agents.
//! - `stored_session`, `heads`, `states`: reads of sessions.
//! - `session_write`, `session_parts`: writes of sessions, and the deletion of unused parts.
//! - `lease`, `change_mark`: run leases, and marks of the changes of the last minute.
//! - `activity`: the read of both.
//!
//! Replicas:
//!
//! - `replica`: replicas of records that another database owns.
//! - `compare`: the comparison of a stored record with its source.
//! - `scan`: the stored records of all users.

mod activity;
mod agent;
pub mod attributes;
mod backoff;
mod batch;
mod bulk;
mod change_mark;
mod client;
mod compare;
mod condition;
mod document;
mod error;
mod get;
mod heads;
mod item;
pub mod keys;
mod lease;
mod list_query;
mod listed;
mod newest;
mod proxy;
mod query;
mod read_limit;
mod record;
mod replica;
mod rows;
mod scan;
mod schedule;
mod session_head;
mod session_items;
mod session_parts;
mod session_write;
mod states;
mod stored_session;
pub mod tables;
mod team;
mod trace;
mod usage;
mod warm_up;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use agentscope_model::Release;
use aws_sdk_dynamodb::Client;

pub use activity::Activity;
pub use agent::{AgentKey, StoredAgent};
pub use backoff::Backoff;
pub use change_mark::Changes;
pub use client::{ClientTimeouts, connect, connect_from_environment, http_client};
pub use compare::Difference;
pub use error::{ConstraintViolation, StoreError};
pub use lease::{Lease, LeaseHeld};
pub use list_query::{ListKey, ListQuery, Page, Position};
pub use listed::Listed;
pub use proxy::{has_proxy, is_loopback};
pub use read_limit::ReadLimit;
pub use record::{MAX_MARKED, Marked, RecordKind, StoredRecord};
pub use replica::{ReplicaStatus, SourceFingerprint, StoredVersion};
pub use rows::Rows;
pub use scan::{ScanPage, ScanStart};
pub use session_head::SessionHead;
pub use stored_session::{Detail, StoredSession};
pub use tables::TableNames;
pub use team::{StoredMembers, StoredTeam};
pub use trace::with_trace;
pub use usage::{Usage, UsageRecorder};

/// The tables of one deployment. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    names: TableNames,
    release: Release,
    /// Whether an earlier version created the indexes. Known after the first Query.
    has_older_indexes: Arc<AtomicBool>,
}

impl Store {
    /// A store over these tables, whose records are in the shape of a release. Sends no request.
    pub fn new(client: Client, names: TableNames, release: Release) -> Self {
        Self { client, names, release, has_older_indexes: Arc::default() }
    }

    /// The release in whose shape the records are expected. Reads count records in the shape of
    /// another release in [`Usage::other_releases`].
    pub fn release(&self) -> Release {
        self.release
    }

    /// The names of the tables.
    pub fn names(&self) -> &TableNames {
        &self.names
    }
}
