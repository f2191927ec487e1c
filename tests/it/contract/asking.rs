//! A small world, and the ways in which a request about it reaches a function.

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, run, schedule, session};
use lambda_http::Response;
use serde_json::Value;

/// A way, and how an event looks on it.
type Way = (&'static str, fn(&HttpRequest) -> Value);

pub const WAYS: [Way; 3] = [
    ("HTTP API", HttpRequest::http_api),
    ("function URL", HttpRequest::function_url),
    ("REST API", HttpRequest::rest_api),
];

/// Agent `a` and schedule `s` of `alice`, a session `1`, and a session `2` that the schedule started.
pub async fn database() -> TestDynamoDb {
    let world = World {
        agents: vec![agent("alice", "a")],
        schedules: vec![schedule("alice", "s")],
        sessions: vec![
            session("alice", "a", "1", "2026-01-01T00:00:00"),
            run("alice", "a", "s", "2", "2026-01-02T00:00:00"),
        ],
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}

pub fn request(method: &str, path: &str, query: &str, headers: &[(&str, &str)]) -> HttpRequest {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    HttpRequest { method: method.into(), path: path.into(), query: query.into(), headers }
}

pub fn is_json(response: &Response<String>, about: &str) {
    assert_eq!(response.headers()["content-type"], "application/json", "{about}");
}
