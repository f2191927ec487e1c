//! Being asked to end.

use tokio::signal::unix::{SignalKind, signal};

/// Returns when this process is asked to end: Ctrl-C, or SIGTERM.
pub async fn until_ended() {
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
