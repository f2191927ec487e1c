//! Events: what reaches a function, whichever way it came.
//!
//! Of an event only what is needed is read. Neither `lambda_http`'s conversion to `http::Request` is used (it takes a decoded
//! path for an encoded one, and panics where the result is no URI) nor its types of events (they take an empty method for
//! GET, and refuse a token one of whose claims is a number).

use std::collections::HashMap;

use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::percent_decode_str;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::route::{self, Path, RawPath};

/// A request to one of the routes.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The headers.
    pub headers: HeaderMap,
    /// The parameters of the query string, decoded, in their order.
    pub query: Vec<(String, String)>,
    /// Whether the gateway decodes an response that is marked as base64.
    pub takes_binary: bool,
    path: Path,
    /// The claims of the token that the gateway's JWT authorizer has checked.
    claims: HashMap<String, Value>,
}

/// The event is none that API Gateway or a function URL sends.
#[derive(Debug, thiserror::Error)]
#[error("malformed event: {0}")]
pub struct MalformedEvent(#[from] serde_json::Error);

/// The form of an event, and of the response to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PayloadFormat {
    /// 2.0: HTTP APIs, function URLs.
    HttpApi,
    /// 1.0: REST APIs.
    RestApi,
}

impl PayloadFormat {
    /// The form of an event.
    ///
    /// # Errors
    ///
    /// The event is no object, or its version no text.
    pub(crate) fn of(event: &str) -> Result<Self, MalformedEvent> {
        #[derive(Deserialize)]
        struct Versioned {
            version: Option<String>,
        }
        let event: Versioned = serde_json::from_str(event)?;
        let is_second = event.version.is_some_and(|version| version.starts_with('2'));
        Ok(if is_second { Self::HttpApi } else { Self::RestApi })
    }
}

/// An event of an HTTP API or a function URL.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpApiEvent {
    /// The gateway's route, as `GET /sessions/`, or `$default`.
    route_key: Option<String>,
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    query_string_parameters: Option<HashMap<String, String>>,
    #[serde(default)]
    headers: Headers,
    path_parameters: Option<HashMap<String, String>>,
    request_context: HttpApiContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpApiContext {
    api_id: Option<String>,
    domain_name: Option<String>,
    stage: Option<String>,
    http: Http,
    authorizer: Option<Authorizer>,
}

#[derive(Deserialize)]
struct Http {
    #[serde(deserialize_with = "method")]
    method: Method,
    path: Option<String>,
}

#[derive(Deserialize)]
struct Authorizer {
    jwt: Option<Jwt>,
}

#[derive(Deserialize)]
struct Jwt {
    /// An HTTP API makes texts of all claims; emulators may not.
    claims: Option<HashMap<String, Value>>,
}

/// An event of a REST API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RestApiEvent {
    /// The gateway's route, as `/sessions`.
    resource: Option<String>,
    path: Option<String>,
    #[serde(deserialize_with = "method")]
    http_method: Method,
    #[serde(default)]
    headers: Headers,
    #[serde(default)]
    multi_value_headers: Headers,
    query_string_parameters: Option<HashMap<String, String>>,
    multi_value_query_string_parameters: Option<HashMap<String, Vec<String>>>,
    path_parameters: Option<HashMap<String, String>>,
    request_context: RestApiContext,
}

#[derive(Deserialize)]
struct RestApiContext {
    /// Every REST API has one.
    #[serde(rename = "apiId")]
    _api_id: String,
    stage: Option<String>,
}

impl Request {
    /// Reads an event: HTTP API or function URL (payload 2.0), or REST API (payload 1.0).
    ///
    /// # Errors
    ///
    /// The event is of another kind, or holds what HTTP does not allow, as a control character in a header.
    pub fn from_event(event: &str) -> Result<Self, MalformedEvent> {
        Ok(match PayloadFormat::of(event)? {
            PayloadFormat::HttpApi => Self::from_http_api(serde_json::from_str(event)?),
            PayloadFormat::RestApi => Self::from_rest_api(serde_json::from_str(event)?),
        })
    }

    /// The value of a query parameter; of repeated ones the last.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A claim of the token that the gateway's JWT authorizer has checked, by its exact name; `None` if there is no such token,
    /// or if the claim is no text. An HTTP API makes texts of all claims.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Whether the request is for `/sessions/`, with or without the slash at its end.
    pub fn is_sessions(&self) -> bool {
        self.path == Path::Sessions
    }

