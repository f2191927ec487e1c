//! Events of load balancers: what differs from events of API Gateway.

use agentscope_api::{IdentitySource, Request};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, noise, run, schedule, with};
use agentscope_tests::runtime_api::LOAD_BALANCER_LIMIT;
use serde_json::{Value, json};

use crate::contract::large::{recommended, refusal};
use crate::contract::world::database;
use crate::requests::{respond, with_query};

/// Both forms of events.
fn events(request: &HttpRequest) -> [Value; 2] {
    [request.load_balancer(), request.load_balancer_multi_value()]
}

#[test]
fn query_parameters_are_decoded_once() {
    for (query, agent_id) in [
        ("agent_id=a", "a"),
        ("agent_id=with%20blank", "with blank"),
        ("agent_id=with+blank", "with blank"),
        ("agent_id=1%2B1", "1+1"),
        ("agent_id=50%2525", "50%25"),
        ("agent_id=a%26b%3Dc", "a&b=c"),
        ("agent_id=a=b", "a=b"),
        ("agent%5Fid=a", "a"),
        ("agent_id=%F0%9F%A6%8A", "🦊"),
        ("agent_id=%zz%4", "%zz%4"),
        ("agent_id=%ff", "\u{fffd}"),
        ("agent_id", ""),
        ("agent_id=a&agent_id=b", "b"),
    ] {
        for event in events(&HttpRequest::get("/sessions/", query, "alice")) {
            let request = Request::from_event(&event.to_string()).unwrap();
            assert_eq!(request.parameter("agent_id"), Some(agent_id), "{event}");
        }
    }
}

#[test]
fn the_path_is_decoded_once() {
    for (sent, id) in
        [("s", "s"), ("with%20blank", "with blank"), ("a+b", "a+b"), ("50%2525", "50%25"), ("a%2Fb", "a/b")]
    {
        for event in events(&HttpRequest::get(&format!("/schedule/{sent}/sessions"), "", "alice")) {
            let request = Request::from_event(&event.to_string()).unwrap();
            assert_eq!(request.schedule_id(), Some(id), "{event}");
        }
    }
}

#[tokio::test]
async fn members_that_a_load_balancer_leaves_out_or_null_are_no_fault() {
    let database = database().await;
    for event in events(&HttpRequest::sessions("alice", "a")) {
        for member in ["body", "isBase64Encoded", "headers", "multiValueHeaders", "pathParameters", "resource"] {
            // The headers that the event has name the caller.
            if event[member].get("x-user-id").is_some() {
                continue;
            }
            let mut nulled = event.clone();
            nulled[member] = Value::Null;
            assert_eq!(respond(&database.store, IdentitySource::Header, &nulled).await.status(), 200, "{nulled}");
        }
    }
}

#[tokio::test]
async fn a_health_check_that_somebody_has_turned_on_gets_404_and_harms_nothing() {
    let database = database().await;
    let mut request = HttpRequest::get("/", "", "nobody");
    request.headers = vec![("user-agent".to_owned(), "ELB-HealthChecker/2.0".to_owned())];
    for event in events(&request) {
        assert_eq!(respond(&database.store, IdentitySource::Header, &event).await.status(), 404, "{event}");
    }
}

#[tokio::test]
async fn claims_in_an_event_of_a_load_balancer_name_nobody() {
    let database = database().await;
    for mut event in events(&HttpRequest::sessions("alice", "a")) {
        event["requestContext"]["authorizer"] =
            json!({ "claims": { "sub": "alice" }, "jwt": { "claims": { "sub": "alice" } } });
        assert_eq!(respond(&database.store, IdentitySource::SUBJECT, &event).await.status(), 401, "{event}");
    }
}

#[tokio::test]
async fn a_list_over_the_limit_of_a_load_balancer_is_refused_with_what_works_there() {
    let session = |number: u64| {
        let session = run("alice", "a", "s", &number.to_string(), "2026-01-01T00:00:00");
        with(session, "/state/summary", noise(number, 300_000))
    };
    let world = World {
        agents: vec![agent("alice", "a")],
        schedules: vec![schedule("alice", "s")],
        sessions: (0..5).map(session).collect(),
        ..World::default()
    };
    let database = TestDynamoDb::with_export(&world.text()).await;
    for request in [HttpRequest::sessions("alice", "a"), HttpRequest::schedule_sessions("alice", "s")] {
        for accept in ["identity", "gzip", "br", "zstd"] {
            let mut request = request.clone();
            request.headers.push(("accept-encoding".into(), accept.into()));
            for to_event in [HttpRequest::load_balancer, HttpRequest::load_balancer_multi_value] {
                let send = async |query: &str| {
                    let event = to_event(&with_query(&request, query));
                    respond(&database.store, IdentitySource::Header, &event).await
                };
                let detail = refusal(&send("").await, accept);
                assert!(detail.contains(&format!("and {LOAD_BALANCER_LIMIT} can be returned")), "{detail}");
                let recommended = recommended(&detail);
                assert!(!recommended.is_empty(), "{detail}");
                for query in recommended {
                    assert_eq!(send(query).await.status(), 200, "{detail}");
                }
            }
            // What is too large for a load balancer is not for API Gateway.
            let response = respond(&database.store, IdentitySource::Header, &request.http_api()).await;
            assert_eq!(response.status(), 200);
        }
    }
}
