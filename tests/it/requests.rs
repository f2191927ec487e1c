//! Requests to both handlers, routed as a gateway routes them.
//!
//! Every response is checked against `openapi.yaml`.

use agentscope_api::{Identity, IdentitySource, handle_event};
use agentscope_store::Store;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::responses::text;
use lambda_http::Response;
use serde_json::Value;

use crate::openapi::described::is_described;

/// Makes the event of a request.
type ToEvent = fn(&HttpRequest) -> Value;

/// The kinds of gateways, and the events that they send.
pub const GATEWAYS: [(&str, ToEvent); 5] = [
    ("HTTP API", HttpRequest::http_api),
    ("function URL", HttpRequest::function_url),
    ("REST API", HttpRequest::rest_api),
    ("load balancer", HttpRequest::load_balancer),
    ("load balancer, multi-value", HttpRequest::load_balancer_multi_value),
];

/// The response to an event.
pub async fn respond(store: &Store, identity: impl Into<Identity>, event: &Value) -> Response<String> {
    let path = event["rawPath"].as_str().or(event["path"].as_str()).unwrap_or_default();
    let is_schedule = path.contains("/schedule/");
    respond_to_text(store, identity, &event.to_string(), is_schedule).await
}

/// The response to a text that may be no event at all.
pub async fn respond_to_text(
    store: &Store,
    identity: impl Into<Identity>,
    event: &str,
    is_schedule: bool,
) -> Response<String> {
    let identity = identity.into();
    let (path, response) = if is_schedule {
        let handle = async |request| list_schedule_sessions::handler::handle(store, identity, &request).await;
        ("/schedule/{schedule_id}/sessions", handle_event(event, handle).await)
    } else {
        let handle = async |request| list_sessions::handler::handle(store, identity, &request).await;
        ("/sessions/", handle_event(event, handle).await)
    };
    let response = text(response);
    if let Err(difference) = is_described(store.release(), path, &response) {
        panic!("openapi.yaml does not describe the response to {event}: {difference}");
    }
    response
}

/// Sends a request through an HTTP API. The identity header names the caller.
pub async fn send(store: &Store, request: &HttpRequest) -> Response<String> {
    respond(store, IdentitySource::Header, &request.http_api()).await
}

/// The same with the entity tags of responses that the client has.
pub async fn send_conditional(store: &Store, request: &HttpRequest, if_none_match: &str) -> Response<String> {
    let mut request = request.clone();
    request.headers.push(("if-none-match".into(), if_none_match.into()));
    send(store, &request).await
}

/// The body of a 200.
pub async fn body(store: &Store, request: &HttpRequest) -> String {
    let response = send(store, request).await;
    assert_eq!(response.status(), 200, "{request:?}: {}", response.body());
    response.into_body()
}

/// The entity tag and the body of a 200.
pub async fn tagged(store: &Store, request: &HttpRequest) -> (String, String) {
    let response = send(store, request).await;
    assert_eq!(response.status(), 200, "{request:?}: {}", response.body());
    (header(&response, "etag").unwrap().to_owned(), response.into_body())
}

/// A header of a response.
pub fn header<'a>(response: &'a Response<String>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

/// Asserts that the body is JSON.
pub fn assert_json(response: &Response<String>, about: &str) {
    assert_eq!(response.headers()["content-type"], "application/json", "{about}");
}

/// A request with these parts.
pub fn request(method: &str, path: &str, query: &str, headers: &[(&str, &str)]) -> HttpRequest {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    HttpRequest { method: method.into(), path: path.into(), query: query.into(), headers }
}

/// A request with this query string added.
pub fn with_query(request: &HttpRequest, query: &str) -> HttpRequest {
    let query = [request.query.as_str(), query].join("&");
    HttpRequest { query: query.trim_matches('&').to_owned(), ..request.clone() }
}

/// A request with these parameters added.
pub fn with_parameters(request: &HttpRequest, parameters: &[(&str, &str)]) -> HttpRequest {
    let query = form_urlencoded::Serializer::for_suffix(request.query.clone(), 0).extend_pairs(parameters).finish();
    HttpRequest { query: query.trim_start_matches('&').to_owned(), ..request.clone() }
}

/// The rows of `GET /sessions/` for alice.
pub async fn sessions(store: &Store, agent_id: &str) -> Vec<Value> {
    rows(store, &HttpRequest::sessions("alice", agent_id)).await
}

/// The ids of the sessions of an agent.
pub async fn session_ids(store: &Store, agent_id: &str) -> Vec<String> {
    sessions(store, agent_id).await.iter().map(id).collect()
}

/// The ids of the sessions that a schedule started.
pub async fn run_ids(store: &Store, schedule_id: &str) -> Vec<String> {
    rows(store, &HttpRequest::schedule_sessions("alice", schedule_id)).await.iter().map(id).collect()
}

/// The id of a row's session, on either route.
pub fn id(row: &Value) -> String {
    row.get("session").unwrap_or(row)["id"].as_str().unwrap().to_owned()
}

async fn rows(store: &Store, request: &HttpRequest) -> Vec<Value> {
    let mut body: Value = serde_json::from_str(&body(store, request).await).unwrap();
    let Value::Array(rows) = body["sessions"].take() else { panic!("{body}") };
    assert_eq!(body["total"], rows.len());
    rows
}
