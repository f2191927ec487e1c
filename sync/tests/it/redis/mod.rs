//! Runs `agentscope-sync redis` and `verify` between a real Redis and a DynamoDB implementation.

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
