//! A function that panics: it serves the next request and logs nothing of the request.

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::emf;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::function::{Function, environment};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_panicking");

#[tokio::test]
async fn a_panic_costs_its_request_alone_and_leaves_a_line_of_metrics_and_nothing_of_the_request() {
    let database = TestDynamoDb::start().await;
    let mut function = Function::start_recorded(BINARY, environment(&database, "header")).await;
    for _ in 0..2 {
        let (status, _, body) = function.call(&HttpRequest::sessions("s3cret", "s3cret").http_api()).await;
        assert_eq!((status, body.as_str()), (500, r#"{"detail":"Internal Server Error"}"#));
    }
    assert!(function.is_alive());
    let output = function.stop().await;
    assert!(!output.contains("s3cret"), "{output}");
    let lines = emf::lines(&output);
    assert_eq!(lines.len(), 2, "{output}");
    for (number, line) in lines.iter().enumerate() {
        emf::check(line).unwrap();
        assert_eq!((&line["Route"], &line["Outcome"]), (&json!("panicking"), &json!("server-error")));
        assert_eq!((&line["status"], &line["ServerErrors"]), (&json!(500), &json!(1)));
        assert_eq!(line["ColdStarts"], u8::from(number == 0));
        assert_eq!(line["request_id"], format!("request-{}", number + 1));
    }
    let panics = output.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let panics: Vec<_> = panics.filter(|line| line["message"] == "panic").collect();
    assert_eq!(panics.len(), 2, "{output}");
    assert!(panics[0]["location"].as_str().unwrap().contains("panicking.rs"));
    assert_eq!(panics[1]["span"]["request_id"], "request-2");
}
