//! Puts the records of an AgentScope service into the tables that the session-listing functions read.
//!
//! - [`export`]: the file that an export is.
//! - [`load`]: an export into the tables.
//! - [`record`]: what the four kinds of record have in common.

pub mod export;
pub mod load;
pub mod record;
