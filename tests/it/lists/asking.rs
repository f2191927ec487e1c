//! Asking for lists, as the user `alice`.

use agentscope_api::IdentitySource;
use agentscope_store::Store;
use agentscope_tests::events::HttpRequest;
use serde_json::Value;

use crate::requests::answered;

/// The rows of `GET /sessions/`.
pub async fn sessions(store: &Store, agent_id: &str) -> Vec<Value> {
    rows(store, &HttpRequest::sessions("alice", agent_id)).await
}

/// The rows of `GET /schedule/{schedule_id}/sessions`.
pub async fn runs(store: &Store, schedule_id: &str) -> Vec<Value> {
    rows(store, &HttpRequest::schedule_sessions("alice", schedule_id)).await
}

/// The ids of the sessions of an agent.
pub async fn session_ids(store: &Store, agent_id: &str) -> Vec<String> {
    sessions(store, agent_id).await.iter().map(|row| text(&row["session"]["id"])).collect()
}

/// The ids of the sessions that a schedule started.
pub async fn run_ids(store: &Store, schedule_id: &str) -> Vec<String> {
    runs(store, schedule_id).await.iter().map(|row| text(&row["id"])).collect()
}

async fn rows(store: &Store, request: &HttpRequest) -> Vec<Value> {
    let response = answered(store, IdentitySource::Header, &request.http_api()).await;
    assert_eq!(response.status(), 200, "{}", response.body());
    let mut body: Value = serde_json::from_str(response.body()).unwrap();
    let Value::Array(rows) = body["sessions"].take() else { panic!("{body}") };
    assert_eq!(body["total"], rows.len());
    rows
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
