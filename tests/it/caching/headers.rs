//! What responses say of how they may be kept.

use agentscope_api::IdentitySource;
use agentscope_store::{Store, TableNames};
use agentscope_tests::dynamodb::client;
use agentscope_tests::events::{HttpRequest, with_claims};
use lambda_http::Response;
use serde_json::{Value, json};

use crate::caching::world::{database, lists};
use crate::requests::{header, respond, send, send_conditional, with_query};

const WAYS: [fn(&HttpRequest) -> Value; 3] = [HttpRequest::http_api, HttpRequest::function_url, HttpRequest::rest_api];

fn may_be_kept(response: &Response<String>, vary: &str) {
    assert_eq!(header(response, "cache-control"), Some("private, no-cache"));
    assert_eq!(header(response, "x-content-type-options"), Some("nosniff"));
    assert_eq!(header(response, "vary"), Some(vary));
    let etag = header(response, "etag").unwrap();
    let opaque = etag.strip_prefix("W/\"").and_then(|rest| rest.strip_suffix('"')).unwrap();
    assert!(!opaque.is_empty() && opaque.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'), "{etag}");
}

#[tokio::test]
async fn lists_are_private_and_revalidated_each_time() {
    let database = database().await;
    for list in lists() {
        for query in ["", "limit=2", "limit=2&count=1", "view=summary"] {
            for event in WAYS {
                let request = with_query(&list, query);
                let response = respond(&database.store, IdentitySource::Header, &event(&request)).await;
                assert_eq!(response.status(), 200);
                may_be_kept(&response, "accept-encoding, x-user-id");
            }
        }
        let event = with_claims(list.http_api(), json!({ "sub": "alice" }));
        let response = respond(&database.store, IdentitySource::SUBJECT, &event).await;
        assert_eq!(response.status(), 200);
        may_be_kept(&response, "accept-encoding, authorization");
    }
}

#[tokio::test]
async fn a_response_that_the_client_has_comes_without_a_body_and_with_the_same_headers() {
    let database = database().await;
    for list in lists() {
        for event in WAYS {
            let first = respond(&database.store, IdentitySource::Header, &event(&list)).await;
            let mut again = list.clone();
            again.headers.push(("If-None-Match".into(), header(&first, "etag").unwrap().into()));
            again.headers.push(("Accept-Encoding".into(), "gzip, br, zstd".into()));
            let response = respond(&database.store, IdentitySource::Header, &event(&again)).await;
            assert_eq!((response.status().as_u16(), response.body().as_str()), (304, ""));
            may_be_kept(&response, "accept-encoding, x-user-id");
            assert_eq!(header(&response, "etag"), header(&first, "etag"));
            // What describes a body has no place where there is none.
            for name in ["content-type", "content-encoding", "content-length"] {
                assert_eq!(header(&response, name), None, "{name}");
            }
        }
    }
}

#[tokio::test]
async fn the_same_list_has_the_same_tag_through_every_gateway() {
    let database = database().await;
    for list in lists() {
        let mut tags = Vec::new();
        for event in WAYS {
            for encodings in ["identity", "gzip", "br", "zstd"] {
                let mut request = list.clone();
                request.headers.push(("accept-encoding".into(), encodings.into()));
                let response = respond(&database.store, IdentitySource::Header, &event(&request)).await;
                tags.push(header(&response, "etag").unwrap().to_owned());
            }
        }
        let claims = with_claims(list.http_api(), json!({ "sub": "alice" }));
        let response = respond(&database.store, IdentitySource::SUBJECT, &claims).await;
        tags.push(header(&response, "etag").unwrap().to_owned());
        tags.dedup();
        assert_eq!(tags.len(), 1, "{tags:?}");
    }
}

#[tokio::test]
async fn errors_are_not_kept_and_have_no_tag() {
    let database = database().await;
    let nowhere =
        Store::new(client("http://127.0.0.1:1"), TableNames::with_prefix("any"), agentscope_model::Release::V2_0_1);
    let [sessions, runs] = lists();
    let post = HttpRequest { method: "POST".into(), ..sessions.clone() };
    let none = HttpRequest { headers: Vec::new(), ..runs.clone() };
    for (store, status, request) in [
        (&database.store, 401, HttpRequest::sessions("", "lead")),
        (&database.store, 404, HttpRequest::sessions("alice", "nope")),
        (&database.store, 404, HttpRequest::schedule_sessions("alice", "nope")),
        (&database.store, 404, HttpRequest::get("/", "", "alice")),
        (&database.store, 405, post),
        (&database.store, 422, none),
        (&database.store, 422, with_query(&sessions, "limit=0")),
        (&database.store, 422, with_query(&runs, "cursor=x")),
        (&nowhere, 503, sessions),
        (&nowhere, 503, runs),
    ] {
        // Whatever the client has: it does not have this.
        for response in [send(store, &request).await, send_conditional(store, &request, "*").await] {
            assert_eq!(response.status(), status, "{request:?}");
            assert_eq!(header(&response, "cache-control"), Some("no-store"), "{request:?}");
            assert_eq!(header(&response, "x-content-type-options"), Some("nosniff"), "{request:?}");
            assert_eq!((header(&response, "etag"), header(&response, "vary")), (None, None), "{request:?}");
            assert!(!response.body().is_empty(), "{request:?}");
        }
    }
}
