//! What a developer has on a laptop: the sample data, and the events to try on it.

#[path = "../contract/answering.rs"]
mod answering;
mod events;
