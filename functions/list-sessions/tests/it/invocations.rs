//! Invocations whose headers are not what Lambda documents.

use std::process::Stdio;
use std::time::Duration;

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::function::{Function, Outcome, environment};
use agentscope_tests::golden::world;

const BINARY: &str = env!("CARGO_BIN_EXE_list-sessions");

const CLIENT_CONTEXT: &str = "lambda-runtime-client-context";
const IDENTITY: &str = "lambda-runtime-cognito-identity";
const DEADLINE: &str = "lambda-runtime-deadline-ms";
const ARN: &str = "lambda-runtime-invoked-function-arn";
const TRACE: &str = "lambda-runtime-trace-id";
const REQUEST_ID: &str = "lambda-runtime-aws-request-id";
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";
const TENANT: &str = "lambda-runtime-aws-tenant-id";

fn event() -> String {
    HttpRequest::sessions("alice", "7e14b3568b099142e11578fc0ae259f4").http_api().to_string()
}

fn status(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Response(response) => response["statusCode"].as_u64().unwrap_or_default(),
        Outcome::Error(error) => panic!("the invocation failed: {error}"),
    }
}

#[tokio::test]
async fn headers_that_the_function_does_not_need_may_be_anything() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(BINARY, environment(&database, "header"), Stdio::inherit()).await;
    let texts: [&[u8]; 10] = [
        br#"{"custom":{"attempt":1}}"#,
        br#"{"custom":{"nested":{"a":[true,null]}}}"#,
        br#"{"client":{"installation_id":5}}"#,
        br#"{"identity_id":5}"#,
        b"[]",
        b"null",
        b"not JSON",
        b"eyJjdXN0b20iOnt9fQ==",
        b"\xff\xfe\xe4",
        b"",
    ];
    for name in [CLIENT_CONTEXT, IDENTITY, DEADLINE, ARN, TRACE, INVOCATION_ID, TENANT] {
        for value in texts.map(|text| Some(text.to_owned())).into_iter().chain([None]) {
            let about = format!("{name}: {value:?}");
            let outcome = function.invoke_with(&event(), vec![(name, value)]).await;
            assert_eq!(status(&outcome), 200, "{about}");
        }
    }
    for deadline in ["-1", "1e9", "99999999999999999999999999", " 5"] {
        let outcome = function.invoke_with(&event(), vec![(DEADLINE, Some(deadline.into()))]).await;
        assert_eq!(status(&outcome), 200, "{deadline}");
    }
    let all = [CLIENT_CONTEXT, IDENTITY, DEADLINE, ARN, TRACE].map(|name| (name, None));
    assert_eq!(status(&function.invoke_with(&event(), all.to_vec()).await), 200);
    assert!(function.is_alive());
}

#[tokio::test]
async fn an_invocation_without_a_usable_id_is_lost_alone() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(BINARY, environment(&database, "header"), Stdio::inherit()).await;
    for id in
        [None, Some(&b""[..]), Some(b"\xff"), Some(b"a b?c#d"), Some(b"not the id that waits"), Some(b"../../next")]
    {
        let mut lost = function.send(u64::MAX, &event(), vec![(REQUEST_ID, id.map(ToOwned::to_owned))]);
        assert_eq!(status(&function.invoke(&event()).await), 200, "{id:?}");
        assert!(lost.try_recv().is_err(), "{id:?}");
    }
    assert!(function.is_alive());
}

#[tokio::test]
async fn an_event_that_is_no_json_fails_with_its_kind_of_error_and_quotes_nothing() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(BINARY, environment(&database, "header"), Stdio::piped()).await;
    for event in ["s3cret", "", "{\"s3cret\"", "{} s3cret"] {
        let Outcome::Error(error) = function.invoke(event).await else { panic!("{event}") };
        assert_eq!(error["errorType"], "Runtime.MalformedEvent");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    assert_eq!(status(&function.invoke(&event()).await), 200);
    let log = function.stop().await;
    assert!(log.contains("Runtime.MalformedEvent") && !log.contains("s3cret"), "{log}");
}

#[tokio::test]
async fn a_restored_function_requests_its_restoration_first() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut environment = environment(&database, "header");
    environment.push(("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start".to_owned()));
    let mut function = Function::start(BINARY, environment, Stdio::inherit()).await;
    let outcome = tokio::time::timeout(Duration::from_secs(60), function.invoke(&event())).await;
    assert_eq!(status(&outcome.unwrap()), 200);
}
