//! Processes that are started, and how they end.

use std::time::Duration;

use tokio::process::Child;

/// How long a process may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// Asks a process to end, and ends it if it does not.
pub(crate) async fn end(mut child: Child) {
    if let Some(id) = child.id() {
        // The standard library can only kill, which would leave the process's own children behind.
        let _ = tokio::process::Command::new("kill").args(["-INT", &id.to_string()]).status().await;
    }
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}
