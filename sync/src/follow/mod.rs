//! Keeping the tables in step with Redis.
//!
//! - [`follow`](follow()), [`once`](once()): for ever, or until everything has been compared.
//! - [`reconcile`]: which copies are behind, of all.
//! - [`changes`]: which are, as Redis tells of changes.
//! - [`queue`], [`work`], [`workers`]: keys that have to be looked at, what for, and who does.
//! - [`copier`]: one record and its copy. `leases`: the lease of a session and its lock.
//! - [`lists`]: lists of sessions that have changed. [`expirations`]: keys that expire.
//! - [`owners`], [`pending_list_entries`]: what a lock and a list do not tell.

pub mod changes;
pub mod copier;
pub mod expirations;
mod leases;
pub mod lists;
mod once;
pub mod owners;
pub mod pending_list_entries;
pub mod queue;
pub mod reconcile;
mod run;
pub mod work;
pub mod workers;

pub use once::once;
pub use run::{Options, follow};
