//! Sessions whose ids look like the keys of another session's parts and lease.

use std::collections::BTreeSet;
use std::time::Duration;

use agentscope_api::IdentitySource;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, noise, session, with};
use serde_json::Value;

use crate::requests::respond;

/// Unescaped, the keys of all but the first would lie among those of the first one's parts, or
/// beside its lease. Those with an early version would count as left behind by an earlier writer.
const IDS: [&str; 9] = [
    "x",
    "x#state#",
    "x#state#v#0",
    "x#state#00000000-0000-7000-8000-000000000000#0",
    "x#state#ffffffff-ffff-7fff-bfff-ffffffffffff#0",
    "x%23state%2300000000-0000-7000-8000-000000000000%230",
    "x#state#00000000-0000-7000-8000-000000000000#0#state#00000000-0000-7000-8000-000000000000#0",
    "session#x",
    "run#x",
];

/// A state that lies in a part: it compresses to over 8 KB.
fn summary(owner: &str, id: &str) -> String {
    format!("{owner} {id} {}", noise(id.len() as u64, 16 * 1024))
}

fn chat(owner: &str, id: &str) -> Value {
    with(session(owner, "agent", id, "2026-01-01T00:00:00"), "/state/summary", summary(owner, id))
}

async fn with_sessions_of_alice_and_bob() -> TestDynamoDb {
    let mut world = World::default();
    for owner in ["alice", "bob"] {
        world.agents.push(agent(owner, "agent"));
        world.sessions.extend(IDS.map(|id| chat(owner, id)));
    }
    TestDynamoDb::with_export(&world.text()).await
}

async fn rows(database: &TestDynamoDb, owner: &str) -> Vec<Value> {
    let event = HttpRequest::sessions(owner, "agent").http_api();
    let response = respond(&database.store, IdentitySource::Header, &event).await;
    assert_eq!(response.status(), 200, "{}", response.body());
    let body: Value = serde_json::from_str(response.body()).unwrap();
    body["sessions"].as_array().unwrap().clone()
}

/// The owner's sessions that run.
async fn running(database: &TestDynamoDb, owner: &str) -> BTreeSet<String> {
    let rows = rows(database, owner).await;
    let running = rows.iter().filter(|row| row["is_running"] == true);
    running.map(|row| row["session"]["id"].as_str().unwrap().to_owned()).collect()
}

/// The owner has these sessions, with their own states.
async fn assert_whole(database: &TestDynamoDb, owner: &str, ids: &[&str]) {
    let rows = rows(database, owner).await;
    let mut expected = ids.to_vec();
    expected.sort_unstable_by(|one, other| other.cmp(one));
    let listed: Vec<_> = rows.iter().map(|row| row["session"]["id"].as_str().unwrap()).collect();
    assert_eq!(listed, expected);
    for (row, id) in rows.iter().zip(expected) {
        assert!(row["session"]["state"]["summary"] == summary(owner, id), "{owner}'s {id} has another state");
    }
}

#[tokio::test]
async fn sessions_run_under_leases_of_their_own() {
    let database = with_sessions_of_alice_and_bob().await;
    for id in IDS {
        // Each has its own holder: two sessions under one key would be in each other's way.
        let holder = format!("runner of {id}");
        let lease = database.store.acquire_lease("alice", id, &holder, Duration::from_secs(600)).await;
        assert_eq!(lease.unwrap(), Ok(()), "{id}");
    }
    assert_eq!(running(&database, "alice").await, BTreeSet::from(IDS.map(str::to_owned)));
    for id in &IDS[1..] {
        database.store.release_lease("alice", id, &format!("runner of {id}")).await.unwrap();
    }
    assert_eq!(running(&database, "alice").await, BTreeSet::from(["x".to_owned()]));
    assert_eq!(running(&database, "bob").await, BTreeSet::new());
}

#[tokio::test]
async fn rewriting_a_session_keeps_sessions_whose_keys_resemble_its_parts() {
    let database = with_sessions_of_alice_and_bob().await;
    for id in IDS {
        let world = World { sessions: vec![chat("alice", id)], ..World::default() };
        assert!(database.load(&world.text()).await.problems.is_empty());
        assert_whole(&database, "alice", &IDS).await;
    }
    assert_whole(&database, "bob", &IDS).await;
}

#[tokio::test]
async fn deleting_a_session_keeps_sessions_whose_keys_resemble_its_parts() {
    let database = with_sessions_of_alice_and_bob().await;
    for (index, id) in IDS.iter().enumerate() {
        database.store.delete_session("alice", id).await.unwrap();
        assert_whole(&database, "alice", &IDS[index + 1..]).await;
    }
    assert_whole(&database, "bob", &IDS).await;
}
