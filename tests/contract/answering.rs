//! Both handlers behind one door, as a gateway puts them.

use agentscope_shared::api::{IdentitySource, answer};
use agentscope_shared::store::Store;
use agentscope_tests::answers::text;
use serde_json::Value;

/// Status, headers and body that an event is answered with.
pub async fn answered(store: &Store, identity: IdentitySource, event: &Value) -> lambda_http::Response<String> {
    let path = event["rawPath"].as_str().or(event["path"].as_str()).unwrap_or_default();
    answer_text(store, identity, &event.to_string(), path.starts_with("/schedule/")).await
}

/// The same for an event that may be no event at all.
pub async fn answer_text(
    store: &Store,
    identity: IdentitySource,
    event: &str,
    is_schedule: bool,
) -> lambda_http::Response<String> {
    text(if is_schedule {
        answer(event, async |request| list_schedule_sessions::handler::handle(store, identity, &request).await).await
    } else {
        answer(event, async |request| list_sessions::handler::handle(store, identity, &request).await).await
    })
}
