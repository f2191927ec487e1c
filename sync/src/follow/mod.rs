//! Keeping the tables in step with Redis.
//!
//! - [`follow`](follow()), [`once`](once()): for ever, or until everything has been compared.
//! - [`reconcile`]: which copies are behind, of all.
//! - [`changes`]: which are, as Redis tells of changes.
//! - [`queue`], [`work`], [`workers`]: keys that have to be looked at, what for, and who does.
//! - [`copier`]: one record and its copy.
//! - [`owners`], [`latecomers`]: what a lock and a list do not tell.

pub mod changes;
pub mod copier;
pub mod latecomers;
mod once;
pub mod owners;
pub mod queue;
pub mod reconcile;
mod run;
pub mod work;
pub mod workers;

pub use once::once;
pub use run::{Options, follow};
