//! Who a request comes from, and who it only says that it comes from.

use agentscope_api::IdentitySource;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::{HttpRequest, with_claims};
use agentscope_tests::records::{World, agent, run, schedule, session};
use serde_json::{Value, json};

use crate::requests::respond;

/// The victim has a session and a run under the id `x`, the attacker has an agent and a schedule
/// of that id without any.
async fn victim_and_attacker() -> TestDynamoDb {
    let world = World {
        agents: vec![agent("victim", "x"), agent("attacker", "x"), agent("victim", "y")],
        schedules: vec![schedule("victim", "x"), schedule("attacker", "x"), schedule("victim", "y")],
        sessions: vec![
            session("victim", "x", "chat", "2026-01-01T00:00:00"),
            run("victim", "x", "x", "run", "2026-01-02T00:00:00"),
        ],
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}

/// Both routes, requested by a client that names this user in the header.
fn requests(header: &str, id: &str) -> [Value; 2] {
    [HttpRequest::sessions(header, id), HttpRequest::schedule_sessions(header, id)].map(|request| request.http_api())
}

async fn assert_status(database: &TestDynamoDb, identity: IdentitySource, event: &Value, status: u16) -> Value {
    let response = respond(&database.store, identity, event).await;
    assert_eq!(response.status(), status, "{event}: {}", response.body());
    serde_json::from_str(response.body()).unwrap()
}

async fn assert_unauthenticated(database: &TestDynamoDb, event: &Value) {
    let body = assert_status(database, IdentitySource::SUBJECT, event, 401).await;
    assert_eq!(body, json!({ "detail": "Not authenticated" }));
}

#[tokio::test]
async fn a_header_that_names_another_user_does_not_count_beside_a_token() {
    let database = victim_and_attacker().await;
    for event in requests("victim", "x") {
        let event = with_claims(event, json!({ "sub": "attacker" }));
        let body = assert_status(&database, IdentitySource::SUBJECT, &event, 200).await;
        assert_eq!(body, json!({ "sessions": [], "total": 0 }));
    }
    for event in requests("victim", "y") {
        let event = with_claims(event, json!({ "sub": "attacker" }));
        assert_status(&database, IdentitySource::SUBJECT, &event, 404).await;
    }
    // The victim's own token finds all of it, whomever the header names.
    for (event, total) in requests("attacker", "x").into_iter().zip([2, 1]) {
        let event = with_claims(event, json!({ "sub": "victim" }));
        let body = assert_status(&database, IdentitySource::SUBJECT, &event, 200).await;
        assert_eq!(body["total"], total);
    }
}

#[tokio::test]
async fn a_header_is_no_identity_where_tokens_are() {
    let database = victim_and_attacker().await;
    for event in requests("victim", "x") {
        assert_unauthenticated(&database, &event).await;
    }
}

#[tokio::test]
async fn a_token_without_a_subject_is_no_identity() {
    let database = victim_and_attacker().await;
    for claims in [json!({}), json!({ "sub": "" }), json!({ "Sub": "victim", "username": "victim", "email": "victim" })]
    {
        for event in requests("victim", "x") {
            assert_unauthenticated(&database, &with_claims(event, claims.clone())).await;
        }
    }
}

/// Only the JWT authorizer's claims have been checked by the gateway; everything else could be the
/// client's own words, or an authorizer's that nobody has configured here.
#[tokio::test]
async fn a_subject_anywhere_but_in_the_authorizers_claims_is_no_identity() {
    let database = victim_and_attacker().await;
    let [event, _] = requests("victim", "x");
    for authorizer in [
        json!(null),
        json!({}),
        json!({ "sub": "victim" }),
        json!({ "claims": { "sub": "victim" } }),
        json!({ "lambda": { "sub": "victim" } }),
        json!({ "iam": { "userId": "victim" } }),
    ] {
        let mut event = event.clone();
        event["requestContext"]["authorizer"] = authorizer;
        assert_unauthenticated(&database, &event).await;
    }

    let mut request = HttpRequest::sessions("victim", "x");
    request.query += "&sub=victim&x-user-id=victim&user_id=victim";
    // {"alg":"none"}.{"sub":"victim"}.
    let token = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ2aWN0aW0ifQ.";
    request.headers.push(("authorization".into(), token.into()));
    assert_unauthenticated(&database, &request.http_api()).await;
    assert_unauthenticated(&database, &request.function_url()).await;

    let mut event = request.rest_api();
    event["requestContext"]["authorizer"] = json!({ "claims": { "sub": "victim" } });
    assert_unauthenticated(&database, &event).await;
}

#[tokio::test]
async fn a_token_does_not_count_where_a_proxy_sets_the_header() {
    let database = victim_and_attacker().await;
    for event in requests("attacker", "y") {
        let event = with_claims(event, json!({ "sub": "victim" }));
        assert_status(&database, IdentitySource::Header, &event, 404).await;
    }
}

/// A client that adds a second header to the one of a proxy becomes nobody: neither of the two
/// users.
#[tokio::test]
async fn two_headers_name_neither_of_their_users() {
    let database = victim_and_attacker().await;
    for names in [["victim", "attacker"], ["attacker", "victim"], ["victim", ""], ["", "victim"], ["victim", "victim"]]
    {
        for mut request in [HttpRequest::sessions("", "x"), HttpRequest::schedule_sessions("", "x")] {
            request.headers = names.map(|name| ("x-user-id".to_owned(), name.to_owned())).into();
            for event in
                [request.http_api(), request.function_url(), request.rest_api(), request.load_balancer_multi_value()]
            {
                assert_status(&database, IdentitySource::Header, &event, 404).await;
            }
        }
    }
}
