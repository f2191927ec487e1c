//! The binary that Lambda runs, behind a Runtime API.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agentscope_tests::both_binaries::{
    check_golden_cases, check_malformed_events, check_settings, check_that_jwt_ignores_the_header,
};
use agentscope_tests::claims::check_that_only_the_claim_counts;
use agentscope_tests::compressed::check_compressed_responses;
use agentscope_tests::cors::check_cors;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::function::{Function, environment};
use agentscope_tests::golden::world;
use agentscope_tests::load_balancer::{check_load_balancer_responses, check_that_only_the_load_balancer_counts};
use agentscope_tests::proxy::{Action, DynamoDbProxy};
use agentscope_tests::runtime_api::deadline_in;
use agentscope_tests::streaming::{
    check_malformed_events_of_streams, check_streamed_golden_cases, check_that_other_gateways_get_buffered_responses,
    check_that_streams_equal_buffered_responses,
};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_list-sessions");

fn a_request(user_id: &str) -> HttpRequest {
    HttpRequest::sessions(user_id, "7e14b3568b099142e11578fc0ae259f4")
}

#[tokio::test]
async fn it_passes_the_golden_cases() {
    check_golden_cases(BINARY, "/sessions").await;
}

#[tokio::test]
async fn compressed_responses_are_marked_for_the_gateway_and_decode_to_the_plain_ones() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(BINARY, environment(&database, "header"), Stdio::null()).await;
    check_compressed_responses(&mut function, &a_request("alice")).await;
}

#[tokio::test]
async fn a_load_balancer_gets_responses_in_the_form_of_its_events() {
    check_load_balancer_responses(BINARY, &a_request("alice")).await;
}

#[tokio::test]
async fn the_header_of_a_load_balancer_that_signs_users_in_counts_in_its_events_only() {
    check_that_only_the_load_balancer_counts(BINARY, a_request).await;
}

#[tokio::test]
async fn pages_of_the_configured_origins_and_no_others_may_read_responses() {
    check_cors(BINARY, &a_request("alice")).await;
}

#[tokio::test]
async fn it_passes_the_golden_cases_when_it_streams() {
    check_streamed_golden_cases(BINARY, "/sessions").await;
}

#[tokio::test]
async fn a_streamed_response_is_the_buffered_one_byte_for_byte() {
    check_that_streams_equal_buffered_responses(BINARY, &a_request("alice")).await;
}

#[tokio::test]
async fn a_gateway_that_cannot_stream_gets_buffered_responses_in_either_mode() {
    check_that_other_gateways_get_buffered_responses(BINARY, &a_request("alice")).await;
}

#[tokio::test]
async fn a_malformed_event_costs_that_event_alone_when_it_streams() {
    check_malformed_events_of_streams(BINARY, &a_request("alice")).await;
}

#[tokio::test]
async fn a_malformed_event_costs_that_event_alone() {
    check_malformed_events(BINARY, &a_request("alice")).await;
}

#[tokio::test]
async fn with_jwt_the_header_is_ignored() {
    check_that_jwt_ignores_the_header(BINARY, a_request).await;
}

#[tokio::test]
async fn another_claim_than_the_subject_names_the_caller_if_it_is_configured() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut environment = environment(&database, "jwt");
    environment.push(("IDENTITY_CLAIM", "cognito:username".to_owned()));
    let mut function = Function::start(BINARY, environment, Stdio::null()).await;
    check_that_only_the_claim_counts(&mut function, "cognito:username", a_request).await;
}

#[tokio::test]
async fn a_base_path_is_removed_where_it_is_configured() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut request = a_request("alice");
    request.path = "/team/chat/sessions/".to_owned();
    for (base_path, status) in [(None, 404), (Some("/team"), 404), (Some("/team/chat"), 200)] {
        let mut environment = environment(&database, "header");
        environment.extend(base_path.map(|path| ("BASE_PATH", path.to_owned())));
        let mut function = Function::start(BINARY, environment, Stdio::null()).await;
        assert_eq!(function.call(&request.function_url()).await.0, status, "{base_path:?}");
        assert_eq!(function.call(&a_request("alice").http_api_below("/other")).await.0, 200, "{base_path:?}");
        assert_eq!(function.call(&a_request("alice").function_url()).await.0, 200, "{base_path:?}");
    }
}

#[tokio::test]
async fn it_stops_at_once_if_a_setting_is_missing_or_wrong() {
    check_settings(BINARY).await;
}

