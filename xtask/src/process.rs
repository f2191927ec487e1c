//! Stopping child processes.

use std::time::Duration;

use tokio::process::{Child, Command};

/// The time that a process has to exit after SIGINT.
const GRACE: Duration = Duration::from_secs(5);

/// Sends SIGINT to a process, and kills it unless it exits.
pub(crate) async fn stop(mut child: Child) {
    if let Some(id) = child.id() {
        // The standard library can only kill, and the process's own children would then survive.
        let _ = Command::new("kill").args(["-INT", &id.to_string()]).status().await;
    }
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}
