//! The binary of `list-sessions` behind a Runtime API.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod binary;
mod invocations;
mod large;
mod logs;
mod metrics;
mod policy;
mod proxies;
mod streaming;
mod traces;
