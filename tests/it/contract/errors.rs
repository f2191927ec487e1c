//! Every response to a request that is refused, whichever way the request reaches a function.

use agentscope_api::IdentitySource;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::{HttpRequest, with_claims};
use serde_json::json;

use crate::contract::world::database;
use crate::requests::{GATEWAYS, assert_json, request, respond};

const NO_HEADER: &str = r#"{"type":"missing","loc":["header","x-user-id"],"msg":"Field required","input":null}"#;
const NO_AGENT_ID: &str = r#"{"type":"missing","loc":["query","agent_id"],"msg":"Field required","input":null}"#;
const EMPTY_HEADER: &str = r#"{"detail":"X-User-ID header is required."}"#;

/// By every way, this request has this status and this body.
async fn refused(database: &TestDynamoDb, request: &HttpRequest, status: u16, body: &str) {
    for (way, event) in GATEWAYS {
        let about = format!("{way}: {request:?}");
        let response = respond(&database.store, IdentitySource::Header, &event(request)).await;
        assert_eq!((response.status().as_u16(), response.body().as_str()), (status, body), "{about}");
        assert_json(&response, &about);
        assert!(response.headers().get("location").is_none(), "{about}");
    }
}

#[tokio::test]
async fn a_missing_header_is_reported_together_with_a_missing_agent_id() {
    let database = database().await;
    let none = [("accept", "*/*")];
    let refusals = [
        (request("GET", "/sessions/", "agent_id=a", &none), format!(r#"{{"detail":[{NO_HEADER}]}}"#)),
        (request("GET", "/sessions/", "agent_id=", &none), format!(r#"{{"detail":[{NO_HEADER}]}}"#)),
        (request("GET", "/sessions/", "", &none), format!(r#"{{"detail":[{NO_HEADER},{NO_AGENT_ID}]}}"#)),
        (request("GET", "/schedule/s/sessions", "", &none), format!(r#"{{"detail":[{NO_HEADER}]}}"#)),
        // A header by a like name is another header, and a parameter is none.
        (request("GET", "/schedule/s/sessions", "x-user-id=alice", &[("x_user_id", "alice")]), {
            format!(r#"{{"detail":[{NO_HEADER}]}}"#)
        }),
    ];
    for (request, body) in refusals {
        refused(&database, &request, 422, &body).await;
    }
}

#[tokio::test]
async fn an_empty_or_blank_header_is_refused_before_anything_else_is_validated() {
    let database = database().await;
    for blank in ["", " ", "\t \t"] {
        for (path, query) in [
            ("/sessions/", ""),
            ("/sessions/", "agent_id=a"),
            ("/sessions/", "agent_id=nope"),
            ("/schedule/s/sessions", ""),
            ("/schedule/nope/sessions", ""),
        ] {
            refused(&database, &request("GET", path, query, &[("x-user-id", blank)]), 401, EMPTY_HEADER).await;
        }
    }
}

#[tokio::test]
async fn a_missing_agent_id_is_reported_before_the_agent_is_read() {
    let database = database().await;
    let body = format!(r#"{{"detail":[{NO_AGENT_ID}]}}"#);
    for query in ["", "&&", "AGENT_ID=a", "agentId=a", "agent_id[]=a", "x;agent_id=a", "limit=1"] {
        refused(&database, &HttpRequest::get("/sessions/", query, "alice"), 422, &body).await;
        refused(&database, &HttpRequest::get("/sessions/", query, "nobody"), 422, &body).await;
    }
}

#[tokio::test]
async fn ids_are_echoed_without_escapes_but_those_that_json_demands() {
    let database = database().await;
    for (id, echoed) in [
        ("nope", "nope"),
        ("", ""),
        (" ", " "),
        ("A", "A"),
        ("it's", "it's"),
        ("🦊中文e\u{301}", "🦊中文e\u{301}"),
        ("\"\\", r#"\"\\"#),
        ("\u{2028}\u{2029}\u{7f}\u{80}\u{feff}", "\u{2028}\u{2029}\u{7f}\u{80}\u{feff}"),
        ("\0\u{1}\u{8}\t\n\u{b}\u{c}\r\u{1b}\u{1f}", r"\u0000\u0001\b\t\n\u000b\f\r\u001b\u001f"),
        ("a/b+c d%20</script>", "a/b+c d%20</script>"),
        ("{0}", "{0}"),
    ] {
        let body = format!(r#"{{"detail":"Agent '{echoed}' not found."}}"#);
        refused(&database, &HttpRequest::sessions("alice", id), 404, &body).await;
        // An empty segment is no route, and a slash would make two of one.
        if !id.is_empty() && !id.contains('/') {
            let body = format!(r#"{{"detail":"Schedule '{echoed}' not found."}}"#);
            refused(&database, &HttpRequest::schedule_sessions("alice", id), 404, &body).await;
        }
    }
    for (sent, echoed) in [("%FF%FE", "\u{fffd}\u{fffd}"), ("%zz%4", "%zz%4"), ("a+b", "a+b")] {
        let body = format!(r#"{{"detail":"Schedule '{echoed}' not found."}}"#);
        refused(&database, &HttpRequest::get(&format!("/schedule/{sent}/sessions"), "", "alice"), 404, &body).await;
    }
}

#[tokio::test]
async fn ids_of_any_length_are_echoed() {
    let database = database().await;
    for length in [1023, 1024, 1025, 2048, 2049, 7000] {
        let id = "é".repeat(length / 2) + &"x".repeat(length % 2);
        let body = format!(r#"{{"detail":"Agent '{id}' not found."}}"#);
        refused(&database, &HttpRequest::sessions("alice", &id), 404, &body).await;
        refused(&database, &HttpRequest::sessions(&id, &id), 404, &body).await;
        let body = format!(r#"{{"detail":"Schedule '{id}' not found."}}"#);
        refused(&database, &HttpRequest::schedule_sessions("alice", &id), 404, &body).await;
        refused(&database, &HttpRequest::schedule_sessions(&id, &id), 404, &body).await;
    }
}

#[tokio::test]
async fn every_method_but_get_is_refused_before_the_caller_is_identified() {
    let database = database().await;
    let callers: [&[_]; 3] = [&[], &[("x-user-id", "")], &[("x-user-id", "alice")]];
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD", "TRACE", "get", "PURGE"] {
        let body = if method == "HEAD" { "" } else { r#"{"detail":"Method Not Allowed"}"# };
        for path in ["/sessions/", "/sessions", "/schedule/s/sessions", "/schedule/nope/sessions/"] {
            for headers in callers {
                let request = request(method, path, "", headers);
                refused(&database, &request, 405, body).await;
                for (way, event) in GATEWAYS {
                    let response = respond(&database.store, IdentitySource::Header, &event(&request)).await;
                    assert_eq!(response.headers()["allow"], "GET", "{way}: {request:?}");
                    let response = respond(&database.store, IdentitySource::SUBJECT, &event(&request)).await;
                    assert_eq!(response.status(), 405, "{way}: {request:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn without_a_subject_there_is_no_caller_behind_a_jwt_authorizer() {
    let database = database().await;
    for path in ["/sessions/", "/schedule/s/sessions"] {
        // The header is not believed, and a missing parameter is not told to a stranger.
        for query in ["agent_id=a", ""] {
            let event = HttpRequest::get(path, query, "alice").http_api();
            for event in [
                event.clone(),
                with_claims(event.clone(), json!({})),
                with_claims(event.clone(), json!(null)),
                with_claims(event.clone(), json!({ "sub": "" })),
                with_claims(event.clone(), json!({ "Sub": "alice", "username": "alice" })),
            ] {
                let response = respond(&database.store, IdentitySource::SUBJECT, &event).await;
                assert_eq!(
                    (response.status().as_u16(), response.body().as_str()),
                    (401, r#"{"detail":"Not authenticated"}"#),
                    "{event}"
                );
                assert_eq!(response.headers()["www-authenticate"], "Bearer");
                assert_json(&response, path);
            }
        }
        let event = HttpRequest::get(path, "agent_id=a", "").http_api();
        let response =
            respond(&database.store, IdentitySource::SUBJECT, &with_claims(event, json!({ "sub": "alice" }))).await;
        assert_eq!(response.status(), 200, "{}", response.body());
    }
}
