//! Random changes, while the indexes show any number of them.

use agentscope_tests::records::{noise, session, with};
use agentscope_tests::replicas::delete_session;
use serde_json::{Value, json};

use crate::consistency::{chat, frozen, is_listed, put, world};

/// A session with one of a few ids, and anything else.
fn any_session(random: &mut fastrand::Rng) -> Value {
    let number = random.usize(0..8);
    let agent = ["a", "a", "b", "m0", "m3"][random.usize(0..5)];
    let id = format!("c{number}");
    let mut session = session("alice", agent, &id, &format!("2026-01-01T00:00:{number:02}"));
    if random.bool() {
        session["source"] = json!("schedule");
        session["source_schedule_id"] = json!(["s", "r"][random.usize(0..2)]);
    }
    session["team_id"] = [Value::Null, json!("t"), json!("u"), json!("gone")][random.usize(0..4)].clone();
    let name = "n".repeat([8, 8, 10_000][random.usize(0..3)]);
    let summary = noise(random.u64(..), [10, 10, 20_000][random.usize(0..3)]);
    with(with(session, "/config/name", name), "/state/summary", summary)
}

#[tokio::test]
async fn any_changes_are_listed_whatever_the_indexes_show() {
    for seed in 0..2 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (database, indexes) = frozen(&world()).await;
        let mut changes = Vec::new();
        for _ in 0..12 {
            for _ in 0..random.usize(1..4) {
                if random.u8(..4) == 0 {
                    let id = format!("c{}", random.usize(0..8));
                    delete_session(&indexes.store, "alice", &id).await.unwrap();
                    changes.push(format!("{id} deleted"));
                } else {
                    let session = any_session(&mut random);
                    put(&indexes.store, &session).await;
                    changes.push(format!("{} of {} in {}", session["id"], session["agent_id"], session["team_id"]));
                }
            }
            indexes.show([0, 0, 1, 3, 100][random.usize(0..5)]).await;
            is_listed(&database, &indexes, &format!("seed {seed}: {changes:?}")).await;
        }
        indexes.catch_up().await;
        put(&indexes.store, &chat(0)).await;
        is_listed(&database, &indexes, "and the last one").await;
    }
}
