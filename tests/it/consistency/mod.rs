//! A list shows every change that the tables had when it was requested, however far the indexes
//! lag.

mod changes;
mod older_tables;
mod random;
mod write_units;

use agentscope_model::SessionRecord;
use agentscope_store::{Store, StoredRecord};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::proxy::LaggingIndexes;
use agentscope_tests::records::{World, agent, noise, parse, run, schedule, session, team, with};
use serde_json::Value;

use crate::requests::{tagged, with_parameters, with_query};

/// A session that the schedule started, by number.
fn chat(number: usize) -> Value {
    run("alice", "a", "s", &format!("c{number}"), &format!("2026-01-01T00:00:{number:02}"))
}

/// Six sessions of agent `a` that schedule `s` started, of which `c1` is in a team with the
/// members `m0` to `m4`, and whose states lie in the head and in parts.
fn world() -> World {
    let members = ["m0", "m1", "m2", "m3", "m4"];
    let mut sessions: Vec<_> = (0..6).map(chat).collect();
    sessions[1] = with(sessions[1].clone(), "/team_id", "t");
    sessions[2] = with(sessions[2].clone(), "/state/summary", noise(2, 20_000));
    sessions.extend(members.map(|id| session("alice", id, &format!("work of {id}"), "2026-01-01T00:00:00")));
    World {
        agents: ["a", "b"].iter().chain(&members).map(|id| agent("alice", id)).collect(),
        sessions,
        teams: ["t", "u"].map(|id| team("alice", id, "c1", &members)).into(),
        schedules: ["s", "r"].map(|id| schedule("alice", id)).into(),
        running: vec!["c3".into()],
    }
}

/// The tables of this world, and the same tables with indexes that are frozen from now on.
async fn frozen(world: &World) -> (TestDynamoDb, LaggingIndexes) {
    let database = TestDynamoDb::start().await;
    let indexes = LaggingIndexes::of(&database).await;
    let lagging = TestDynamoDb { store: indexes.store.clone(), ..database.clone() };
    let report = lagging.load(&world.text()).await;
    assert_eq!(report.problems, Vec::<String>::new());
    indexes.freeze().await;
    (database, indexes)
}

async fn put(store: &Store, session: &Value) {
    parse::<SessionRecord>(&session.to_string()).unwrap().put(store).await.unwrap();
}

/// The lists, in full, trimmed, and page by page, with their entity tags.
async fn lists(store: &Store) -> Vec<(String, String)> {
    let mut lists = Vec::new();
    for list in [
        HttpRequest::sessions("alice", "a"),
        HttpRequest::sessions("alice", "b"),
        HttpRequest::schedule_sessions("alice", "s"),
        HttpRequest::schedule_sessions("alice", "r"),
    ] {
        for query in ["", "view=summary"] {
            lists.push(tagged(store, &with_query(&list, query)).await);
        }
        for query in ["limit=2&count=1", "limit=3&view=summary"] {
            let page = with_query(&list, query);
            let mut cursor: Option<String> = None;
            loop {
                let request = match &cursor {
                    Some(cursor) => with_parameters(&page, &[("cursor", cursor)]),
                    None => page.clone(),
                };
                let response = tagged(store, &request).await;
                let body: Value = serde_json::from_str(&response.1).unwrap();
                lists.push(response);
                cursor = body["next_cursor"].as_str().map(str::to_owned);
                if cursor.is_none() {
                    break;
                }
            }
        }
    }
    lists
}

/// Asserts that the lists are the same with and without lag.
async fn is_listed(database: &TestDynamoDb, indexes: &LaggingIndexes, change: &str) {
    let (current, lagging) = (lists(&database.store).await, lists(&indexes.store).await);
    for (current, lagging) in current.iter().zip(&lagging) {
        assert_eq!(lagging, current, "{change}");
    }
    assert_eq!(lagging.len(), current.len(), "{change}");
}
