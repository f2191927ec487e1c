//! A request to one of the routes, independent of the gateway that it came through.

use std::collections::HashMap;

use lambda_http::http::{HeaderMap, Method};
use serde_json::Value;

use crate::delivery::{Delivery, DeliverySettings};
use crate::event::{AuthorizerResults, HttpApiEvent, LoadBalancerEvent, MalformedEvent, RestApiEvent};
use crate::limits::ResponseLimits;
use crate::payload_format::{EventKind, PayloadFormat, is_watch};
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
    /// Whether the gateway passes on a body that is not text.
    pub takes_binary: bool,
    /// Who sent the event.
    pub kind: EventKind,
    /// The limits on the response.
    pub(crate) limits: ResponseLimits,
    path: Path,
    /// The claims of the token that the gateway's authorizer validated.
    claims: HashMap<String, Value>,
    /// The user's id that the authorizer function of a REST API returned.
    authorized_user: Option<String>,
}

impl Request {
    /// Reads an event of an HTTP API or a function URL (payload format 2.0), of a REST API (payload
    /// format 1.0), or of a load balancer.
    ///
    /// # Errors
    ///
    /// The event is of another kind, or has a value that HTTP does not allow, such as a control
    /// character in a header.
    pub fn from_event(event: &str) -> Result<Self, MalformedEvent> {
        Self::read(event, DeliverySettings::default())
    }

    /// Reads an event whose response is delivered like this.
    pub(crate) fn read(event: &str, settings: DeliverySettings) -> Result<Self, MalformedEvent> {
        let delivery = settings.delivery(PayloadFormat::of(event)?);
        Ok(match delivery.format {
            PayloadFormat::HttpApi | PayloadFormat::FunctionUrl => {
                Self::from_http_api(serde_json::from_str(event)?, delivery)
            }
            PayloadFormat::RestApi => Self::from_rest_api(serde_json::from_str(event)?, delivery),
            PayloadFormat::LoadBalancer(_) => Self::from_load_balancer(serde_json::from_str(event)?, delivery),
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

    /// The user's id that the product's authorizer function returned to a REST API. `None` if there
    /// is none, or if it is not a string.
    pub fn authorized_user(&self) -> Option<&str> {
        self.authorized_user.as_deref()
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

    fn from_http_api(event: HttpApiEvent, delivery: Delivery) -> Self {
        let mut context = event.request_context;
        let claims = context.claims();
        let domain_name = context.domain_name.unwrap_or_default();
        let is_watch = is_watch(context.api_id.is_some(), &domain_name);
        let mut parameters = event.path_parameters.unwrap_or_default();
        let parameter = |name: &str| {
            let value = parameters.remove(name)?;
            Some(if is_watch { decode(&value) } else { value })
        };
        let raw_path = RawPath {
            text: event.raw_path.or(context.http.path).unwrap_or_default(),
            is_decoded: delivery.format == PayloadFormat::HttpApi,
        };
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
            takes_binary: delivery.takes_binary(),
            kind: delivery.format.kind(),
            limits: delivery.limits,
            path,
            claims,
            authorized_user: None,
        }
    }

    fn from_rest_api(event: RestApiEvent, delivery: Delivery) -> Self {
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
        let AuthorizerResults { claims, user_id } = event.request_context.authorizer_results();
        Self {
            method: event.http_method,
            headers: headers.0,
            query,
            takes_binary: delivery.takes_binary(),
            kind: delivery.format.kind(),
            limits: delivery.limits,
            path,
            claims,
            authorized_user: user_id,
        }
    }

    /// A load balancer decodes neither the path nor the parameters of the query string. AWS
    /// documents the latter in "Use Lambda functions as targets of an Application Load Balancer".
    fn from_load_balancer(event: LoadBalancerEvent, delivery: Delivery) -> Self {
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
            takes_binary: delivery.takes_binary(),
            kind: delivery.format.kind(),
            limits: delivery.limits,
            path: route::resolve(None, raw_path, None, |_| None),
            claims: HashMap::new(),
            authorized_user: None,
        }
    }
}
