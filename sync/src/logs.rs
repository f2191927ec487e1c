//! The logs of a process: lines for people on a terminal, else a JSON object a line, on standard error.
//!
//! They hold keys, ids and what was expected of a field, never what a record says.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

/// Starts logging. Dependencies, some of which print whole requests, log their errors alone; so does the store, whose warnings
/// come again with the key that was worked on.
pub fn start() {
    let targets = Targets::new().with_default(LevelFilter::ERROR).with_target("agentscope_sync", LevelFilter::INFO);
    let registry = tracing_subscriber::registry().with(targets);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(false);
    let is_set = if std::io::stderr().is_terminal() {
        tracing::subscriber::set_global_default(registry.with(lines.compact()))
    } else {
        tracing::subscriber::set_global_default(registry.with(lines.json().flatten_event(true)))
    };
    if is_set.is_err() {
        tracing::warn!("logging has been started already");
    }
}
