//! Streamed responses of both functions' binaries: the same as buffered ones.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::dynamodb::TestDynamoDb;
use crate::emf;
use crate::events::{HttpRequest, with_claims};
use crate::function::{Function, Outcome, environment, posted};
use crate::golden::{cases, world};
use crate::responses::header;
use crate::runtime_api::{NO_DEADLINE, PostedKind};
use crate::streamed::Streamed;

/// The environment of a function that streams.
pub fn streaming_environment(database: &TestDynamoDb, identity: &str) -> Vec<(&'static str, String)> {
    let mut environment = environment(database, identity);
    environment.push(("RESPONSE_MODE", "streaming".to_owned()));
    environment
}

async fn invoke(function: &mut Function, event: &Value) -> Value {
    match function.invoke(&event.to_string()).await {
        Outcome::Response(response) => response,
        Outcome::Error(error) => panic!("{error}"),
    }
}

/// Sends the golden requests whose paths have this prefix through gateways that stream.
///
/// # Panics
///
/// A response is not streamed, or differs from the golden one.
pub async fn check_streamed_golden_cases(binary: &str, prefix: &str) {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(binary, streaming_environment(&database, "header"), Stdio::null()).await;
    for case in cases().into_iter().filter(|case| case.request().path.starts_with(prefix)) {
        for event in [case.request().rest_api(), case.request().function_url()] {
            let receiver = function.send(NO_DEADLINE, &event.to_string(), Vec::new());
            let streamed = Streamed::read(&posted(receiver).await).expect("the response is not streamed");
            let status = streamed.metadata["statusCode"].as_u64().unwrap();
            case.check(status as u16, std::str::from_utf8(&streamed.body).unwrap());
            assert_eq!(streamed.metadata["headers"]["content-type"], "application/json");
        }
    }
}

/// Requests of every outcome: this one, which gets 200, in every encoding and with its entity tag,
/// and others that are refused.
fn requests(request: &HttpRequest, etag: &str) -> Vec<HttpRequest> {
    let with = |name: &str, value: &str| {
        let mut request = request.clone();
        request.headers.push((name.into(), value.into()));
        request
    };
    let mut requests = vec![request.clone()];
    requests.extend(["gzip", "br", "zstd"].map(|encoding| with("accept-encoding", encoding)));
    requests.extend([with("if-none-match", etag), with("if-none-match", "\"another\"")]);
    for query in ["limit=1", "limit=1&count=true", "view=summary", "limit=0", "cursor=x"] {
        requests.push(HttpRequest { query: format!("{}&{query}", request.query), ..request.clone() });
    }
    requests.push(HttpRequest { headers: vec![], ..request.clone() });
    requests.push(HttpRequest { headers: vec![("x-user-id".into(), " ".into())], ..request.clone() });
    requests.push(HttpRequest { headers: vec![("x-user-id".into(), "mallory".into())], ..request.clone() });
    requests.push(HttpRequest { method: "POST".into(), ..request.clone() });
    requests.push(HttpRequest { method: "HEAD".into(), ..request.clone() });
    requests.push(HttpRequest::get("/nowhere", "", "alice"));
    requests
}

/// Sends requests of every outcome to a function that streams and to one that does not.
///
/// # Panics
///
/// Status, headers, body or metrics differ.
pub async fn check_that_streams_equal_buffered_responses(binary: &str, request: &HttpRequest) {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut buffered = Function::start_recorded(binary, environment(&database, "header")).await;
    let mut streaming = Function::start_recorded(binary, streaming_environment(&database, "header")).await;
    let etag = header(&invoke(&mut buffered, &request.function_url()).await, "etag").unwrap().to_owned();
    invoke(&mut streaming, &request.function_url()).await;
    let mut sizes = vec![None];
    for request in requests(request, &etag) {
        let event = request.function_url();
        let mut expected = invoke(&mut buffered, &event).await;
        let receiver = streaming.send(NO_DEADLINE, &event.to_string(), Vec::new());
        let streamed = Streamed::read(&posted(receiver).await).expect("the response is not streamed");
        assert_eq!(streamed.metadata["cookies"], json!([]), "as in the buffered response");
        sizes.push(Some(streamed.size));
        expected.as_object_mut().unwrap().remove("cookies");
        assert!(streamed.into_buffered() == expected, "{request:?}");
    }
    let lines = emf::lines(&buffered.stop().await).into_iter().zip(emf::lines(&streaming.stop().await));
    let mut count = 0;
    for ((mut one, mut other), size) in lines.zip(&sizes) {
        emf::check(&other).unwrap();
        if let Some(size) = size {
            assert_eq!(other["ResponseBytes"], json!(size), "{other}");
        }
        // The size is that of another form, the times are times, and read units come in any order.
        for line in [&mut one, &mut other] {
            for member in ["_aws", "Latency", "ResponseBytes"] {
                line.as_object_mut().unwrap().remove(member);
            }
        }
        assert_eq!(one, other);
        count += 1;
    }
    assert_eq!(count, sizes.len());
}

/// Sends a request, which gets 200, to a function that streams, through gateways that cannot.
///
/// # Panics
///
/// The response is streamed.
pub async fn check_that_other_gateways_get_buffered_responses(binary: &str, request: &HttpRequest) {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(binary, streaming_environment(&database, "header"), Stdio::null()).await;
    for event in [request.http_api(), request.load_balancer(), request.load_balancer_multi_value()] {
        let receiver = function.send(NO_DEADLINE, &event.to_string(), Vec::new());
        let posted = posted(receiver).await;
        assert!(Streamed::read(&posted).is_none(), "{event}");
        let response: Value = serde_json::from_slice(&posted.body()).unwrap();
        assert_eq!(response["statusCode"], 200, "{event}");
    }
}

/// Sends events that are none, and this request, which gets 200, after each.
///
/// # Panics
///
/// A malformed event gets another response than 400, or ends the process.
pub async fn check_malformed_events_of_streams(binary: &str, request: &HttpRequest) {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(binary, streaming_environment(&database, "header"), Stdio::null()).await;
    let event = with_claims(request.rest_api(), json!({}));
    for malformed in ["null", "[]", "{}", r#"{"version":"2.0"}"#, r#"{"requestContext":{"elb":{}}}"#] {
        assert_eq!(invoke(&mut function, &serde_json::from_str(malformed).unwrap()).await["statusCode"], 400);
        assert_eq!(invoke(&mut function, &event).await["statusCode"], 200, "after {malformed}");
    }
    let receiver = function.send(NO_DEADLINE, "not JSON", Vec::new());
    assert_eq!(posted(receiver).await.kind, PostedKind::Error);
    assert!(function.is_alive());
}
