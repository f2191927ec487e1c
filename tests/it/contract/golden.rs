//! The golden cases, by every way in which a request reaches a function.

use agentscope_api::IdentitySource;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::golden::{cases, world};
use agentscope_tests::runtime_api::{LOAD_BALANCER_LIMIT, RESPONSE_LIMIT};
use serde_json::{Value, json};

use crate::requests::respond;

/// The responses of the reference, but for those that a result of this size cannot hold.
async fn holds_within(limit: usize, event: impl Fn(&HttpRequest) -> Value) {
    let database = TestDynamoDb::with_export(&world()).await;
    let cases = cases();
    assert!(cases.len() > 490);
    for case in cases {
        let response = respond(&database.store, IdentitySource::Header, &event(&case.request())).await;
        // In the result, the body is a JSON string.
        if json!(case.expected()).to_string().len() > limit {
            assert_eq!(response.status(), 413, "{}", case.group);
            continue;
        }
        case.check(response.status().as_u16(), response.body());
        assert_eq!(response.headers()["content-type"], "application/json");
    }
}

#[tokio::test]
async fn responses_through_an_http_api_equal_those_of_the_reference() {
    holds_within(RESPONSE_LIMIT, HttpRequest::http_api).await;
}

#[tokio::test]
async fn responses_through_a_function_url_equal_those_of_the_reference() {
    holds_within(RESPONSE_LIMIT, HttpRequest::function_url).await;
}

#[tokio::test]
async fn responses_through_a_load_balancer_equal_those_of_the_reference() {
    holds_within(LOAD_BALANCER_LIMIT, HttpRequest::load_balancer_multi_value).await;
}

#[tokio::test]
async fn responses_through_a_load_balancer_with_single_values_equal_those_of_the_reference() {
    holds_within(LOAD_BALANCER_LIMIT, HttpRequest::load_balancer).await;
}

#[tokio::test]
async fn responses_through_a_rest_api_equal_those_of_the_reference() {
    holds_within(RESPONSE_LIMIT, HttpRequest::rest_api).await;
}
