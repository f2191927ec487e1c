//! Logs: one JSON object in each line of standard output, which Lambda collects.
//!
//! Logs have request ids and the keys of unreadable items, never a record, a message or a token.
//! `AWS_LAMBDA_LOG_LEVEL` sets the level of the workspace's own crates. The level of dependencies
//! is fixed, because some of them log whole requests.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

/// The crates whose level can be set.
const OWN_CRATES: [&str; 6] =
    ["agentscope_api", "agentscope_model", "agentscope_store", "authorizer", "list_sessions", "list_schedule_sessions"];

/// Starts logging. Panics are logged without their messages, which may quote data.
pub fn start() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    let level = level.unwrap_or(LevelFilter::INFO);
    let targets =
        Targets::new().with_default(LevelFilter::ERROR).with_targets(OWN_CRATES.map(|target| (target, level)));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_ansi(false);
    // Not `init`: if a dependency enables it, `init` also prints what dependencies log with the
    // `log` crate.
    if tracing::subscriber::set_global_default(tracing_subscriber::registry().with(targets).with(lines)).is_err() {
        tracing::warn!("logging was started twice");
    }
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, "panic");
    }));
}
