//! Exponential backoff with full jitter.

use std::time::Duration;

/// The delays before repeated attempts. The upper bound doubles with each attempt, and a delay is
/// a random share of it, so that concurrent callers do not retry in step.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// Half of the upper bound before the second attempt.
    pub initial: Duration,
    /// The upper bound of all delays.
    pub max: Duration,
}

impl Backoff {
    /// A random delay after this many failed attempts.
    pub fn delay(self, failed_attempts: u32) -> Duration {
        self.initial.saturating_mul(1 << failed_attempts.min(16)).min(self.max).mul_f64(fastrand::f64())
    }

    /// Waits for such a delay.
    pub async fn wait(self, failed_attempts: u32) {
        tokio::time::sleep(self.delay(failed_attempts)).await;
    }
}
