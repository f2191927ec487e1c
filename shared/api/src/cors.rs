//! The headers of CORS on the functions' responses.
//!
//! An HTTP API adds them itself, and replaces those of a function. A REST API and a load balancer
//! pass on what the function returns ("Enable CORS for a resource in API Gateway": proxy
//! integrations).

use lambda_http::http::{HeaderMap, HeaderValue, header};

use crate::body::Response;

/// The headers of responses that a page may read.
const EXPOSED: HeaderValue = HeaderValue::from_static("etag, retry-after, www-authenticate");

/// The origins of web pages that may read responses, as in the header `origin`; `*` for all. They
/// live as long as the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AllowedOrigins(&'static [&'static str]);

impl AllowedOrigins {
    /// These origins.
    pub const fn new(origins: &'static [&'static str]) -> Self {
        Self(origins)
    }

    /// Whether a page of this origin may read responses.
    fn includes(self, origin: &str) -> bool {
        self.0.iter().any(|allowed| *allowed == "*" || *allowed == origin)
    }

    /// Adds the headers to the response to a request with these headers.
    pub(crate) fn apply(self, request: Option<&HeaderMap>, response: &mut Response) {
        if self.0.is_empty() {
            return;
        }
        let headers = response.headers_mut();
        let vary = match headers.get(header::VARY).and_then(|vary| vary.to_str().ok()) {
            Some(vary) => format!("{vary}, origin"),
            None => "origin".to_owned(),
        };
        if let Ok(vary) = HeaderValue::from_str(&vary) {
            headers.insert(header::VARY, vary);
        }
        let Some(origin) = request.and_then(|headers| headers.get(header::ORIGIN)) else { return };
        if origin.to_str().is_ok_and(|origin| self.includes(origin)) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// Whether this is an origin: a scheme, a host and perhaps a port, without a path.
pub(crate) fn is_origin(origin: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    let host = |rest: &str| !rest.is_empty() && rest.bytes().all(is_part);
    origin == "*" || origin.strip_prefix("https://").or(origin.strip_prefix("http://")).is_some_and(host)
}