#[tokio::test]
async fn its_logs_are_json_with_the_request_id_and_nothing_private() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut environment = environment(&database, "header");
    // The most talkative that it can be made.
    environment.push(("AWS_LAMBDA_LOG_LEVEL", "TRACE".to_owned()));
    environment.push(("RUST_LOG", "trace".to_owned()));
    let mut function = Function::start(BINARY, environment, Stdio::piped()).await;
    let mut event = a_request("alice").http_api();
    event["headers"]["authorization"] = json!("Bearer s3cret");
    let (status, _, body) = function.call(&event).await;
    assert_eq!(status, 200);
    assert_eq!(function.call(&a_request("mallory").http_api()).await.0, 404);
    assert_eq!(function.call(&json!({ "version": "2.0", "headers": { "x": "s3cret\n" } })).await.0, 400);
    let log = function.stop().await;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["status"] == 404 && line["span"]["request_id"] == "request-2"), "{log}");
    assert!(lines.iter().any(|line| line["status"] == 400 && line["span"]["request_id"] == "request-3"), "{log}");
    let body: Value = serde_json::from_str(&body).unwrap();
    let session = &body["sessions"][0]["session"];
    for private in
        ["s3cret", "Bearer", session["id"].as_str().unwrap(), session["state"]["session_id"].as_str().unwrap()]
    {
        assert!(private.is_empty() || !log.contains(private), "{private} in {log}");
    }
}

#[tokio::test]
async fn it_responds_before_its_deadline_without_the_database_and_handles_the_next_event() {
    let database = TestDynamoDb::with_export(&world()).await;
    let silent = Arc::new(AtomicBool::new(true));
    let is_silent = Arc::clone(&silent);
    let proxy = DynamoDbProxy::with_actions(&database.url, move |_| {
        if is_silent.load(Ordering::SeqCst) { Action::Hang } else { Action::Forward }
    })
    .await;
    let mut environment = environment(&database, "header");
    environment.push(("AWS_ENDPOINT_URL_DYNAMODB", proxy.url.clone()));
    let mut function = Function::start(BINARY, environment, Stdio::piped()).await;
    let event = a_request("alice").http_api();
    for left in [Duration::from_millis(400), Duration::from_millis(2000)] {
        let (status, headers, body) = function.call_until(deadline_in(left), &event).await;
        assert_eq!((status, body.as_str()), (503, r#"{"detail":"Service Unavailable"}"#));
        assert_eq!(headers["retry-after"], "1");
    }
    silent.store(false, Ordering::SeqCst);
    assert_eq!(function.call_until(deadline_in(Duration::from_secs(60)), &event).await.0, 200);
    let log = function.stop().await;
    let line = log.lines().find(|line| line.contains("request-2") && line.contains("ERROR")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["level"], &line["status"]), (&json!("ERROR"), &json!(503)), "{log}");
    assert!(line["error"].as_str().unwrap().starts_with("out of time: "), "{log}");
}

#[tokio::test]
async fn a_deadline_that_is_none_stops_nothing() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(BINARY, environment(&database, "header"), Stdio::null()).await;
    // Ten minutes after 1970 is what `cargo lambda watch` says.
    for deadline in [0, 600_000, u64::MAX] {
        assert_eq!(function.call_until(deadline, &a_request("alice").http_api()).await.0, 200, "{deadline}");
    }
}

#[tokio::test]
async fn the_log_names_the_item_that_cannot_be_read_and_quotes_nothing_of_it() {
    let database = TestDynamoDb::with_export(&world()).await;
    let agent_id = "7e14b3568b099142e11578fc0ae259f4";
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let put = database.client.put_item().table_name(&database.store.names().agents);
    let put = put.item("user_id", text("alice")).item("id", text(agent_id)).item("release", text("2.0.1"));
    let put = put.item("json", text("{s3cret}"));
    put.send().await.unwrap();
    let mut function = Function::start(BINARY, environment(&database, "header"), Stdio::piped()).await;
    let (status, _, body) = function.call(&a_request("alice").http_api()).await;
    assert_eq!((status, body.as_str()), (500, r#"{"detail":"Internal Server Error"}"#));
    let log = function.stop().await;
    let line = log.lines().find(|line| line.contains("\"level\":\"ERROR\"")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    let error = line["error"].as_str().unwrap();
    assert!(error.contains(agent_id) && error.contains(&database.store.names().agents), "{log}");
    assert!(error.contains("json is not JSON") && !log.contains("s3cret"), "{log}");
}
