//! The DynamoDB tables: what lies where, and how it is read and written.
//!
//! - [`tables`]: the four tables and three indexes, defined once.
//! - [`keys`]: keys and their limits.
//! - `item`, `session_head`, `session`, `session_items`, `bulk`, `documents`: records as items.
//! - `batch`, `query`: requests that go on until everything has been answered.
//! - `read_limit`: how much one response may make them read.
//! - `client`, `proxy`, `warm_up`: the connections.
//! - `usage`: what a request takes.
//! - `trace`: the trace header that requests carry.
//! - `rows`, `states`, `read`, `session_write`, `write`, `lease`: what the rest of the program requests.
//! - `held`, `copy`, `scan`, `compare`: what keeps the tables in step with records that live elsewhere.

mod batch;
mod bulk;
mod client;
mod compare;
mod copy;
mod documents;
mod error;
mod item;
pub mod keys;
mod lease;
mod proxy;
mod query;
mod read;
mod read_limit;
mod rows;
mod scan;
mod session;
mod session_head;
mod session_items;
mod session_write;
mod states;
mod stored_version;
pub mod tables;
mod trace;
mod usage;
mod warm_up;
mod write;

use agentscope_model::Release;
use aws_sdk_dynamodb::Client;

pub use client::{ClientTimeouts, connect, connect_from_environment, http_client};
pub use compare::Difference;
pub use documents::{StoredAgent, StoredMembers, StoredTeam};
pub use error::{ConstraintViolation, StoreError};
pub use lease::{Lease, LeaseHeld};
pub use proxy::{has_proxy, is_loopback};
pub use read::AgentKey;
pub use read_limit::ReadLimit;
pub use rows::{IndexRow, Page, Position, Rows};
pub use scan::{ScanPage, ScanStart};
pub use session::{Detail, StoredSession};
pub use session_head::SessionHead;
pub use stored_version::{RecordKind, SourceFingerprint, StoredVersion};
pub use tables::TableNames;
pub use trace::with_trace;
pub use usage::{Usage, UsageRecorder};

/// The tables of one deployment. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    names: TableNames,
    release: Release,
}

impl Store {
    /// A store over these tables, whose items are in the shape of a release. Sends nothing.
    pub fn new(client: Client, names: TableNames, release: Release) -> Self {
        Self { client, names, release }
    }

    /// The release in whose shape the items are expected. Items of another are counted in
    /// [`Usage::other_releases`].
    pub fn release(&self) -> Release {
        self.release
    }

    /// The names of its tables.
    pub fn names(&self) -> &TableNames {
        &self.names
    }
}
