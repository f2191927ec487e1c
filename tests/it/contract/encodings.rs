//! Compressed responses: decoded, they are the others, byte for byte.

use agentscope_api::{Body, IdentitySource, Response, handle_event};
use agentscope_store::Store;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::golden::{cases, world};
use agentscope_tests::responses::{decoded, text};
use serde_json::Value;

use crate::contract::world::database;
use crate::requests::GATEWAYS;

async fn send(store: &Store, event: &Value) -> Response {
    let is_schedule = event.to_string().contains("/schedule/");
    let identity = IdentitySource::Header;
    let event = event.to_string();
    if is_schedule {
        handle_event(&event, async |request| list_schedule_sessions::handler::handle(store, identity, &request).await)
            .await
    } else {
        handle_event(&event, async |request| list_sessions::handler::handle(store, identity, &request).await).await
    }
}

fn accepting(request: &HttpRequest, encodings: &str) -> HttpRequest {
    let mut request = request.clone();
    request.headers.push(("Accept-Encoding".into(), encodings.into()));
    request
}

fn encoding(response: &Response) -> Option<String> {
    response.headers().get("content-encoding").map(|name| name.to_str().unwrap().to_owned())
}

fn vary(response: &Response) -> &str {
    response.headers()["vary"].to_str().unwrap()
}

/// The request is respond in this encoding, with the same body.
async fn comes_as(store: &Store, request: &HttpRequest, accept: &str, expected: Option<&str>, body: &str) {
    let about = format!("{accept}: {request:?}");
    for event in [HttpRequest::http_api, HttpRequest::function_url] {
        let response = send(store, &event(&accepting(request, accept))).await;
        assert_eq!(encoding(&response).as_deref(), expected, "{about}");
        assert_eq!(response.headers()["content-type"], "application/json", "{about}");
        assert!(vary(&response).contains("accept-encoding"), "{about}");
        match (response.body(), expected) {
            // What the runtime marks as base64 is the binary body alone.
            (Body::Binary(bytes), Some(encoding)) => assert!(decoded(bytes, encoding) == body, "{about}"),
            (Body::Text(pieces), None) => assert!(pieces.concat() == body, "{about}"),
            (body, _) => panic!("{about}: {body:?}"),
        }
    }
    let response = send(store, &accepting(request, accept).rest_api()).await;
    assert_eq!(encoding(&response), None, "{about}");
    assert!(vary(&response).contains("accept-encoding"), "{about}");
    assert!(matches!(response.body(), Body::Text(pieces) if pieces.concat() == body), "{about}");
}

#[tokio::test]
async fn encoded_golden_responses_decode_to_the_plain_ones() {
    let database = TestDynamoDb::with_export(&world()).await;
    let (mut compressed, mut tiny) = (0, 0);
    for case in cases().into_iter().filter(|case| case.status == 200).step_by(6) {
        let request = case.request();
        let identity = text(send(&database.store, &request.http_api()).await);
        assert_eq!(identity.headers().get("content-encoding"), None);
        let body = identity.into_body();
        let has_sessions = !body.starts_with(r#"{"sessions":[]"#);
        if has_sessions {
            compressed += 1
        } else {
            tiny += 1
        }
        for accept in ["zstd", "br", "gzip"] {
            comes_as(&database.store, &request, accept, has_sessions.then_some(accept), &body).await;
        }
    }
    assert!(compressed > 20 && tiny > 1, "{compressed} compressed, {tiny} tiny");
}

#[tokio::test]
async fn what_the_client_prefers_is_what_it_gets() {
    let database = database().await;
    for list in [HttpRequest::sessions("alice", "a"), HttpRequest::schedule_sessions("alice", "s")] {
        let body = text(send(&database.store, &list.http_api()).await).into_body();
        for (accept, expected) in [
            ("gzip, deflate, br, zstd", Some("zstd")),
            ("gzip, deflate, br", Some("gzip")),
            ("gzip, deflate", Some("gzip")),
            ("deflate", None),
            ("identity", None),
            ("", None),
            ("br;q=0.1, gzip;q=0.2", Some("gzip")),
            ("zstd;q=0, br;q=0, gzip;q=0", None),
            ("*", Some("gzip")),
            ("ZSTD", Some("zstd")),
            ("identity;q=1, zstd;q=0.5", None),
            ("nonsense;;;q==,", None),
            // Nothing is acceptable: better something than nothing.
            ("*;q=0", None),
        ] {
            comes_as(&database.store, &list, accept, expected, &body).await;
        }
    }
}

#[tokio::test]
async fn errors_and_what_the_client_has_are_not_compressed() {
    let database = database().await;
    let list = HttpRequest::sessions("alice", "a");
    let etag = send(&database.store, &list.http_api()).await.headers()["etag"].to_str().unwrap().to_owned();
    let mut again = list.clone();
    again.headers.push(("if-none-match".into(), etag));
    for (request, status) in [
        (HttpRequest::sessions("alice", &"nope".repeat(1000)), 404),
        (HttpRequest::get("/sessions/", &format!("agent_id=a&view={}", "x".repeat(4000)), "alice"), 422),
        (again, 304),
    ] {
        for (way, event) in GATEWAYS {
            let response = send(&database.store, &event(&accepting(&request, "zstd, br, gzip"))).await;
            assert_eq!((response.status().as_u16(), encoding(&response)), (status, None), "{way}");
            assert!(matches!(response.body(), Body::Text(_) | Body::Empty), "{way}");
        }
    }
}
