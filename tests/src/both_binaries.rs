//! Checks that both functions' binaries pass. Each crate runs them on its own binary.

use std::process::Stdio;

use serde_json::json;

use crate::dynamodb::TestDynamoDb;
use crate::events::{HttpRequest, with_claims};
use crate::function::{Function, Outcome, environment, run_to_end};
use crate::golden::{cases, world};

/// Sends the golden requests whose paths have this prefix.
///
/// # Panics
///
/// A response differs from the golden one.
pub async fn check_golden_cases(binary: &str, prefix: &str) {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(binary, environment(&database, "header"), Stdio::null()).await;
    let mut count = 0;
    for case in cases().into_iter().filter(|case| case.request().path.starts_with(prefix)) {
        let (status, headers, body) = function.call(&case.request().http_api()).await;
        case.check(status, &body);
        assert_eq!(headers["content-type"], "application/json");
        count += 1;
    }
    assert!(count > 100);
}

/// Sends malformed events, and this request, which gets 200, after each.
///
/// # Panics
///
/// A malformed event gets another response than 400, or ends the process.
pub async fn check_malformed_events(binary: &str, request: &HttpRequest) {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(binary, environment(&database, "header"), Stdio::null()).await;
    let event = request.http_api();
    for malformed in ["null", "[]", "{}", "\"text\"", r#"{"version":"2.0"}"#, r#"{"version":2}"#, "not JSON"] {
        match function.invoke(malformed).await {
            Outcome::Response(response) => assert_eq!(response["statusCode"], 400, "{malformed}"),
            // The loop rejects an event that is not JSON before the function's own code runs.
            Outcome::Error(_) => assert_eq!(malformed, "not JSON"),
        }
        assert_eq!(function.call(&event).await.0, 200, "after {malformed}");
    }
    assert!(function.is_alive());
}

/// Sends requests whose header and claim name different users, to a function that believes claims.
///
/// # Panics
///
/// The function believes the header.
pub async fn check_that_jwt_ignores_the_header(binary: &str, request_of: impl Fn(&str) -> HttpRequest) {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(binary, environment(&database, "jwt"), Stdio::null()).await;
    let as_alice = with_claims(request_of("mallory").http_api(), json!({ "sub": "alice" }));
    assert_eq!(function.call(&as_alice).await.0, 200);
    let as_mallory = with_claims(request_of("alice").http_api(), json!({ "sub": "mallory" }));
    assert_eq!(function.call(&as_mallory).await.0, 404);
    assert_eq!(function.call(&request_of("alice").http_api()).await.0, 401);
}

/// Starts the function without each of its required settings, and with invalid values.
///
/// # Panics
///
/// It runs, or does not name the setting.
pub async fn check_settings(binary: &str) {
    let names = ["SESSIONS_TABLE", "AGENTS_TABLE", "TEAMS_TABLE", "SCHEDULES_TABLE", "IDENTITY_SOURCE"];
    let settings = || names.map(|name| (name, if name == "IDENTITY_SOURCE" { "header" } else { "a-table" }.to_owned()));
    let mut cases = Vec::new();
    for name in names {
        cases.push((name, settings().into_iter().filter(|(other, _)| *other != name).collect()));
        let invalid =
            settings().into_iter().map(|(other, value)| (other, if other == name { "#".into() } else { value }));
        cases.push((name, invalid.collect()));
    }
    for (name, value) in [
        ("IDENTITY_CLAIM", ""),
        ("IDENTITY_CLAIM", " sub"),
        ("METRICS_NAMESPACE", ""),
        ("METRICS_NAMESPACE", "AWS/X"),
        ("BASE_PATH", ""),
        ("BASE_PATH", "chat/"),
        ("EVENT_SOURCE", ""),
        ("EVENT_SOURCE", "elb"),
        ("RESPONSE_MODE", "stream"),
        ("MAX_LIST_BYTES", "64MB"),
        ("ALLOWED_ORIGINS", "chat.example.com"),
    ] {
        let mut settings = settings().to_vec();
        settings.retain(|(other, _)| *other != "IDENTITY_SOURCE");
        settings.extend([("IDENTITY_SOURCE", "jwt".to_owned()), (name, value.to_owned())]);
        cases.push((name, settings));
    }
    for (name, settings) in cases {
        let (succeeded, written) = run_to_end(binary, settings).await;
        assert!(!succeeded && written.contains(name), "{name}: {written}");
    }
}
