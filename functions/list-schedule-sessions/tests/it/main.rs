//! The binary of `list-schedule-sessions` behind a Runtime API.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod binary;
mod policy;
