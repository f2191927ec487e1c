//! Callers are named by the header and in the events that the deployment expects, and by no other.

use agentscope_api::{EventKind, EventSource, Identity, IdentitySource};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, schedule};
use serde_json::{Value, json};

use crate::requests::{GATEWAYS, header, respond};

/// Where a load balancer that signs users in puts their id.
const SIGNED_IN: &str = "x-amzn-oidc-identity";

const KINDS: [EventKind; 5] =
    [EventKind::HttpApi, EventKind::FunctionUrl, EventKind::RestApi, EventKind::LoadBalancer, EventKind::LoadBalancer];

async fn database() -> TestDynamoDb {
    let world = World {
        agents: vec![agent("alice", "x"), agent("mallory", "y")],
        schedules: vec![schedule("alice", "x"), schedule("mallory", "y")],
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}

/// Both routes, for what only Alice has, with these headers.
fn requests(headers: &[(&str, &str)]) -> [HttpRequest; 2] {
    [HttpRequest::sessions("", "x"), HttpRequest::schedule_sessions("", "x")].map(|mut request| {
        request.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        request
    })
}

async fn status(database: &TestDynamoDb, identity: Identity, event: &Value) -> u16 {
    respond(&database.store, identity, event).await.status().as_u16()
}

#[tokio::test]
async fn only_the_configured_header_names_the_caller() {
    let database = database().await;
    let identity = Identity { header: SIGNED_IN, ..IdentitySource::Header.into() };
    for (headers, expected) in [
        (&[(SIGNED_IN, "alice")][..], 200),
        (&[(SIGNED_IN, "alice"), ("x-user-id", "mallory")], 200),
        (&[(SIGNED_IN, "mallory"), ("x-user-id", "alice")], 404),
        (&[("x-user-id", "alice")], 422),
        (&[(SIGNED_IN, " "), ("x-user-id", "alice")], 401),
    ] {
        for request in requests(headers) {
            for (way, event) in GATEWAYS {
                let response = respond(&database.store, identity, &event(&request)).await;
                assert_eq!(response.status(), expected, "{way}: {request:?}");
                // The refusal names the header that is missing.
                if matches!(expected, 401 | 422) {
                    assert!(response.body().contains(SIGNED_IN), "{way}: {}", response.body());
                }
                if expected == 200 {
                    assert_eq!(header(&response, "vary"), Some("accept-encoding, x-amzn-oidc-identity"), "{way}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_header_is_believed_only_in_events_of_the_expected_kind() {
    let database = database().await;
    for kind in KINDS {
        let events = EventSource::Only(kind);
        let identity = Identity { events, ..IdentitySource::Header.into() };
        for request in requests(&[("x-user-id", "alice")]) {
            for ((way, event), sent) in GATEWAYS.into_iter().zip(KINDS) {
                let expected = if sent == kind { 200 } else { 401 };
                assert_eq!(status(&database, identity, &event(&request)).await, expected, "{way} to {kind:?}");
            }
        }
    }
}

#[tokio::test]
async fn claims_are_believed_only_in_events_of_the_expected_kind() {
    let database = database().await;
    let with_sources = |mut event: Value| {
        let claims = json!({ "sub": "alice" });
        event["requestContext"]["authorizer"] = json!({ "claims": claims, "jwt": { "claims": claims } });
        event
    };
    for (events, believed) in [
        (EventSource::Any, &[EventKind::HttpApi, EventKind::FunctionUrl][..]),
        (EventSource::Only(EventKind::HttpApi), &[EventKind::HttpApi]),
        (EventSource::Only(EventKind::RestApi), &[EventKind::RestApi]),
        (EventSource::Only(EventKind::LoadBalancer), &[]),
    ] {
        let identity = Identity { events, ..IdentitySource::SUBJECT.into() };
        for request in requests(&[("x-user-id", "alice"), (SIGNED_IN, "alice")]) {
            for ((way, event), sent) in GATEWAYS.into_iter().zip(KINDS) {
                let expected = if believed.contains(&sent) { 200 } else { 401 };
                let event = with_sources(event(&request));
                assert_eq!(status(&database, identity, &event).await, expected, "{way}, {events:?}");
            }
        }
    }
}

/// The results of the authorizer function, for other users, and those of other authorizers.
#[tokio::test]
async fn the_authorizer_function_of_a_rest_api_names_the_caller_and_nothing_else_does() {
    let database = database().await;
    let events = EventSource::Only(EventKind::RestApi);
    let identity = Identity { events, ..IdentitySource::AuthorizerFunction.into() };
    for (authorizer, expected) in [
        (json!({ "user_id": "alice", "caller": "2bd806c97f0e00af", "principalId": "2bd806c97f0e00af" }), 200),
        (json!({ "user_id": "alice", "claims": { "sub": "mallory" } }), 200),
        (json!({ "user_id": "mallory", "claims": { "sub": "alice", "user_id": "alice" }, "sub": "alice" }), 404),
        (json!({ "user_id": "" }), 401),
        (json!({ "user_id": 1 }), 401),
        (json!({ "user_id": null }), 401),
        (json!({ "user_id": ["alice"] }), 401),
        (json!({ "User_Id": "alice", "userId": "alice", "principalId": "alice", "sub": "alice" }), 401),
        (json!({ "claims": { "sub": "alice", "user_id": "alice" } }), 401),
        (json!({ "lambda": { "user_id": "alice" } }), 401),
        (json!({ "jwt": { "claims": { "sub": "alice", "user_id": "alice" } } }), 401),
        (json!(["user_id"]), 401),
        (json!("alice"), 401),
        (json!(null), 401),
    ] {
        for mut request in requests(&[("x-user-id", "alice"), ("user_id", "alice"), ("authorization", "Bearer alice")])
        {
            request.query += "&user_id=alice";
            let mut event = request.rest_api();
            event["requestContext"]["authorizer"] = authorizer.clone();
            event["stageVariables"] = json!({ "user_id": "alice" });
            event["requestContext"]["user_id"] = json!("alice");
            event["authorizer"] = json!({ "user_id": "alice" });
            assert_eq!(status(&database, identity, &event).await, expected, "{authorizer}");
        }
    }
    // A REST API with another authorizer, and every other gateway.
    let result = json!({ "user_id": "alice", "lambda": { "user_id": "alice" } });
    for request in requests(&[("x-user-id", "alice")]) {
        for ((way, event), sent) in GATEWAYS.into_iter().zip(KINDS) {
            let mut event = event(&request);
            event["requestContext"]["authorizer"] = result.clone();
            let expected = if sent == EventKind::RestApi { 200 } else { 401 };
            assert_eq!(status(&database, identity, &event).await, expected, "{way}");
            let cognito = Identity { events, ..IdentitySource::SUBJECT.into() };
            assert_eq!(status(&database, cognito, &event).await, 401, "{way}");
        }
    }
}

/// The results of a REST API's other authorizers, and of its Cognito authorizer for other users.
#[tokio::test]
async fn a_rest_api_names_the_caller_by_the_claims_of_its_cognito_authorizer_alone() {
    let database = database().await;
    let events = EventSource::Only(EventKind::RestApi);
    let identity = Identity { events, ..IdentitySource::SUBJECT.into() };
    for (authorizer, expected) in [
        (json!({ "claims": { "sub": "alice", "token_use": "id" } }), 200),
        (json!({ "claims": { "sub": "mallory" } }), 404),
        (json!({ "claims": { "sub": "" } }), 401),
        (json!({ "claims": { "sub": 1 } }), 401),
        (json!({ "claims": {} }), 401),
        (json!({ "claims": "{\"sub\":\"alice\"}" }), 401),
        (json!({ "principalId": "alice", "sub": "alice", "user_id": "alice" }), 401),
        (json!({ "jwt": { "claims": { "sub": "alice" } } }), 401),
        (json!(["claims"]), 401),
        (json!("alice"), 401),
        (json!(null), 401),
    ] {
        for request in requests(&[("x-user-id", "alice")]) {
            let mut event = request.rest_api();
            event["requestContext"]["authorizer"] = authorizer.clone();
            assert_eq!(status(&database, identity, &event).await, expected, "{authorizer}");
        }
    }
}
