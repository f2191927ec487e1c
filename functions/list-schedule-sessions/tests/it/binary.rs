//! The binary that Lambda runs, behind a Runtime API.

use std::process::Stdio;

use agentscope_tests::both_binaries::{
    check_golden_cases, check_malformed_events, check_settings, check_that_jwt_ignores_the_header,
};
use agentscope_tests::claims::check_that_only_the_claim_counts;
use agentscope_tests::compressed::check_compressed_responses;
use agentscope_tests::cors::check_cors;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::emf;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::function::{Function, environment};
use agentscope_tests::golden::world;
use agentscope_tests::load_balancer::{check_load_balancer_responses, check_that_only_the_load_balancer_counts};
use agentscope_tests::streaming::{
    check_malformed_events_of_streams, check_streamed_golden_cases, check_that_other_gateways_get_buffered_responses,
    check_that_streams_equal_buffered_responses,
};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_list-schedule-sessions");

fn a_request(user_id: &str) -> HttpRequest {
    HttpRequest::schedule_sessions(user_id, "c807588d7e6a0a4e0b1a5158b06d0cbb")
}

#[tokio::test]
async fn it_passes_the_golden_cases() {
    check_golden_cases(BINARY, "/schedule/").await;
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
    check_streamed_golden_cases(BINARY, "/schedule/").await;
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
    let session = &body["sessions"][0];
    for private in
        ["s3cret", "Bearer", session["id"].as_str().unwrap(), session["state"]["session_id"].as_str().unwrap()]
    {
        assert!(private.is_empty() || !log.contains(private), "{private} in {log}");
    }
}

#[tokio::test]
async fn every_request_leaves_a_line_of_metrics() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start_recorded(BINARY, environment(&database, "header")).await;
    let mut event = a_request("alice").http_api();
    let (status, headers, body) = function.call(&event).await;
    assert_eq!(status, 200);
    let sessions = serde_json::from_str::<Value>(&body).unwrap()["sessions"].as_array().unwrap().len();
    assert!(sessions > 0);
    event["headers"]["if-none-match"] = headers["etag"].clone();
    assert_eq!(function.call(&event).await.0, 304);
    assert_eq!(function.call(&a_request("mallory").http_api()).await.0, 404);
    assert_eq!(function.call(&json!(null)).await.0, 400);
    let lines = emf::lines(&function.stop().await);
    // Schedule, rows, changes; bulks.
    let expected = [("ok", sessions, 4), ("not-modified", 0, 3), ("client-error", 0, 3), ("client-error", 0, 0)];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (number, (line, (outcome, sessions, requests))) in lines.iter().zip(expected).enumerate() {
        emf::check(line).unwrap();
        assert_eq!((&line["Route"], &line["Outcome"]), (&json!("list-schedule-sessions"), &json!(outcome)));
        assert_eq!((&line["Sessions"], &line["DynamoDbRequests"]), (&json!(sessions), &json!(requests)), "{line}");
        assert_eq!(line["ReadUnits"].as_f64().unwrap() > 0.0, requests > 0, "{line}");
        assert_eq!(line["ColdStarts"], u8::from(number == 0));
    }
}
