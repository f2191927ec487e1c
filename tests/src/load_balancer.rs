//! What a load balancer gets from the binaries that Lambda runs.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::dynamodb::TestDynamoDb;
use crate::events::{HttpRequest, with_claims};
use crate::function::{Function, Outcome, environment};
use crate::golden::world;
use crate::responses::{body, header};

/// Sends a request, which gets 200, in both forms of a load balancer's events.
///
/// # Panics
///
/// A response has not the members that the load balancer expects, or another body than an HTTP API
/// gets.
pub async fn check_load_balancer_responses(binary: &str, request: &HttpRequest) {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut function = Function::start(binary, environment(&database, "header"), Stdio::null()).await;
    let mut send = async |event: Value| match function.invoke(&event.to_string()).await {
        Outcome::Response(response) => response,
        Outcome::Error(error) => panic!("{error}"),
    };
    let expected = send(request.http_api()).await;
    let etag = header(&expected, "etag").unwrap().to_owned();
    for accept in ["identity", "gzip", "br", "zstd"] {
        let mut request = request.clone();
        request.headers.push(("accept-encoding".into(), accept.into()));
        for (event, headers) in
            [(request.load_balancer(), "headers"), (request.load_balancer_multi_value(), "multiValueHeaders")]
        {
            let response = send(event).await;
            let members: Vec<_> = response.as_object().unwrap().keys().map(String::as_str).collect();
            let mut wanted = ["body", headers, "isBase64Encoded", "statusCode", "statusDescription"];
            wanted.sort_unstable();
            assert_eq!(members, wanted, "{accept}");
            assert_eq!((&response["statusCode"], &response["statusDescription"]), (&json!(200), &json!("200 OK")));
            assert_eq!(response[headers]["content-type"].is_array(), headers == "multiValueHeaders");
            assert_eq!(header(&response, "etag"), Some(etag.as_str()), "{accept}");
            assert_eq!(header(&response, "content-encoding"), (accept != "identity").then_some(accept));
            assert!(body(&response) == body(&expected), "{accept}");
        }
    }
    let mut conditional = request.clone();
    conditional.headers.push(("if-none-match".into(), etag));
    let mut malformed = request.load_balancer_multi_value();
    malformed["httpMethod"] = json!("");
    for (event, status, description) in [
        (conditional.load_balancer_multi_value(), 304, "304 Not Modified"),
        (HttpRequest::get("/", "", "alice").load_balancer_multi_value(), 404, "404 Not Found"),
        (malformed, 400, "400 Bad Request"),
    ] {
        let response = send(event).await;
        assert_eq!((&response["statusCode"], &response["statusDescription"]), (&json!(status), &json!(description)));
        assert!(response["multiValueHeaders"].is_object() && response.get("headers").is_none(), "{response}");
    }
}

/// Sends requests to a function that believes the header of a load balancer that signs users in,
/// in the load balancer's events only.
///
/// # Panics
///
/// The function believes another header, or another kind of event.
pub async fn check_that_only_the_load_balancer_counts(binary: &str, request_of: impl Fn(&str) -> HttpRequest) {
    let database = TestDynamoDb::with_export(&world()).await;
    let mut environment = environment(&database, "header");
    environment.push(("IDENTITY_HEADER", "X-Amzn-Oidc-Identity".to_owned()));
    environment.push(("EVENT_SOURCE", "alb".to_owned()));
    let mut function = Function::start(binary, environment, Stdio::null()).await;
    let mut status = async |event: Value| match function.invoke(&event.to_string()).await {
        Outcome::Response(response) => response["statusCode"].as_u64().unwrap(),
        Outcome::Error(error) => panic!("{error}"),
    };
    let signed_in = |user_id: &str, header: &str| {
        let mut request = request_of(header);
        request.headers.push(("x-amzn-oidc-identity".into(), user_id.into()));
        request
    };
    let alice = signed_in("alice", "mallory");
    assert_eq!(status(alice.load_balancer()).await, 200);
    assert_eq!(status(alice.load_balancer_multi_value()).await, 200);
    assert_eq!(status(signed_in("mallory", "alice").load_balancer_multi_value()).await, 404);
    assert_eq!(status(request_of("alice").load_balancer_multi_value()).await, 422);
    for event in [alice.http_api(), alice.function_url(), alice.rest_api()] {
        assert_eq!(status(with_claims(event, json!({ "sub": "alice" }))).await, 401);
    }
}