    /// The schedule's id if the request is for `/schedule/{schedule_id}/sessions`, with or without
    /// a slash at its end.
    pub fn schedule_id(&self) -> Option<&str> {
        match &self.path {
            Path::ScheduleSessions(id) => Some(id),
            _ => None,
        }
    }

    /// The same, where a path that begins with this base path is read without it. What the
    /// gateway's route has decided stays.
    #[must_use]
    pub fn below(self, base_path: Option<&str>) -> Self {
        match base_path {
            Some(base_path) => Self { path: self.path.below(base_path), ..self },
            None => self,
        }
    }

    fn from_http_api(event: HttpApiEvent) -> Self {
        let context = event.request_context;
        let domain_name = context.domain_name.unwrap_or_default();
        // Every gateway and every function URL has an id; `cargo lambda watch` has none, and leaves
        // everything encoded.
        let is_watch = context.api_id.is_none() && domain_name == "localhost";
        let mut parameters = event.path_parameters.unwrap_or_default();
        let parameter = |name: &str| {
            let value = parameters.remove(name)?;
            Some(if is_watch { decode(&value) } else { value })
        };
        let raw_path = RawPath {
            text: event.raw_path.or(context.http.path).unwrap_or_default(),
            is_decoded: !is_watch && !domain_name.contains(FUNCTION_URL),
        };
        // A route is a method and a path.
        let route = event.route_key.as_deref().and_then(|key| key.split_once(' ')).map(|(_, route)| route);
        let path = list(route, raw_path, context.stage.as_deref(), parameter);
        let query = match event.raw_query_string {
            Some(query) => form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            None => event.query_string_parameters.unwrap_or_default().into_iter().collect(),
        };
        let claims = context.authorizer.and_then(|authorizer| authorizer.jwt?.claims);
        Self {
            method: context.http.method,
            headers: event.headers.0,
            query,
            takes_binary: true,
            path,
            claims: claims.unwrap_or_default(),
        }
    }

    fn from_rest_api(event: RestApiEvent) -> Self {
        let mut parameters = event.path_parameters.unwrap_or_default();
        let parameter = |name: &str| parameters.remove(name).map(|value| decode(&value));
        let raw_path = RawPath { text: event.path.unwrap_or_default(), is_decoded: false };
        let path = list(event.resource.as_deref(), raw_path, event.request_context.stage.as_deref(), parameter);
        let query = match event.multi_value_query_string_parameters {
            Some(query) if !query.is_empty() => query
                .into_iter()
                .flat_map(|(key, values)| values.into_iter().map(move |value| (key.clone(), value)))
                .collect(),
            _ => event.query_string_parameters.unwrap_or_default().into_iter().collect(),
        };
        let headers = if event.multi_value_headers.0.is_empty() { event.headers } else { event.multi_value_headers };
        Self {
            method: event.http_method,
            headers: headers.0,
            query,
            takes_binary: false,
            path,
            // A REST API has no JWT authorizer, and what its other authorizers leave in an event is not looked at.
            claims: HashMap::new(),
        }
    }
}

/// What stands in the domain name of every function URL, which leaves the path as the client sent
/// it.
const FUNCTION_URL: &str = ".lambda-url.";

/// Which list a request is for: by the gateway's route if that is a list's, else by the path.
fn list(
    route: Option<&str>,
    raw_path: RawPath,
    stage: Option<&str>,
    mut parameter: impl FnMut(&str) -> Option<String>,
) -> Path {
    let by_route = route.and_then(|route| route::by_route(route, &mut parameter));
    by_route.unwrap_or_else(|| route::by_path(raw_path, stage, parameter(route::SCHEDULE_ID)))
}

/// Headers as an event has them: one value a name, or several.
#[derive(Default)]
struct Headers(HeaderMap);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Values {
            One(String),
            Many(Vec<String>),
        }
        let members = Option::<HashMap<String, Values>>::deserialize(deserializer)?.unwrap_or_default();
        let mut headers = HeaderMap::with_capacity(members.len());
        for (name, values) in members {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(D::Error::custom)?;
            let values = match values {
                Values::One(value) => vec![value],
                Values::Many(values) => values,
            };
            for value in values {
                headers.append(&name, HeaderValue::from_str(&value).map_err(D::Error::custom)?);
            }
        }
        Ok(Self(headers))
    }
}

fn method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Method, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// Decodes percent-escapes once. Malformed ones stay as they are, and bytes that are no UTF-8 become U+FFFD.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
