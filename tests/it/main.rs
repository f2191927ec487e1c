//! The integration tests that cross crates: one target, so that the AWS SDK and SQLite are linked
//! once.

mod caching;
mod consistency;
mod contract;
mod deployment;
mod faults;
mod isolation;
mod layers;
mod lists;
mod local;
mod openapi;
mod pages;
mod requests;
mod runtime;
mod store;
