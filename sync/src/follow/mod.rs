//! Keeps the tables in step with Redis.
//!
//! - [`follow`](follow()), [`once`](once()): until the process is stopped, or for one
//!   reconciliation.
//! - [`context`]: what the modules share. [`failure`]: their error.
//! - [`reconcile`]: finds outdated replicas by comparing everything.
//! - [`changes`], [`lists`], [`expirations`]: find them by notifications, by changed lists, and by
//!   expired keys.
//! - [`queue`], [`work`], [`workers`]: the keys to process, what each needs, and the workers.
//! - [`copier`]: brings one replica up to date. `limited_read` reads its record within the memory
//!   limit; `leases` and [`lease_rule`] keep a session's lease in step with its lock.
//! - [`owners`], [`pending_list_entries`]: what notifications of locks and lists do not say.
//! - `run`, `connection`, `notification_status`: the connections of [`follow`](follow()).

pub mod changes;
mod connection;
pub mod context;
pub mod copier;
pub mod expirations;
pub mod failure;
pub mod lease_rule;
mod leases;
mod limited_read;
pub mod lists;
mod notification_status;
mod once;
mod options;
pub mod owners;
pub mod pending_list_entries;
pub mod queue;
pub mod reconcile;
mod run;
pub mod work;
pub mod workers;

pub use once::once;
pub use options::Options;
pub use run::follow;
