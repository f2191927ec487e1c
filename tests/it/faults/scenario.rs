//! Data for which each route needs all of its operations, and the requests about it.

use std::collections::HashMap;
use std::time::Duration;

use agentscope_api::{IdentitySource, handle_event_within};
use agentscope_store::{ClientTimeouts, Store};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::proxy::{Action, Arrival, Call};
use agentscope_tests::records::{World, agent, noise, run, schedule, session, team, with};
use agentscope_tests::responses::text;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

pub type Item = HashMap<String, AttributeValue>;

/// The DynamoDB operations of the functions.
pub const OPERATIONS: [&str; 3] = ["GetItem", "Query", "BatchGetItem"];

/// How often one request is sent.
pub const ATTEMPTS: usize = ClientTimeouts::FUNCTION.attempts as usize;

/// A function's time-outs for tests in which none may occur, however busy the machine is.
pub const NO_TIMEOUTS: ClientTimeouts =
    ClientTimeouts { connect: LONG, first_byte: LONG, attempt: LONG, ..ClientTimeouts::FUNCTION };

/// For tests that wait for a time-out, which may not occur by itself.
pub const TEST_TIMEOUTS: ClientTimeouts =
    ClientTimeouts { first_byte: Duration::from_secs(1), attempt: Duration::from_secs(4), ..ClientTimeouts::FUNCTION };

/// For tests that wait for time-outs alone.
pub const SHORT_TIMEOUTS: ClientTimeouts = ClientTimeouts {
    first_byte: Duration::from_millis(200),
    attempt: Duration::from_millis(400),
    ..ClientTimeouts::FUNCTION
};

/// More than any test takes.
pub const LONG: Duration = Duration::from_secs(60);

/// A route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `GET /sessions/` for agent `a`.
    Sessions,
    /// `GET /schedule/s/sessions`.
    Schedule,
}

pub const ROUTES: [Route; 2] = [Route::Sessions, Route::Schedule];

/// Each of these faults with each operation of each route.
pub fn cases<T: Clone>(faults: &[T]) -> impl Iterator<Item = (Route, &'static str, T)> {
    let operations = ROUTES.into_iter().flat_map(|route| OPERATIONS.map(|operation| (route, operation)));
    operations.flat_map(|(route, operation)| faults.iter().map(move |fault| (route, operation, fault.clone())))
}

/// Agent `a` and schedule `s` of alice. Of both there are two sessions, `small` and `large`, whose
/// state is in parts. A team `t`, of which `small` is, has the member `m` and is led by session
/// `lead` of the agent `l`.
pub async fn database() -> TestDynamoDb {
    let small = with(run("alice", "a", "s", "small", "2026-01-02T00:00:00"), "/team_id", "t");
    let large = run("alice", "a", "s", "large", "2026-01-01T00:00:00");
    let world = World {
        agents: ["a", "m", "l"].map(|id| agent("alice", id)).to_vec(),
        sessions: vec![
            small,
            with(large, "/state/summary", noise(1, 600_000)),
            session("alice", "m", "work", "2026-01-03T00:00:00"),
            session("alice", "l", "lead", "2026-01-03T00:00:00"),
        ],
        teams: vec![team("alice", "t", "lead", &["m"])],
        schedules: vec![schedule("alice", "s")],
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}

/// A response, decoded.
pub type Response = lambda_http::Response<String>;

impl Route {
    /// The response within a budget.
    pub async fn within(self, budget: Duration, store: &Store) -> Response {
        let request = match self {
            Self::Sessions => HttpRequest::sessions("alice", "a"),
            Self::Schedule => HttpRequest::schedule_sessions("alice", "s"),
        };
        let (event, identity) = (request.http_api().to_string(), IdentitySource::Header);
        text(match self {
            Self::Sessions => {
                handle_event_within(budget, &event, async |request| {
                    list_sessions::handler::handle(store, identity, &request).await
                })
                .await
            }
            Self::Schedule => {
                handle_event_within(budget, &event, async |request| {
                    list_schedule_sessions::handler::handle(store, identity, &request).await
                })
                .await
            }
        })
    }

    /// How many requests it needs in that world.
    pub fn requests(self) -> usize {
        match self {
            // Agent, rows, leases; bulks, parts, team; leading session, member, the member's newest
            // session; leading agent.
            Self::Sessions => 10,
            // Schedule, rows, changes; bulks, parts.
            Self::Schedule => 5,
        }
    }

    /// What is respond.
    pub async fn send(self, store: &Store) -> Response {
        self.within(LONG, store).await
    }

    /// The body of a 200, in which `total` agrees with the list.
    pub async fn body(self, store: &Store) -> String {
        let response = self.send(store).await;
        assert_eq!(response.status(), 200, "{self:?}: {}", response.body());
        let body: Value = serde_json::from_str(response.body()).unwrap();
        assert_eq!(body["total"], body["sessions"].as_array().unwrap().len(), "{self:?}");
        response.into_body()
    }

    /// The ids of the sessions in a 200.
    pub async fn ids(self, store: &Store) -> Vec<String> {
        let body: Value = serde_json::from_str(&self.body(store).await).unwrap();
        let id = |row: &Value| match self {
            Self::Sessions => row["session"]["id"].as_str().unwrap().to_owned(),
            Self::Schedule => row["id"].as_str().unwrap().to_owned(),
        };
        body["sessions"].as_array().unwrap().iter().map(id).collect()
    }
}

/// # Panics
///
/// The response is not a 503 with a `retry-after` of one second.
pub fn is_unavailable(response: &Response, about: &str) {
    let told = (response.status().as_u16(), response.body().as_str());
    assert_eq!(told, (503, r#"{"detail":"Service Unavailable"}"#), "{about}");
    assert_eq!(response.headers()["retry-after"], "1", "{about}");
    assert_eq!(response.headers()["content-type"], "application/json", "{about}");
}

/// # Panics
///
/// The response is not a 500, which names no cause and has no `retry-after`.
pub fn is_fault(response: &Response, about: &str) {
    let told = (response.status().as_u16(), response.body().as_str());
    assert_eq!(told, (500, r#"{"detail":"Internal Server Error"}"#), "{about}");
    assert!(!response.headers().contains_key("retry-after"), "{about}");
}

/// How often the request was sent that was sent most.
pub fn most_sent(calls: &[Call]) -> usize {
    let mut sent = HashMap::<_, usize>::new();
    for call in calls {
        *sent.entry((&call.operation, call.input.to_string())).or_default() += 1;
    }
    sent.into_values().max().unwrap_or(0)
}

/// Leaves every key of every batch unprocessed.
pub fn unprocessed(arrival: &Arrival) -> Action {
    if arrival.call.operation != "BatchGetItem" {
        return Action::Forward;
    }
    Action::Respond((200, json!({ "Responses": {}, "UnprocessedKeys": arrival.call.input["RequestItems"] })))
}
