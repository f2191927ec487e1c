//! Proxy settings of child processes.

use std::ffi::OsStr;

use tokio::process::Command;

/// The variables that exempt hosts from the proxy. Programs differ in which of them they read.
const EXEMPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The loopback addresses, in each form that some program requires.
const LOOPBACK: &str = "localhost,127.0.0.1,127.0.0.0/8,::1";

/// Lets a program and its children connect to this machine directly.
///
/// Hosts that the environment exempts stay exempt, and registries are still reached through the
/// proxy.
pub(crate) fn exempt_loopback(command: &mut Command) -> &mut Command {
    let exempt = exempt(EXEMPTIONS.map(|name| std::env::var(name).unwrap_or_default()));
    command.envs(EXEMPTIONS.map(|name| (name, AsRef::<OsStr>::as_ref(&exempt).to_owned())))
}

fn exempt([upper, lower]: [String; 2]) -> String {
    let mut hosts = vec![upper.as_str()];
    if lower != upper {
        hosts.push(&lower);
    }
    hosts.retain(|hosts| !hosts.trim().is_empty());
    // `*` exempts every host. Some programs accept it only as the whole value.
    if hosts.iter().any(|hosts| hosts.trim() == "*") {
        return "*".to_owned();
    }
    hosts.push(LOOPBACK);
    hosts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_exempt_beside_the_hosts_that_were_before() {
        for (variables, expected) in [
            (["", ""], LOOPBACK.to_owned()),
            (["a.example.com", ""], format!("a.example.com,{LOOPBACK}")),
            (["", "a.example.com"], format!("a.example.com,{LOOPBACK}")),
            (["a.example.com", "a.example.com"], format!("a.example.com,{LOOPBACK}")),
            (["a.example.com", "10.0.0.0/8"], format!("a.example.com,10.0.0.0/8,{LOOPBACK}")),
            (["*", "a.example.com"], "*".to_owned()),
        ] {
            assert_eq!(exempt(variables.map(str::to_owned)), expected, "{variables:?}");
        }
    }
}
