//! What the session-listing functions share.
//!
//! # Layout
//!
//! - [`model`]: the AgentScope records as they are taken in: typed, checked, defaults filled in, nothing lost.
//! - [`store`]: the DynamoDB tables: keys, items, batches, queries, writes, run leases.
//! - [`view`]: what the routes return, assembled from what the store read.
//! - [`api`]: the HTTP edges: events, identity, query parameters, errors, responses, settings, logs, metrics.
//!
//! `api` may call `view`, `view` may call `store`, `store` may call `model`; never the other way round.

pub mod api;
pub mod model;
pub mod store;
pub mod view;
