//! Faults of DynamoDB, and how readers and writers handle them.

mod budget;
mod changes;
mod connections;
mod damage;
mod pages;
mod rows;
mod scenario;
mod throttling;
mod usage;

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::lists::list_sessions;
use agentscope_tests::records::{World, agent, session};

/// An agent with this many sessions, the newest last.
async fn an_agent_with(sessions: usize) -> TestDynamoDb {
    let sessions = (0..sessions)
        .map(|n| session("alice", "a", &format!("s{n:04}"), &format!("2026-01-01T{:02}:{:02}:00", n / 60, n % 60)));
    let world = World { agents: vec![agent("alice", "a")], sessions: sessions.collect(), ..World::default() };
    TestDynamoDb::with_export(&world.text()).await
}

/// The ids of the sessions in the response, in its order.
async fn session_ids(store: &agentscope_store::Store) -> Vec<String> {
    let response = list_sessions(store, "alice", "a").await.unwrap().unwrap();
    response.sessions.into_iter().map(|view| view.session.stored.head.id).collect()
}

/// The ids of that many sessions, newest first.
fn newest_first(sessions: usize) -> Vec<String> {
    (0..sessions).rev().map(|n| format!("s{n:04}")).collect()
}
