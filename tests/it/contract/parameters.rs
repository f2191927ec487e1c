//! The parameters that the reference does not have, read as FastAPI reads them.
//!
//! `parameters.json` holds what FastAPI respond; `parameters.py` recorded it, and says from which
//! versions.

use agentscope_api::IdentitySource;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, run, schedule, with};
use serde::Deserialize;
use serde_json::Value;

use crate::requests::{GATEWAYS, assert_json, request, respond, send};

/// More than the most that a page can have.
const SESSIONS: usize = 101;

#[derive(Deserialize)]
struct Recorded {
    responses: Vec<Response>,
}

/// A request, and what FastAPI respond: for a 200 the parameters as it understood them.
#[derive(Deserialize)]
struct Response {
    user: Option<String>,
    path: String,
    query: String,
    status: u16,
    body: String,
}

#[derive(Deserialize)]
struct Understood {
    limit: Option<usize>,
    count: bool,
    view: String,
}

fn recorded() -> Vec<Response> {
    serde_json::from_str::<Recorded>(include_str!("../../contract/parameters.json")).unwrap().responses
}

/// Agent `a` and schedule `s` of `alice`, both with the same sessions.
async fn database() -> TestDynamoDb {
    let session = |number| {
        let session = run("alice", "a", "s", &format!("{number}"), "2026-01-01T00:00:00");
        with(session, "/state/summary", "not empty")
    };
    let world = World {
        agents: vec![agent("alice", "a")],
        schedules: vec![schedule("alice", "s")],
        sessions: (0..SESSIONS).map(session).collect(),
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}

/// The list is the one that was requested.
fn is_as_understood(body: &Value, Understood { limit, count, view }: &Understood, about: &str) {
    let sessions = body["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), limit.unwrap_or(SESSIONS), "{about}");
    assert_eq!(body.get("next_cursor").is_some_and(Value::is_string), limit.is_some(), "{about}");
    let total = (limit.is_none() || *count).then(|| Value::from(SESSIONS));
    assert_eq!(body.get("total"), total.as_ref(), "{about}");
    for row in sessions {
        let session = row.get("session").unwrap_or(row);
        let summary = if view == "summary" { "" } else { "not empty" };
        assert_eq!(session["state"]["summary"], summary, "{about}");
    }
}

async fn holds(database: &TestDynamoDb, request: &HttpRequest, expected: &Response) {
    for (way, event) in GATEWAYS {
        let about = format!("{way}: {request:?}");
        let response = respond(&database.store, IdentitySource::Header, &event(request)).await;
        assert_eq!(response.status().as_u16(), expected.status, "{about}: {}", response.body());
        assert_json(&response, &about);
        if expected.status == 200 {
            let body = serde_json::from_str(response.body()).unwrap();
            is_as_understood(&body, &serde_json::from_str(&expected.body).unwrap(), &about);
        } else {
            assert_eq!(response.body(), &expected.body, "{about}");
        }
    }
}

#[tokio::test]
async fn parameters_are_read_as_fastapi_reads_them() {
    let database = database().await;
    let responses = recorded();
    for status in [200, 401, 422] {
        assert!(responses.iter().filter(|response| response.status == status).count() > 30, "{status}");
    }
    for response in &responses {
        let headers: Vec<_> = response.user.iter().map(|user| ("x-user-id", user.as_str())).collect();
        holds(&database, &request("GET", &response.path, &response.query, &headers), response).await;
        // Of an alike request to the other route only what no path says was recorded.
        if response.user.as_deref() == Some("alice") && response.path != "/sessions/" {
            let query = format!("agent_id=a&{}", response.query);
            holds(&database, &request("GET", "/sessions/", &query, &headers), response).await;
        }
    }
}

#[tokio::test]
async fn invalid_parameters_are_reported_before_the_agent_or_the_schedule_is_read() {
    let database = database().await;
    for path in ["/sessions/", "/schedule/nope/sessions"] {
        for query in ["limit=0", "count=x", "view=x", "cursor=x"] {
            let request = HttpRequest::get(path, &format!("agent_id=nope&{query}"), "nobody");
            let response = send(&database.store, &request).await;
            assert_eq!(response.status(), 422, "{request:?}");
            let body: Value = serde_json::from_str(response.body()).unwrap();
            assert_eq!(body["detail"][0]["loc"][1], query.split('=').next().unwrap(), "{request:?}");
        }
    }
}

#[tokio::test]
async fn nothing_is_said_of_a_cursor_while_it_is_unknown_whose_it_should_be() {
    let database = database().await;
    let nobody: [(&str, &str); 0] = [];
    for (request, missing) in [
        (request("GET", "/sessions/", "agent_id=a&cursor=x", &nobody), "x-user-id"),
        (request("GET", "/schedule/s/sessions", "cursor=x", &nobody), "x-user-id"),
        (HttpRequest::get("/sessions/", "cursor=x", "alice"), "agent_id"),
    ] {
        let response = send(&database.store, &request).await;
        let body: Value = serde_json::from_str(response.body()).unwrap();
        assert_eq!((response.status().as_u16(), body["detail"].as_array().unwrap().len()), (422, 1), "{body}");
        assert_eq!(body["detail"][0]["loc"][1], missing);
    }
}

#[tokio::test]
async fn parameters_of_an_unknown_caller_are_not_validated_behind_a_jwt_authorizer() {
    let database = database().await;
    for path in ["/sessions/", "/schedule/s/sessions"] {
        let request = HttpRequest::get(path, "agent_id=a&limit=0&cursor=x&count=x&view=x", "alice");
        let response = respond(&database.store, IdentitySource::SUBJECT, &request.http_api()).await;
        assert_eq!((response.status().as_u16(), response.body().as_str()), (401, r#"{"detail":"Not authenticated"}"#));
    }
}
