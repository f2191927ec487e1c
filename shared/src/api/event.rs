//! Events: what reaches a function, whichever way it came.
//!
//! `lambda_http` has the types of the events. Its conversion to `http::Request` is not used: it takes a decoded path for
//! an encoded one, and panics where the result is no URI.

use lambda_http::aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest};
use lambda_http::http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::route::{self, Path};

/// A request to one of the routes.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The headers.
    pub headers: HeaderMap,
    /// The parameters of the query string, decoded, in their order.
    pub query: Vec<(String, String)>,
    /// The `sub` claim of the token that the gateway's JWT authorizer has checked.
    pub subject: Option<String>,
    path: Path,
}

/// The event is none that API Gateway or a function URL sends.
#[derive(Debug, thiserror::Error)]
#[error("malformed event: {0}")]
pub struct MalformedEvent(#[from] serde_json::Error);

impl Request {
    /// Reads an event: HTTP API or function URL (payload 2.0), or REST API (payload 1.0).
    ///
    /// # Errors
    ///
    /// The event is of another kind, or holds what HTTP does not allow, as a control character in a header.
    pub fn from_event(event: &str) -> Result<Self, MalformedEvent> {
        #[derive(Deserialize)]
        struct Kind {
            version: Option<String>,
        }
        let kind: Kind = serde_json::from_str(event)?;
        if kind.version.is_some_and(|version| version.starts_with('2')) {
            Ok(Self::from_http_api(serde_json::from_str(event)?))
        } else {
            Ok(Self::from_rest_api(serde_json::from_str(event)?))
        }
    }

    /// The value of a query parameter; of repeated ones the last.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the path is `/sessions/`, with or without the slash at its end.
    pub fn is_sessions(&self) -> bool {
        self.path == Path::Sessions
    }

    /// The schedule's id if the path is `/schedule/{schedule_id}/sessions`, with or without a slash at its end.
    pub fn schedule_id(&self) -> Option<&str> {
        match &self.path {
            Path::ScheduleSessions(id) => Some(id),
            _ => None,
        }
    }

    fn from_http_api(event: ApiGatewayV2httpRequest) -> Self {
        let context = event.request_context;
        let raw_path = event.raw_path.or(context.http.path).unwrap_or_default();
        // Every gateway and every function URL has an id; `cargo lambda watch` has none, and leaves the path encoded.
        let is_watch = context.apiid.is_none() && context.domain_name.as_deref() == Some("localhost");
        let parameter =
            event.path_parameters.get(route::SCHEDULE_ID).map(|id| if is_watch { decode(id) } else { id.clone() });
        let query = match event.raw_query_string {
            Some(query) => form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            None => owned(&event.query_string_parameters),
        };
        Self {
            method: context.http.method,
            headers: event.headers,
            query,
            subject: context.authorizer.and_then(|authorizer| authorizer.jwt?.claims.remove("sub")),
            path: route::path(&raw_path, context.stage.as_deref(), parameter),
        }
    }

    fn from_rest_api(event: ApiGatewayProxyRequest) -> Self {
        let parameter = event.path_parameters.get(route::SCHEDULE_ID).map(|id| decode(id));
        let query = if event.multi_value_query_string_parameters.is_empty() {
            owned(&event.query_string_parameters)
        } else {
            owned(&event.multi_value_query_string_parameters)
        };
        let headers = if event.multi_value_headers.is_empty() { event.headers } else { event.multi_value_headers };
        Self {
            method: event.http_method,
            headers,
            query,
            subject: None,
            path: route::path(&event.path.unwrap_or_default(), event.request_context.stage.as_deref(), parameter),
        }
    }
}

fn owned(query: &lambda_http::aws_lambda_events::query_map::QueryMap) -> Vec<(String, String)> {
    query.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Decodes percent-escapes once. Malformed ones stay as they are, and bytes that are no UTF-8 become U+FFFD.
pub(super) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
