//! Both handlers behind one door, as a gateway puts them. Every answer is held against `openapi.yaml`.

#[path = "described.rs"]
pub mod described;

use agentscope_api::{IdentitySource, answer};
use agentscope_store::Store;
use agentscope_tests::answers::text;
use serde_json::Value;

/// Status, headers and body that an event is answered with.
pub async fn answered(store: &Store, identity: IdentitySource, event: &Value) -> lambda_http::Response<String> {
    let path = event["rawPath"].as_str().or(event["path"].as_str()).unwrap_or_default();
    answer_text(store, identity, &event.to_string(), path.contains("/schedule/")).await
}

/// The same for an event that may be no event at all.
pub async fn answer_text(
    store: &Store,
    identity: IdentitySource,
    event: &str,
    is_schedule: bool,
) -> lambda_http::Response<String> {
    let (path, answer) = if is_schedule {
        let handle = async |request| list_schedule_sessions::handler::handle(store, identity, &request).await;
        ("/schedule/{schedule_id}/sessions", answer(event, handle).await)
    } else {
        let handle = async |request| list_sessions::handler::handle(store, identity, &request).await;
        ("/sessions/", answer(event, handle).await)
    };
    let answer = text(answer);
    if let Err(difference) = described::is_described(store.release(), path, &answer) {
        panic!("openapi.yaml does not describe the answer to {event}: {difference}");
    }
    answer
}
