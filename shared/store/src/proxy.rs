//! The HTTP proxy of the environment.
//!
//! A proxy cannot reach the ports of this machine, so requests to loopback addresses bypass it
//! whatever `NO_PROXY` says. For other requests, the variables `HTTP_PROXY`, `HTTPS_PROXY`,
//! `ALL_PROXY` and `NO_PROXY` decide, in upper or lower case.

use std::net::IpAddr;

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use http::Uri;

/// The variables that name a proxy, in upper case.
const PROXIES: [&str; 3] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// A client that uses the proxies of the environment. `connector` creates its connectors.
pub(crate) fn client(connector: impl Fn(ProxyConfig) -> SharedHttpConnector) -> SharedHttpClient {
    let proxied = connector(ProxyConfig::from_env());
    if has_proxy() {
        let direct = connector(ProxyConfig::disabled());
        http_client_fn(move |_, _| {
            SharedHttpConnector::new(ByHost { proxied: proxied.clone(), direct: direct.clone() })
        })
    } else {
        http_client_fn(move |_, _| proxied.clone())
    }
}

/// Whether the environment names a proxy.
pub fn has_proxy() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    PROXIES.into_iter().any(|name| is_set(name) || is_set(&name.to_lowercase()))
}

/// Whether the host of a URL is a loopback address.
pub fn is_loopback(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|url| url.host().is_some_and(is_loopback_host))
}

fn is_loopback_host(host: &str) -> bool {
    if host.strip_suffix('.').unwrap_or(host).eq_ignore_ascii_case("localhost") {
        return true;
    }
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[derive(Debug)]
struct ByHost {
    proxied: SharedHttpConnector,
    direct: SharedHttpConnector,
}

impl HttpConnector for ByHost {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = if is_loopback(request.uri()) { &self.direct } else { &self.proxied };
        connector.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for url in [
            "http://127.0.0.1:8000",
            "http://127.1.2.3",
            "http://localhost:8000/",
            "https://LOCALHOST./a",
            "http://[::1]:8000",
            "http://[::ffff:127.0.0.1]:8000",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "https://dynamodb.eu-central-1.amazonaws.com",
            "http://localhost.example.com",
            "http://notlocalhost",
            "http://127.0.0.1.example.com",
            "http://128.0.0.1",
            "http://0.0.0.0",
            "http://169.254.169.254",
            "http://[::2]",
            "http://example.com/127.0.0.1",
            "http://127.0.0.1@example.com",
            "127.0.0.1 nonsense",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
