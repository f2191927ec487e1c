//! A request to one of the routes, independent of the gateway that it came through.

use std::collections::HashMap;

use lambda_http::http::{HeaderMap, Method};
use serde_json::Value;

use crate::event::{EventKind, HttpApiEvent, LoadBalancerEvent, MalformedEvent, PayloadFormat, RestApiEvent};
use crate::limits::ResponseLimits;
use crate::route::{self, Path, RawPath, decode, decode_form};

/// The header with the caller's id, unless a setting names another.
pub(crate) const USER_ID_HEADER: &str = "x-user-id";

/// A request to one of the routes.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The headers.
    pub headers: HeaderMap,
    /// The parameters of the query string, decoded. REST APIs and load balancers do not keep the
    /// order of the names.
    pub query: Vec<(String, String)>,
    /// Whether the gateway decodes a body that is marked as base64.
    pub takes_binary: bool,
    /// Who sent the event.
    pub kind: EventKind,
    /// The limits on the response.
    pub(crate) limits: ResponseLimits,
    path: Path,
    /// The claims of the token that the gateway's authorizer validated.
    claims: HashMap<String, Value>,
}

/// A part of the domain name of every function URL. Function URLs leave the path encoded.
const FUNCTION_URL: &str = ".lambda-url.";

impl Request {
    /// Reads an event of an HTTP API or a function URL (payload format 2.0), of a REST API (payload
    /// format 1.0), or of a load balancer.
    ///
    /// # Errors
    ///
    /// The event is of another kind, or has a value that HTTP does not allow, such as a control
    /// character in a header.
    pub fn from_event(event: &str) -> Result<Self, MalformedEvent> {
        let format = PayloadFormat::of(event)?;
        let limits = format.limits();
        Ok(match format {
            PayloadFormat::HttpApi => Self::from_http_api(serde_json::from_str(event)?, limits),
            PayloadFormat::RestApi => Self::from_rest_api(serde_json::from_str(event)?, limits),
            PayloadFormat::LoadBalancer(_) => Self::from_load_balancer(serde_json::from_str(event)?, limits),
        })
    }

    /// The value of a query parameter. The last one counts if it is repeated.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A claim of the token that the gateway's authorizer validated, by its exact name. `None` if
    /// there is no such token, or if the claim is not a string.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Whether the path is `/sessions/`, with or without the slash at the end.
    pub fn is_sessions(&self) -> bool {
        self.path == Path::Sessions
    }

    /// The schedule's id if the path is `/schedule/{schedule_id}/sessions`, with or without a
    /// slash at the end.
    pub fn schedule_id(&self) -> Option<&str> {
        match &self.path {
            Path::ScheduleSessions(id) => Some(id),
            _ => None,
        }
    }

    /// Removes a base path from the path. A list that the gateway's route has named stays.
    #[must_use]
    pub fn below(self, base_path: Option<&str>) -> Self {
        match base_path {
            Some(base_path) => Self { path: self.path.below(base_path), ..self },
            None => self,
        }
    }

    fn from_http_api(event: HttpApiEvent, limits: ResponseLimits) -> Self {
        let mut context = event.request_context;
        let claims = context.claims();
        let domain_name = context.domain_name.unwrap_or_default();
        // Every HTTP API and function URL has an id. `cargo lambda watch` has none, and decodes
        // nothing.
        let is_watch = context.api_id.is_none() && domain_name == "localhost";
        let is_function_url = is_watch || domain_name.contains(FUNCTION_URL);
        let mut parameters = event.path_parameters.unwrap_or_default();
        let parameter = |name: &str| {
            let value = parameters.remove(name)?;
            Some(if is_watch { decode(&value) } else { value })
        };
        let raw_path =
            RawPath { text: event.raw_path.or(context.http.path).unwrap_or_default(), is_decoded: !is_function_url };
        // A route key is a method and a path.
        let route = event.route_key.as_deref().and_then(|key| key.split_once(' ')).map(|(_, route)| route);
        let path = route::resolve(route, raw_path, context.stage.as_deref(), parameter);
        let query = match event.raw_query_string {
            Some(query) => form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            None => event.query_string_parameters.unwrap_or_default().into_iter().collect(),
        };
        Self {
            method: context.http.method,
            headers: event.headers.0,
            query,
            takes_binary: true,
            kind: if is_function_url { EventKind::FunctionUrl } else { EventKind::HttpApi },
            limits,
            path,
            claims,
        }
    }

    fn from_rest_api(event: RestApiEvent, limits: ResponseLimits) -> Self {
        let mut parameters = event.path_parameters.unwrap_or_default();
        let parameter = |name: &str| parameters.remove(name).map(|value| decode(&value));
        let raw_path = RawPath { text: event.path.unwrap_or_default(), is_decoded: false };
        let stage = event.request_context.stage.as_deref();
        let path = route::resolve(event.resource.as_deref(), raw_path, stage, parameter);
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
            kind: EventKind::RestApi,
            limits,
            path,
            claims: event.request_context.claims(),
        }
    }

    /// A load balancer decodes neither the path nor the parameters of the query string. AWS
    /// documents the latter in "Use Lambda functions as targets of an Application Load Balancer".
    fn from_load_balancer(event: LoadBalancerEvent, limits: ResponseLimits) -> Self {
        let raw_path = RawPath { text: event.path, is_decoded: false };
        let query: Vec<_> = match event.multi_value_query_string_parameters {
            Some(query) => query
                .into_iter()
                .flat_map(|(key, values)| values.into_iter().map(move |value| (key.clone(), value)))
                .collect(),
            None => event.query_string_parameters.unwrap_or_default().into_iter().collect(),
        };
        let headers = if event.multi_value_headers.0.is_empty() { event.headers } else { event.multi_value_headers };
        Self {
            method: event.http_method,
            headers: headers.0,
            query: query.iter().map(|(key, value)| (decode_form(key), decode_form(value))).collect(),
            takes_binary: true,
            kind: EventKind::LoadBalancer,
            limits,
            path: route::resolve(None, raw_path, None, |_| None),
            claims: HashMap::new(),
        }
    }
}
