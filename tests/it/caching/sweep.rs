//! Any changes in any order: responds with the same tag are the same.

use std::cell::Cell;
use std::collections::HashMap;

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, noise, run, schedule, session, team, with};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::caching::change::Change;
use crate::caching::world::time;
use crate::requests::{send_conditional, tagged, with_query};

const AGENTS: [&str; 3] = ["a", "b", "c"];
const SCHEDULES: [&str; 2] = ["s", "t"];
const TEAMS: [&str; 2] = ["red", "blue"];
const SESSIONS: [&str; 5] = ["1", "2", "3", "4", "5"];

/// Ends of leases, in seconds since 1970: in 2096, and in 2001.
const ENDS: [u64; 2] = [4_000_000_000, 1_000_000_000];

/// Few values a field, so that what was there once comes again.
fn a_session() -> impl Strategy<Value = Value> {
    // Most are of the agent that is requested.
    let agent_id = select(vec!["a", "a", "a", "b", "c"]);
    let ids = (select(&SESSIONS[..]), agent_id, proptest::option::weighted(0.8, select(&SCHEDULES[..])));
    let team_id = proptest::option::of(select(&TEAMS[..]));
    (ids, team_id, 0..3_usize, 0..2_usize, 0..8_usize, select(&["", "asking", "submitted"][..])).prop_map(
        |((id, agent_id, schedule_id), team_id, second, name, bulk, call)| {
            let session = session("alice", agent_id, id, &time(second));
            let session = with(with(session, "/source_schedule_id", schedule_id), "/team_id", team_id);
            let session = with(session, "/config/name", format!("name {name}"));
            // Short or in a part, and documents with it or not.
            let session = match bulk {
                0 => with(session, "/newer", noise(name as u64, 350_000)),
                1 | 2 => with(session, "/state/summary", noise(bulk as u64, 16 * 1024)),
                _ => session,
            };
            if call.is_empty() {
                return session;
            }
            let call = json!({ "type": "tool_call", "id": "c", "name": "t", "input": "{}", "state": call });
            let message = json!({ "name": "n", "role": "assistant", "content": [call], "id": "i", "created_at": "" });
            with(session, "/state/context", json!([message]))
        },
    )
}

fn an_agent() -> impl Strategy<Value = Value> {
    (select(&AGENTS[..]), 0..2).prop_map(|(id, name)| with(agent("alice", id), "/data/name", format!("name {name}")))
}

fn a_team() -> impl Strategy<Value = Value> {
    let members = subsequence(AGENTS.to_vec(), 0..=AGENTS.len()).prop_shuffle();
    (select(&TEAMS[..]), select(&SESSIONS[..]), members, 0..2).prop_map(|(id, session_id, members, name)| {
        with(team("alice", id, session_id, &members), "/data/name", format!("name {name}"))
    })
}

fn a_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => a_session().prop_map(Change::Session),
        2 => select(&SESSIONS[..]).prop_map(Change::NoSession),
        2 => an_agent().prop_map(Change::Agent),
        1 => select(&AGENTS[1..]).prop_map(Change::NoAgent),
        3 => a_team().prop_map(Change::Team),
        1 => select(&TEAMS[..]).prop_map(Change::NoTeam),
        2 => (select(&SESSIONS[..]), any::<bool>()).prop_map(|(id, has_ended)| Change::Lease(id, ENDS[usize::from(has_ended)])),
        1 => select(&SESSIONS[..]).prop_map(Change::NoLease),
    ]
}

/// Every response so far, by request and tag.
#[derive(Default)]
struct Answers {
    bodies: HashMap<String, HashMap<String, String>>,
    /// How often a list had changed.
    changes: usize,
}

impl Answers {
    /// Sends a request, compares the response with all earlier ones, and returns the body.
    async fn send(&mut self, database: &TestDynamoDb, request: &HttpRequest) -> String {
        let earlier = self.bodies.entry(format!("{} {}", request.path, request.query)).or_default();
        let (tag, body) = tagged(&database.store, request).await;
        if let Some(same) = earlier.get(&tag) {
            assert!(*same == body, "{request:?} has the tag {tag} for\n{body}\nand for\n{same}");
        }
        // Without a change the tag stays, and no other that ever was is good.
        let others: Vec<_> = earlier.keys().filter(|other| **other != tag).map(String::as_str).collect();
        let again = send_conditional(&database.store, request, &others.join(", ")).await;
        assert!(again.status() == 200 && *again.body() == body, "{request:?}");
        assert_eq!(send_conditional(&database.store, request, &tag).await.status(), 304, "{request:?}");
        if earlier.insert(tag, body.clone()).is_none() {
            self.changes += 1;
        }
        body
    }
}

async fn hold(changes: &[Change]) -> usize {
    let world = World {
        agents: AGENTS.map(|id| agent("alice", id)).into(),
        schedules: SCHEDULES.map(|id| schedule("alice", id)).into(),
        sessions: SESSIONS.map(|id| with(run("alice", "a", "s", id, &time(0)), "/team_id", "red")).into(),
        teams: vec![team("alice", "red", SESSIONS[0], &AGENTS)],
        ..World::default()
    };
    let database = TestDynamoDb::with_export(&world.text()).await;
    let mut responses = Answers::default();
    let list = HttpRequest::sessions("alice", "a");
    let requests = [
        list.clone(),
        with_query(&list, "view=summary"),
        HttpRequest::schedule_sessions("alice", "s"),
        with_query(&HttpRequest::schedule_sessions("alice", "s"), "view=summary&limit=2&count=1"),
    ];
    for change in changes {
        change.make(&database).await;
        for request in &requests {
            responses.send(&database, request).await;
        }
        let first = responses.send(&database, &with_query(&list, "limit=1&count=1")).await;
        let first: Value = serde_json::from_str(&first).unwrap();
        if let Some(cursor) = first["next_cursor"].as_str() {
            responses.send(&database, &with_query(&list, &format!("limit=2&cursor={cursor}"))).await;
        }
    }
    responses.changes
}

#[test]
fn responses_with_the_same_tag_are_equal() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Always the same changes: what fails here fails everywhere.
    let config =
        ProptestConfig { failure_persistence: None, cases: 3, max_shrink_iters: 5, ..ProptestConfig::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let lists_that_changed = Cell::new(0);
    TestRunner::new_with_rng(config, rng)
        .run(&vec(a_change(), 40), |changes| {
            lists_that_changed.set(lists_that_changed.get() + runtime.block_on(hold(&changes)));
            Ok(())
        })
        .unwrap();
    assert!(lists_that_changed.get() > 300, "{}", lists_that_changed.get());
}
