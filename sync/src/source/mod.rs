//! The Redis of an AgentScope service, as the source of records.
//!
//! - [`keys`], [`template`], [`never_read`]: which Redis key stores which record, and which keys
//!   are never read.
//! - [`connection`]: opens and checks the connection. [`problem`]: explains Redis errors. `clock`:
//!   the server's clock.
//! - [`scan`], [`read`], [`sessions`]: the reads. Nothing is written, except for one setting on
//!   request.
//! - [`identity`]: the ids that a record states in its own text.
//! - [`notifications`]: keyspace notifications.

mod clock;
pub mod connection;
pub mod identity;
pub mod keys;
pub mod never_read;
pub mod notifications;
pub mod problem;
pub mod read;
pub mod record_key;
pub mod scan;
pub mod sessions;
pub mod template;

pub use connection::{Source, SourceOptions};
pub use keys::Keys;
pub use record_key::RecordKey;
