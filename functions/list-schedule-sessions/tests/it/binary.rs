//! The binary that Lambda runs, behind a Runtime API.

use std::process::Stdio;

use agentscope_tests::claims::check_that_only_the_claim_counts;
use agentscope_tests::compressed::check_compressed_responses;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::emf;
use agentscope_tests::events::{HttpRequest, with_claims};
use agentscope_tests::function::{Function, Outcome, environment, run_to_end};
use agentscope_tests::golden::{cases, world};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_list-schedule-sessions");

fn a_request(user_id: &str) -> HttpRequest {
    HttpRequest::schedule_sessions(user_id, "c807588d7e6a0a4e0b1a5158b06d0cbb")
}

#[tokio::test]
async fn it_passes_the_golden_cases() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(BINARY, environment(&database, "header"), Stdio::null()).await;
    let mut count = 0;
    for case in cases().into_iter().filter(|case| case.request().path.starts_with("/schedule/")) {
        let (status, headers, body) = function.call(&case.request().http_api()).await;
        case.check(status, &body);
        assert_eq!(headers["content-type"], "application/json");
        count += 1;
    }
    assert!(count > 100);
}

#[tokio::test]
async fn compressed_responses_are_marked_for_the_gateway_and_decode_to_the_plain_ones() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(BINARY, environment(&database, "header"), Stdio::null()).await;
    check_compressed_responses(&mut function, &a_request("alice")).await;
}

#[tokio::test]
async fn a_malformed_event_costs_that_event_alone() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(BINARY, environment(&database, "header"), Stdio::null()).await;
    let good = a_request("alice").http_api();
    for malformed in ["null", "[]", "{}", "\"text\"", r#"{"version":"2.0"}"#, r#"{"version":2}"#, "not JSON"] {
        match function.invoke(malformed).await {
            Outcome::Response(response) => assert_eq!(response["statusCode"], 400, "{malformed}"),
            // What is no JSON at all never reaches the function's own code.
            Outcome::Error(_) => assert_eq!(malformed, "not JSON"),
        }
        assert_eq!(function.call(&good).await.0, 200, "after {malformed}");
    }
    assert!(function.is_alive());
}

#[tokio::test]
async fn with_jwt_the_header_is_ignored() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(BINARY, environment(&database, "jwt"), Stdio::null()).await;
    let event = a_request("mallory").http_api();
    let as_alice = with_claims(event.clone(), json!({ "sub": "alice" }));
    assert_eq!(function.call(&as_alice).await.0, 200);
    let as_mallory = with_claims(a_request("alice").http_api(), json!({ "sub": "mallory" }));
    assert_eq!(function.call(&as_mallory).await.0, 404);
    assert_eq!(function.call(&a_request("alice").http_api()).await.0, 401);
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
    let names = ["SESSIONS_TABLE", "AGENTS_TABLE", "TEAMS_TABLE", "SCHEDULES_TABLE", "IDENTITY_SOURCE"];
    let settings = || names.map(|name| (name, if name == "IDENTITY_SOURCE" { "header" } else { "a-table" }.to_owned()));
    for name in names {
        let without = settings().into_iter().filter(|(other, _)| *other != name).collect();
        let (succeeded, written) = run_to_end(BINARY, without).await;
        assert!(!succeeded && written.contains(name), "{name}: {written}");
        let wrong =
            settings().into_iter().map(|(other, value)| (other, if other == name { "#".into() } else { value }));
        let (succeeded, written) = run_to_end(BINARY, wrong.collect()).await;
        assert!(!succeeded && written.contains(name), "{name}: {written}");
    }
    for (name, value) in
        [("IDENTITY_CLAIM", ""), ("IDENTITY_CLAIM", " sub"), ("METRICS_NAMESPACE", ""), ("METRICS_NAMESPACE", "AWS/X")]
    {
        let mut settings = settings().to_vec();
        settings.retain(|(other, _)| *other != "IDENTITY_SOURCE");
        settings.extend([("IDENTITY_SOURCE", "jwt".to_owned()), (name, value.to_owned())]);
        let (succeeded, written) = run_to_end(BINARY, settings).await;
        assert!(!succeeded && written.contains(name), "{name}: {written}");
    }
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
    // Schedule, rows; heads.
    let expected = [("ok", sessions, 3), ("not-modified", 0, 3), ("client-error", 0, 2), ("client-error", 0, 0)];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (number, (line, (outcome, sessions, requests))) in lines.iter().zip(expected).enumerate() {
        emf::check(line).unwrap();
        assert_eq!((&line["Route"], &line["Outcome"]), (&json!("list-schedule-sessions"), &json!(outcome)));
        assert_eq!((&line["Sessions"], &line["DynamoDbRequests"]), (&json!(sessions), &json!(requests)), "{line}");
        assert_eq!(line["ReadUnits"].as_f64().unwrap() > 0.0, requests > 0, "{line}");
        assert_eq!(line["ColdStarts"], u8::from(number == 0));
    }
}
