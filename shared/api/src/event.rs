//! The events of API Gateway, function URLs, Application Load Balancers and `cargo lambda watch`,
//! as far as they are used.
//!
//! The types of `lambda_http` are not used: its conversion to `http::Request` takes a decoded path
//! for an encoded one and panics if the result is not a URI. Its event types take an empty method
//! for GET and refuse a token that has a number as a claim.

use std::collections::HashMap;

use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The event is not one of API Gateway, a function URL or a load balancer.
#[derive(Debug, thiserror::Error)]
#[error("malformed event: {0}")]
pub struct MalformedEvent(#[from] serde_json::Error);

/// An event of an HTTP API or a function URL.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpApiEvent {
    /// The gateway's route, such as `GET /sessions/` or `$default`.
    pub(crate) route_key: Option<String>,
    pub(crate) raw_path: Option<String>,
    pub(crate) raw_query_string: Option<String>,
    pub(crate) query_string_parameters: Option<HashMap<String, String>>,
    #[serde(default)]
    pub(crate) headers: Headers,
    pub(crate) path_parameters: Option<HashMap<String, String>>,
    pub(crate) request_context: HttpApiContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpApiContext {
    pub(crate) api_id: Option<String>,
    pub(crate) domain_name: Option<String>,
    pub(crate) stage: Option<String>,
    pub(crate) http: Http,
    authorizer: Option<Authorizer>,
}

#[derive(Deserialize)]
pub(crate) struct Http {
    #[serde(deserialize_with = "method")]
    pub(crate) method: Method,
    pub(crate) path: Option<String>,
}

#[derive(Deserialize)]
struct Authorizer {
    jwt: Option<Jwt>,
}

#[derive(Deserialize)]
struct Jwt {
    claims: Option<HashMap<String, Value>>,
}

impl HttpApiContext {
    /// The claims of the token that the JWT authorizer validated. An HTTP API converts all claims
    /// to strings; emulators may not.
    pub(crate) fn claims(&mut self) -> HashMap<String, Value> {
        self.authorizer.take().and_then(|authorizer| authorizer.jwt?.claims).unwrap_or_default()
    }
}

/// An event of a REST API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestApiEvent {
    /// The gateway's route, such as `/sessions`.
    pub(crate) resource: Option<String>,
    pub(crate) path: Option<String>,
    #[serde(deserialize_with = "method")]
    pub(crate) http_method: Method,
    #[serde(default)]
    pub(crate) headers: Headers,
    #[serde(default)]
    pub(crate) multi_value_headers: Headers,
    pub(crate) query_string_parameters: Option<HashMap<String, String>>,
    pub(crate) multi_value_query_string_parameters: Option<HashMap<String, Vec<String>>>,
    pub(crate) path_parameters: Option<HashMap<String, String>>,
    pub(crate) request_context: RestApiContext,
}

#[derive(Deserialize)]
pub(crate) struct RestApiContext {
    /// Required, because every REST API sends it: other events are refused.
    #[serde(rename = "apiId")]
    _api_id: String,
    pub(crate) stage: Option<String>,
    authorizer: Option<Value>,
}

/// The results of a REST API's authorizer. Every kind of authorizer leaves them in the same place
/// of an event, so the settings of a function decide which of them counts.
#[derive(Default)]
pub(crate) struct AuthorizerResults {
    /// The claims of the token that a Cognito authorizer validated, as strings. An authorizer
    /// function cannot return an object.
    pub(crate) claims: HashMap<String, Value>,
    /// The user's id that the product's authorizer function returned. A Cognito authorizer returns
    /// nothing beside claims.
    pub(crate) user_id: Option<String>,
}

impl RestApiContext {
    pub(crate) fn authorizer_results(self) -> AuthorizerResults {
        let Some(Value::Object(mut results)) = self.authorizer else { return AuthorizerResults::default() };
        let claims = match results.remove("claims") {
            Some(Value::Object(claims)) => claims.into_iter().collect(),
            _ => HashMap::new(),
        };
        let user_id = match results.remove("user_id") {
            Some(Value::String(user_id)) => Some(user_id),
            _ => None,
        };
        AuthorizerResults { claims, user_id }
    }
}

/// An event of a load balancer: either `headers` and `queryStringParameters`, or
/// `multiValueHeaders` and `multiValueQueryStringParameters`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadBalancerEvent {
    pub(crate) path: String,
    #[serde(deserialize_with = "method")]
    pub(crate) http_method: Method,
    #[serde(default)]
    pub(crate) headers: Headers,
    #[serde(default)]
    pub(crate) multi_value_headers: Headers,
    pub(crate) query_string_parameters: Option<HashMap<String, String>>,
    pub(crate) multi_value_query_string_parameters: Option<HashMap<String, Vec<String>>>,
    #[serde(rename = "requestContext")]
    _request_context: LoadBalancerContext,
}

#[derive(Deserialize)]
struct LoadBalancerContext {
    #[serde(rename = "elb")]
    _elb: LoadBalancer,
}

#[derive(Deserialize)]
struct LoadBalancer {
    /// Required, because every load balancer sends it: other events are refused.
    #[serde(rename = "targetGroupArn")]
    _target_group_arn: String,
}

/// The headers of an event: one value or several for each name.
#[derive(Default)]
pub(crate) struct Headers(pub(crate) HeaderMap);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Values {
            One(String),
            Many(Vec<String>),
        }
        let members = Option::<HashMap<String, Values>>::deserialize(deserializer)?.unwrap_or_default();
        // Methods that do not fail panic with too many headers.
        let mut headers = HeaderMap::try_with_capacity(members.len()).map_err(D::Error::custom)?;
        for (name, values) in members {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(D::Error::custom)?;
            let values = match values {
                Values::One(value) => vec![value],
                Values::Many(values) => values,
            };
            for value in values {
                let value = HeaderValue::from_str(&value).map_err(D::Error::custom)?;
                headers.try_append(&name, value).map_err(D::Error::custom)?;
            }
        }
        Ok(Self(headers))
    }
}

fn method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Method, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}
