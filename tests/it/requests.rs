//! Both handlers behind one door, as a gateway puts them. Every response is held against `openapi.yaml`.

use agentscope_api::{IdentitySource, handle_event};
use agentscope_store::Store;
use agentscope_tests::responses::text;
use serde_json::Value;

/// Status, headers and body that an event is responded with.
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
    let (path, response) = if is_schedule {
        let handle = async |request| list_schedule_sessions::handler::handle(store, identity, &request).await;
        ("/schedule/{schedule_id}/sessions", handle_event(event, handle).await)
    } else {
        let handle = async |request| list_sessions::handler::handle(store, identity, &request).await;
        ("/sessions/", handle_event(event, handle).await)
    };
    let response = text(response);
    if let Err(difference) = crate::openapi::described::is_described(store.release(), path, &response) {
        panic!("openapi.yaml does not describe the response to {event}: {difference}");
    }
    response
}
