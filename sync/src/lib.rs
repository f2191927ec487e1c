//! Puts the records of an AgentScope service into the tables that the session-listing functions read.
//!
//! - [`export`], [`load`]: an export into the tables.
//! - [`source`]: the service's own Redis.
//! - [`follow`]: keeps the tables in step with it. [`source_record`]: its records. [`observe`], [`health`]: how that goes.
//! - [`verify`]: what is in Redis against what is in the tables.
//! - [`memory`]: how much of it records may take.
//! - [`options`], [`logs`], [`signals`]: what the commands have in common.

pub mod export;
pub mod follow;
pub mod health;
pub mod load;
pub mod logs;
pub mod memory;
pub mod observe;
pub mod options;
pub mod signals;
pub mod source;
pub mod source_record;
pub mod verify;
