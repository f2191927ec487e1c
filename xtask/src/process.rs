//! Processes that are started, and how they end.

use std::time::Duration;

use tokio::process::Child;
use tokio::signal::unix::{SignalKind, signal};

/// How long a process may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// Returns when this process is asked to end: Ctrl-C, or SIGTERM.
pub(crate) async fn until_interrupted() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => signals.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}

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
