//! Replicates the records of an AgentScope service into the tables that the session-listing
//! functions read.
//!
//! - [`cli`]: the commands. [`options`], [`logs`]: what they share.
//! - [`export`], [`load`]: loads an export into the tables.
//! - [`source`]: reads Redis. [`source_record`]: loads a record with its fingerprint.
//! - [`follow`]: keeps the tables in step with Redis. [`memory`]: bounds the memory for records.
//! - [`observe`], [`health`]: what a process has done, and how it is.
//! - [`verify`]: compares the tables with Redis.
//! - [`record`]: what the four kinds of record have in common.

#[cfg(feature = "redis")]
pub mod cli;
pub mod export;
#[cfg(feature = "redis")]
pub mod follow;
#[cfg(feature = "redis")]
pub mod health;
pub mod load;
#[cfg(feature = "redis")]
pub mod logs;
#[cfg(feature = "redis")]
pub mod memory;
#[cfg(feature = "redis")]
pub mod observe;
#[cfg(feature = "redis")]
pub mod options;
pub mod record;
#[cfg(feature = "redis")]
pub mod source;
#[cfg(feature = "redis")]
pub mod source_record;
#[cfg(feature = "redis")]
pub mod verify;
