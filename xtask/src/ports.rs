//! Ports: those that are taken are told at once.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

use anyhow::{Context, Result};

/// Listens on a port of this machine.
///
/// # Errors
///
/// The port is taken, or may not be used. The error names the option that chooses another.
pub(crate) fn listen(port: u16, option: &str) -> Result<TcpListener> {
    listen_at(Ipv4Addr::LOCALHOST.into(), port, option)
}

/// The same by IPv6 too, if this machine has it: `localhost` may be either, and `cargo lambda invoke` asks `[::1]`. No other machine
/// can connect, for whoever can may name any caller.
///
/// # Errors
///
/// As [`listen`].
pub(crate) fn listen_by_both(port: u16, option: &str) -> Result<Vec<TcpListener>> {
    let mut listeners = vec![listen(port, option)?];
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        listeners.push(listen_at(Ipv6Addr::LOCALHOST.into(), port, option)?);
    }
    Ok(listeners)
}

/// # Errors
///
/// As [`listen`].
pub(crate) fn check(port: u16, option: &str) -> Result<()> {
    listen(port, option).map(drop)
}

/// A port that nobody uses at the moment.
///
/// # Errors
///
/// There is none.
pub(crate) fn free() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn listen_at(address: IpAddr, port: u16, option: &str) -> Result<TcpListener> {
    TcpListener::bind((address, port))
        .with_context(|| format!("port {port} cannot be used, maybe because it is taken; choose another with {option}"))
}
