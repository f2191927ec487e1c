//! Ports: those that are taken are told at once.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result};

/// Listens on a port of this machine.
///
/// # Errors
///
/// The port is taken, or may not be used. The error names the option that chooses another.
pub(crate) fn listen(port: u16, option: &str) -> Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port))
        .with_context(|| format!("port {port} cannot be used, maybe because it is taken; choose another with {option}"))
}

/// # Errors
///
/// As [`listen`].
pub(crate) fn check(port: u16, option: &str) -> Result<()> {
    listen(port, option).map(drop)
}

/// Whether this machine has the loopback address of IPv6.
pub(crate) fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// Passes every connection on to another address, both ways.
pub(crate) async fn forward(listener: tokio::net::TcpListener, target: SocketAddr) {
    while let Ok((mut near, _)) = listener.accept().await {
        tokio::spawn(async move {
            if let Ok(mut far) = tokio::net::TcpStream::connect(target).await {
                // Either side may hang up at any time.
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}
