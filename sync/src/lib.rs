//! Puts the records of an AgentScope service into the tables that the session-listing functions read.
//!
//! - [`export`], [`load`]: an export into the tables.
//! - [`source`]: the service's own Redis.
//! - [`follow`]: keeps the tables in step with it. [`original`]: its records. [`observe`], [`health`]: how that goes.
//! - [`verify`]: what is in Redis against what is in the tables.
//! - [`memory`]: how much of it records may take.
//! - [`options`], [`logs`], [`signals`]: what the commands have in common.
//! - [`record`]: what the four kinds of record have in common.

pub mod export;
pub mod load;
pub mod record;

#[cfg(feature = "redis")]
pub mod follow;
#[cfg(feature = "redis")]
pub mod health;
#[cfg(feature = "redis")]
pub mod logs;
#[cfg(feature = "redis")]
pub mod memory;
#[cfg(feature = "redis")]
pub mod observe;
#[cfg(feature = "redis")]
pub mod options;
#[cfg(feature = "redis")]
pub mod signals;
#[cfg(feature = "redis")]
pub mod source;
#[cfg(feature = "redis")]
pub mod source_record;
#[cfg(feature = "redis")]
pub mod verify;
