//! The log on standard error: readable lines on a terminal, and otherwise a JSON object a line.
//!
//! Log lines contain keys, ids and the names and types of fields, never a value of a record.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

/// Starts logging. Dependencies log errors only, since some log whole requests. The store logs
/// errors only, since its warnings are repeated with the key that was processed.
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
