//! How a process follows.

use std::time::Duration;

use super::reconcile;

/// How to follow.
#[derive(Debug, Clone)]
pub struct Options {
    /// How to reconcile.
    pub reconcile: reconcile::Options,
    /// The time from the end of a reconciliation to the start of the next one.
    pub reconcile_interval: Duration,
    /// Whether to set the missing flags of Redis's notification setting.
    pub configure: bool,
    /// Whether an invalid record ends the process.
    pub strict: bool,
    /// The CloudWatch namespace of the metrics.
    pub namespace: String,
}
