//! `agentscope-sync redis` and `verify`, as they are typed, between a real Redis and a real implementation of DynamoDB.

mod clock;
mod expiry;
mod follow;
mod left_over;
mod lists;
mod locks;
mod memory;
mod once;
mod policy;
mod process;
mod secrets;
mod servers;
mod verify;
mod wrong_types;
