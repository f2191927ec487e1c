//! The golden cases, by every way in which a request reaches a function.

use agentscope_api::IdentitySource;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::golden::{cases, world};
use serde_json::Value;

use crate::requests::respond;

async fn holds_for(event: impl Fn(&HttpRequest) -> Value) {
    let database = TestDynamoDb::with_export(&world()).await;
    let cases = cases();
    assert!(cases.len() > 490);
    for case in cases {
        let response = respond(&database.store, IdentitySource::Header, &event(&case.request())).await;
        case.check(response.status().as_u16(), response.body());
        assert_eq!(response.headers()["content-type"], "application/json");
    }
}

#[tokio::test]
async fn responses_through_an_http_api_equal_those_of_the_reference() {
    holds_for(HttpRequest::http_api).await;
}

#[tokio::test]
async fn responses_through_a_function_url_equal_those_of_the_reference() {
    holds_for(HttpRequest::function_url).await;
}

#[tokio::test]
async fn responses_through_a_rest_api_equal_those_of_the_reference() {
    holds_for(HttpRequest::rest_api).await;
}
