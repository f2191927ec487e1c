//! The binary of `list-schedule-sessions` behind a Runtime API.

mod binary;
mod policy;
