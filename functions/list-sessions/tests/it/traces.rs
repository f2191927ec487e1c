//! The trace that a request belongs to, on its way to DynamoDB and into what the binary writes.

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::emf;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::function::{Function, environment};
use agentscope_tests::golden::world;
use agentscope_tests::proxy::DynamoDbProxy;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_list-sessions");

const IDS: [&str; 2] = ["1-5bef4de7-ad49b0e87f6ef6c87fc2e700", "1-67891233-abcdef012345678912345678"];

#[tokio::test]
async fn every_request_to_dynamodb_carries_the_trace_of_its_own_event() {
    let database = TestDynamoDb::with_export(&world()).await;
    let proxy = DynamoDbProxy::recording(&database.url).await;
    let mut environment = environment(&database, "header");
    environment.push(("AWS_ENDPOINT_URL_DYNAMODB", proxy.url.clone()));
    let mut function = Function::start_recorded(BINARY, environment).await;
    let [first, second] =
        [0, 1].map(|n| format!("Root={};Parent=53995c3f42cd8ad{n};Sampled={n};Lineage=1:a42acd91:0", IDS[n]));
    let event = HttpRequest::sessions("alice", "7e14b3568b099142e11578fc0ae259f4").http_api();
    let mut before = None;
    for trace in [Some(&first), Some(&second), None, Some(&first), Some(&first)] {
        function.trace(trace.map(String::as_str));
        assert_eq!(function.call(&event).await.0, 200);
        let calls = proxy.calls();
        // What a function sends at start-up belongs to no event.
        let begun = before.unwrap_or_else(|| calls.iter().position(|call| call.trace.is_some()).unwrap());
        assert!(calls.len() >= begun + 4, "{calls:?}");
        for call in &calls[begun..] {
            assert_eq!(call.trace.as_ref(), trace, "{}", call.operation);
        }
        before = Some(calls.len());
    }
}

#[tokio::test]
async fn logs_and_metrics_name_the_trace_and_nothing_else_of_its_header() {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start_recorded(BINARY, environment(&database, "header")).await;
    let [first, second] = IDS;
    let headers = [
        (Some(format!("Root={first}")), Some(first)),
        (Some(format!("Self=s3cret;Root={second};CalledBy=s3cret;Sampled=1")), Some(second)),
        (Some("Root=s3cret".to_owned()), None),
        (Some(format!("Root={first}s3cret")), None),
        (Some("s3cret\"}\\".to_owned()), None),
        (None, None),
    ];
    for (header, _) in &headers {
        function.trace(header.as_deref());
        assert_eq!(function.call(&HttpRequest::sessions("alice", "nobody").http_api()).await.0, 404);
    }
    let output = function.stop().await;
    assert!(!output.contains("s3cret"), "{output}");
    let metrics = emf::lines(&output);
    let lines = output.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let refusals: Vec<_> = lines.filter(|line| line["message"] == "the request was refused").collect();
    assert_eq!((metrics.len(), refusals.len()), (headers.len(), headers.len()), "{output}");
    for (((_, id), metrics), refusal) in headers.iter().zip(&metrics).zip(&refusals) {
        assert_eq!(metrics["trace_id"], json!(id), "{metrics}");
        assert_eq!(refusal["span"]["trace_id"], json!(id), "{refusal}");
    }
}
