//! What a developer has on a laptop: the sample data, and the events to try on it.

mod events;
