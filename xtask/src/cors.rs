//! CORS for web pages of other origins, such as a frontend on another port, as in the template.

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Error, Result, ensure};
use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use axum::response::Response;
use tower_http::cors::CorsLayer;

/// How long a browser may cache the response to a preflight request.
const MAX_AGE: Duration = Duration::from_secs(7200);

/// The origin of a web page: scheme, host and port.
#[derive(Debug, Clone)]
pub(crate) struct PageOrigin(HeaderValue);

impl FromStr for PageOrigin {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let uri: Uri = text.parse()?;
        let is_origin = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|authority| text.ends_with(&format!("://{authority}")));
        ensure!(is_origin, "expected http://HOST:PORT, without a trailing slash");
        Ok(Self(HeaderValue::from_str(text)?))
    }
}

/// Allows requests from these origins.
///
/// As behind API Gateway, the router itself responds to preflight requests, and the CORS headers
/// of an AgentScope service are replaced.
pub(crate) fn allow(router: Router, origins: &[PageOrigin]) -> Router {
    if origins.is_empty() {
        return router;
    }
    let event = HeaderName::from_static("last-event-id");
    let user = HeaderName::from_static("x-user-id");
    let layer = CorsLayer::new()
        .allow_origin(origins.iter().map(|PageOrigin(origin)| origin.clone()).collect::<Vec<_>>())
        .allow_methods([Method::DELETE, Method::GET, Method::HEAD, Method::PATCH, Method::POST, Method::PUT])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_NONE_MATCH, event, user])
        .expose_headers([header::ETAG, header::RETRY_AFTER, header::WWW_AUTHENTICATE])
        .max_age(MAX_AGE);
    router.layer(axum::middleware::map_response(async |response: Response| remove_headers(response))).layer(layer)
}

/// Removes the CORS headers of a response.
pub(crate) fn remove_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for name in ["allow-credentials", "allow-headers", "allow-methods", "allow-origin", "expose-headers", "max-age"] {
        headers.remove(format!("access-control-{name}"));
    }
    let of_cors = |value: &HeaderValue| value.as_bytes().ends_with(b"access-control-request-headers");
    let vary: Vec<_> = headers.get_all(header::VARY).iter().filter(|value| !of_cors(value)).cloned().collect();
    headers.remove(header::VARY);
    for value in vary {
        headers.append(header::VARY, value);
    }
    response
}
