//! Signals that stop a command.

use tokio::signal::unix::{SignalKind, signal};

/// Returns at SIGINT (Ctrl-C) or SIGTERM.
pub(crate) async fn shutdown_requested() {
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
