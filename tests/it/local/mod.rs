//! The sample data and the sample events for local use.

mod events;
