//! TCP ports of this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

use anyhow::{Context, Result};

/// Listens on a port of the IPv4 loopback address.
///
/// # Errors
///
/// The port is not available. The error names the option that chooses another.
pub(crate) fn listen(port: u16, option: &str) -> Result<TcpListener> {
    listen_at(Ipv4Addr::LOCALHOST.into(), port, option)
}

/// Listens on a port of both loopback addresses, or of IPv4 alone on a machine without IPv6.
///
/// `localhost` may resolve to either, and `cargo lambda invoke` connects to `[::1]`. Other
/// machines must not connect, because a client may name any user.
///
/// # Errors
///
/// As [`listen`].
pub(crate) fn listen_on_loopback(port: u16, option: &str) -> Result<Vec<TcpListener>> {
    let mut listeners = vec![listen(port, option)?];
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        listeners.push(listen_at(Ipv6Addr::LOCALHOST.into(), port, option)?);
    }
    Ok(listeners)
}

/// Checks that a port is available.
///
/// # Errors
///
/// As [`listen`].
pub(crate) fn check(port: u16, option: &str) -> Result<()> {
    listen(port, option).map(drop)
}

/// Returns a port that is available now.
///
/// # Errors
///
/// No port is available.
pub(crate) fn free() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn listen_at(address: IpAddr, port: u16, option: &str) -> Result<TcpListener> {
    TcpListener::bind((address, port))
        .with_context(|| format!("port {port} is not available; choose another with {option}"))
}
