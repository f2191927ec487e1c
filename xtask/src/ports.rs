//! Ports that are taken are told at once.

use std::net::TcpListener;

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
