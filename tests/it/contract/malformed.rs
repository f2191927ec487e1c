//! Events that no gateway sends. Each costs an error response of its own, and never the process.

use agentscope_api::{ApiError, IdentitySource, Response, handle_event};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::responses::text;
use serde_json::{Value, json};

use crate::contract::world::database;
use crate::requests::{GATEWAYS, assert_json, respond_to_text};

async fn is_bad_request(database: &TestDynamoDb, event: &str) {
    for is_schedule in [false, true] {
        let response = respond_to_text(&database.store, IdentitySource::Header, event, is_schedule).await;
        let about: String = event.chars().take(400).collect();
        assert_eq!(
            (response.status().as_u16(), response.body().as_str()),
            (400, r#"{"detail":"Bad Request"}"#),
            "{about}"
        );
        assert_json(&response, &about);
    }
}

/// An event of each way with one member replaced. The member is named by a JSON pointer.
fn changed(pointer: &str, value: &Value) -> Vec<String> {
    let request = HttpRequest::sessions("alice", "a");
    let mut events: Vec<Value> = GATEWAYS.iter().map(|(_, event)| event(&request)).collect();
    events.retain_mut(|event| match event.pointer_mut(pointer) {
        Some(member) => {
            *member = value.clone();
            true
        }
        None => false,
    });
    assert!(!events.is_empty(), "no event has {pointer}");
    events.iter().map(Value::to_string).collect()
}

#[tokio::test]
async fn what_is_no_event_is_a_bad_request() {
    let database = database().await;
    for event in [
        "",
        " ",
        "null",
        "true",
        "1",
        "\"\"",
        "\"/sessions/\"",
        "[]",
        "[[]]",
        "[\"2.0\"]",
        "{}",
        "{",
        "{}}",
        "nonsense",
        r#"{"version":"2.0"}"#,
        r#"{"version":"1.0"}"#,
        r#"{"version":2}"#,
        r#"{"version":null}"#,
        r#"{"version":{}}"#,
        r#"{"version":"2.0","requestContext":null}"#,
        r#"{"version":"2.0","requestContext":{"http":{}}}"#,
        r#"{"Records":[{"eventSource":"aws:sqs","body":"x"}]}"#,
        r#"{"rawPath":"/sessions/"}"#,
        r#"{"requestContext":{"elb":null},"httpMethod":"GET","path":"/sessions/"}"#,
        r#"{"requestContext":{"elb":{}},"httpMethod":"GET","path":"/sessions/"}"#,
        r#"{"requestContext":{"elb":{"targetGroupArn":1}},"httpMethod":"GET","path":"/sessions/"}"#,
        r#"{"requestContext":{"elb":{"targetGroupArn":"arn"}},"httpMethod":"GET"}"#,
        r#"{"requestContext":{"elb":{"targetGroupArn":"arn"}},"path":"/sessions/"}"#,
        r#"{"version":"2.0","requestContext":{"elb":{"targetGroupArn":"arn"}},"httpMethod":"GET","path":"/sessions/"}"#,
        // Half of a surrogate pair, which no UTF-8 text can hold.
        r#"{"version":"2.0","rawPath":"\ud800"}"#,
    ] {
        is_bad_request(&database, event).await;
    }
    // More than a map of headers can have.
    let headers: serde_json::Map<_, _> = (0..40_000).map(|number| (format!("x-{number}"), json!("x"))).collect();
    for pointer in ["/headers", "/multiValueHeaders"] {
        for event in changed(pointer, &json!(headers)) {
            is_bad_request(&database, &event).await;
        }
    }
    let nested = "[".repeat(100_000);
    is_bad_request(&database, &nested).await;
    is_bad_request(&database, &format!(r#"{{"version":"2.0","body":{nested}"#)).await;
}

#[tokio::test]
async fn members_of_another_type_are_a_bad_request() {
    let database = database().await;
    for pointer in [
        "/rawPath",
        "/rawQueryString",
        "/path",
        "/headers",
        "/multiValueHeaders",
        "/requestContext",
        "/requestContext/http",
        "/requestContext/http/method",
        "/requestContext/stage",
        "/requestContext/apiId",
        "/httpMethod",
        "/pathParameters",
        "/queryStringParameters",
        "/multiValueQueryStringParameters",
        "/requestContext/elb",
        "/requestContext/elb/targetGroupArn",
    ] {
        for value in [json!(1), json!(true), json!([[1]]), json!({ "a": { "b": 1 } })] {
            for event in changed(pointer, &value) {
                is_bad_request(&database, &event).await;
            }
        }
    }
    for event in changed("/requestContext", &Value::Null) {
        is_bad_request(&database, &event).await;
    }
}

#[tokio::test]
async fn a_method_that_is_none_is_a_bad_request() {
    let database = database().await;
    for method in ["GET /", "G\u{0}T", "GÉT", " GET", "GET\r\n", "{}", "(GET)"] {
        for pointer in ["/requestContext/http/method", "/httpMethod"] {
            for event in changed(pointer, &json!(method)) {
                is_bad_request(&database, &event).await;
            }
        }
    }
}

#[tokio::test]
async fn headers_that_http_does_not_allow_are_a_bad_request() {
    let database = database().await;
    for headers in [
        json!({ "x-user-id": "ali\u{0}ce" }),
        json!({ "x-user-id": "alice\r\nx-user-id: bob" }),
        json!({ "x-user-id": "alice\u{7f}" }),
        json!({ "x-user-id": "alice", "x-other": "\u{1b}[2J" }),
        json!({ "x-user-id": "alice", "x other": "" }),
        json!({ "x-user-id": "alice", "": "" }),
        json!({ "x-user-id": "alice", "x-ünicode": "" }),
        json!({ "x-user-id": null }),
    ] {
        for pointer in ["/headers", "/multiValueHeaders"] {
            for event in changed(pointer, &headers) {
                is_bad_request(&database, &event).await;
            }
        }
    }
}

#[tokio::test]
async fn what_a_gateway_leaves_null_or_out_is_no_fault() {
    let database = database().await;
    let request = HttpRequest::sessions("alice", "a");
    let optional =
        ["body", "pathParameters", "stageVariables", "cookies", "queryStringParameters", "resource", "routeKey"];
    for (way, event) in GATEWAYS {
        for member in optional {
            // A load balancer has the query nowhere else.
            if way == "load balancer" && member == "queryStringParameters" {
                continue;
            }
            let mut nulled = event(&request);
            nulled[member] = Value::Null;
            let mut without = event(&request);
            without.as_object_mut().unwrap().remove(member);
            for event in [nulled, without] {
                let response =
                    respond_to_text(&database.store, IdentitySource::Header, &event.to_string(), false).await;
                assert_eq!(response.status(), 200, "{way} without {member}: {event}");
            }
        }
    }
}

#[tokio::test]
async fn the_event_after_a_malformed_one_gets_a_response() {
    let handler = async |_| Ok::<_, ApiError>(Response::new("{}".to_owned().into()));
    assert_eq!(handle_event("{", handler).await.status(), 400);
    let response = text(handle_event(&HttpRequest::sessions("alice", "a").http_api().to_string(), handler).await);
    assert_eq!((response.status().as_u16(), response.body().as_str()), (200, "{}"));
}
