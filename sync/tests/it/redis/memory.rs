//! Large sessions neither exhaust the memory nor delay other changes.

use std::time::{Duration, Instant};

use agentscope_store::{Changes, ListKey};
use agentscope_tests::records::{World, agent, noise, session, with};
use agentscope_tests::redis::key;

use crate::redis::process::{Ends, free_address, health};

const TIME: &str = "2026-01-01T00:00:00";
const MB: usize = 1_000_000;

/// A session with messages of this many bytes.
fn large(id: &str, bytes: usize) -> serde_json::Value {
    const MESSAGE: usize = 20_000;
    let messages: Vec<_> = (0..bytes / MESSAGE)
        .map(|number| {
            let text = noise(number as u64, MESSAGE);
            let content = serde_json::json!([{ "type": "text", "text": text, "id": format!("b{number}") }]);
            serde_json::json!({ "id": format!("m{number}"), "name": "a", "role": "user", "content": content })
        })
        .collect();
    with(session("alice", "a", id, TIME), "/state/context", messages)
}

#[tokio::test(flavor = "multi_thread")]
async fn large_sessions_are_copied_one_at_a_time_or_named_and_others_go_on() {
    let world = World {
        agents: vec![agent("alice", "a"), agent("bob", "b")],
        sessions: vec![
            session("bob", "b", "s", TIME),
            with(session("alice", "a", "huge", TIME), "/config/name", "old"),
        ],
        ..World::default()
    };
    let mut ends = Ends::with(&world).await;
    ends.once().await;
    // One at a time, to limit the memory of the test.
    for (id, bytes) in [("large-1", 40 * MB), ("large-2", 40 * MB), ("large-3", 40 * MB), ("huge", 80 * MB)] {
        ends.redis.put(&World { sessions: vec![large(id, bytes)], ..World::default() });
    }
    ends.setup = Some("ulimit -d 524288".to_owned());
    let address = free_address();
    let arguments = ["--configure", "--memory-limit-mb", "512", "--reconcile-seconds", "2", "--listen", &address];
    let mut follower = ends.follow(&arguments);
    let store = &ends.database.store;
    ends.until("it listens", async || health(&address).await.is_some()).await;
    // A change of another user meanwhile.
    let renamed = with(world.agents[1].clone(), "/data/name", "renamed");
    ends.redis.put(&World { agents: vec![renamed], ..World::default() });
    let is_renamed =
        async || store.agent("bob", "b").await.unwrap().is_some_and(|agent| agent.json.contains("renamed"));
    ends.until("the change is there", is_renamed).await;
    let deadline = Instant::now() + Duration::from_secs(300);
    loop {
        assert!(follower.is_alive());
        let ids = ["large-1", "large-2", "large-3"].map(str::to_owned).to_vec();
        let copied = store.agents_of_sessions("alice", ids, &Changes::default()).await.unwrap().len();
        let health = health(&address).await.unwrap();
        if copied == 3 && health["too_large"] == 1 && health["phase"] == "following" && health["pending"] == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{copied} copied; {health}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // The replica of the record that is too large stays.
    let old = store.ids_of_list("alice", ListKey::Agent("a")).await.unwrap();
    assert!(old.iter().any(|id| id == "huge"));
    let peak = follower.peak_memory();
    assert!(peak < 512, "{peak} MB");
    println!("at most {peak} MB");
    // The record is named once, and again when it has changed.
    ends.redis.put(&World { sessions: vec![large("huge", 81 * MB)], ..World::default() });
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(follower.is_alive());
    let log = follower.stop().await;
    let huge = key("session", &world.sessions[1]);
    let named = log.lines().filter(|line| line.contains("too large") && line.contains(&huge)).count();
    assert_eq!(named, 2, "{log}");
}
