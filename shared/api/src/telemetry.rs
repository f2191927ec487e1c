//! The logs: one JSON object a line, on standard output, where Lambda collects them.
//!
//! They hold ids of requests and keys of items that cannot be read, never a record, a message or a token. So the level
//! of this program's own crates can be set, by `AWS_LAMBDA_LOG_LEVEL`; that of its dependencies, some of which print
//! whole requests, cannot.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

/// The crates whose level can be set.
const OWN: [&str; 5] =
    ["agentscope_api", "agentscope_model", "agentscope_store", "list_sessions", "list_schedule_sessions"];

/// Starts logging, and logs panics without their messages, which may quote what was being worked on.
pub fn start() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    let level = level.unwrap_or(LevelFilter::INFO);
    let targets = Targets::new().with_default(LevelFilter::ERROR).with_targets(OWN.map(|target| (target, level)));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_ansi(false);
    // Not `init`, which would also print what dependencies log by the `log` crate, if any of them turns that on.
    if tracing::subscriber::set_global_default(tracing_subscriber::registry().with(targets).with(lines)).is_err() {
        tracing::warn!("logging has been started already");
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic");
    }));
}
