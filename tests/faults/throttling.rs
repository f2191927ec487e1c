//! A DynamoDB that is busy, broken or not ours.

use std::sync::atomic::{AtomicUsize, Ordering};

use agentscope_shared::api::{ApiError, IdentitySource, answer};
use agentscope_shared::store::Store;
use agentscope_tests::answers::text;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::proxy;

use crate::{an_agent_with, listed, newest_first};

async fn answered(store: &Store) -> lambda_http::Response<String> {
    let event = HttpRequest::sessions("alice", "a").http_api().to_string();
    let handler = async |request| -> Result<_, ApiError> {
        list_sessions::handler::handle(store, IdentitySource::Header, &request).await
    };
    text(answer(&event, handler).await)
}

#[tokio::test]
async fn a_throttled_request_is_sent_again() {
    for code in ["ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError"] {
        let database = an_agent_with(2).await;
        let count = AtomicUsize::new(0);
        let url = proxy::before(&database.url, move |call, upstream| {
            let first = count.fetch_add(1, Ordering::Relaxed) < 3;
            async move {
                if first {
                    proxy::error(if code == "InternalServerError" { 500 } else { 400 }, code)
                } else {
                    upstream.send(&call).await
                }
            }
        })
        .await;
        assert_eq!(listed(&database.store_at(&url)).await, newest_first(2), "{code}");
    }
}

#[tokio::test]
async fn a_database_that_stays_busy_is_a_503() {
    for code in ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "InternalServerError"] {
        let database = an_agent_with(1).await;
        let status = if code == "InternalServerError" { 500 } else { 400 };
        let url = proxy::before(&database.url, move |_, _| async move { proxy::error(status, code) }).await;
        let response = answered(&database.store_at(&url)).await;
        assert_eq!(response.status(), 503, "{code}");
        assert_eq!(response.body(), r#"{"detail":"Service Unavailable"}"#);
        assert_eq!(response.headers()["retry-after"], "1");
    }
}

#[tokio::test]
async fn a_permission_that_is_missing_is_a_500_that_says_nothing() {
    let database = an_agent_with(1).await;
    let url = proxy::before(&database.url, async |_, _| proxy::error(400, "AccessDeniedException")).await;
    let response = answered(&database.store_at(&url)).await;
    assert_eq!(response.status(), 500);
    assert_eq!(response.body(), r#"{"detail":"Internal Server Error"}"#);
}
