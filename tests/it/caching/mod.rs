//! Conditional requests: caching headers, entity tags, and when a client's response is still
//! valid.

mod change;
mod changes;
mod forms;
mod headers;
mod races;
mod reads;
mod sweep;
mod world;
