//! The binary `agentscope-sync` as its command line starts it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod deployment;
mod load;
mod redis;
