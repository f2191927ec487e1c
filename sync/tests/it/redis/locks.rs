//! A session counts as running while its lock exists.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agentscope_tests::records::{World, agent, session};
use agentscope_tests::redis::lock;

use crate::redis::process::Ends;

const TIME: &str = "2026-01-01T00:00:00";

fn world() -> World {
    World {
        agents: vec![agent("alice", "a"), agent("bob", "a")],
        sessions: vec![
            session("alice", "a", "s", TIME),
            session("bob", "a", "s", TIME),
            session("alice", "a", "t", TIME),
        ],
        ..World::default()
    }
}

async fn running(ends: &Ends, user_id: &str) -> HashSet<String> {
    ends.database.store.activity(user_id).await.unwrap().running
}

/// The seconds until the lease of alice's session ends: at least those of the lock, and at most
/// two more.
async fn seconds_left(ends: &Ends) -> u64 {
    let leases = ends.database.store.leases("alice").await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    leases.first().map_or(0, |lease| lease.expires_at - now)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_followed_from_when_it_is_taken_until_it_is_dropped() {
    let ends = Ends::with(&world()).await;
    let follower = ends.follow(&["--configure"]);
    ends.settle().await;
    let _: () = ends.redis.send(&["SET", &lock("s"), "token", "EX", "100"]);
    // The id names the sessions of all users, as in AgentScope.
    for user in ["alice", "bob"] {
        ends.until("it runs", async || running(&ends, user).await == HashSet::from(["s".to_owned()])).await;
    }
    assert!((95..=102).contains(&seconds_left(&ends).await));
    let _: () = ends.redis.send(&["EXPIRE", &lock("s"), "500"]);
    ends.until("the lease is renewed", async || seconds_left(&ends).await > 400).await;
    let _: () = ends.redis.send(&["DEL", &lock("s")]);
    ends.until("it has ended", async || running(&ends, "alice").await.is_empty()).await;
    // A lock that expires.
    let _: () = ends.redis.send(&["SET", &lock("t"), "token", "PX", "1500"]);
    ends.until("it runs", async || !running(&ends, "alice").await.is_empty()).await;
    ends.until("it has ended", async || running(&ends, "alice").await.is_empty()).await;
    // A lock without expiry.
    let _: () = ends.redis.send(&["SET", &lock("t"), "token"]);
    ends.until("it runs", async || seconds_left(&ends).await > 500).await;
    ends.settle().await;
    follower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_of_sessions_that_come_and_go_are_followed_with_them() {
    let world = world();
    let ends = Ends::with(&World::default()).await;
    let follower = ends.follow(&["--configure", "--allow-empty"]);
    ends.settle().await;
    // Before a session with this id exists.
    let _: () = ends.redis.send(&["SET", &lock("t"), "token", "EX", "100"]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(running(&ends, "alice").await.is_empty());
    ends.redis.put(&world);
    ends.until("it runs", async || running(&ends, "alice").await == HashSet::from(["t".to_owned()])).await;
    ends.redis.delete_session(&world.sessions[2]);
    ends.until("nothing of it is left", async || {
        let items = ends.items().await;
        !items.iter().any(|item| item.get("item").is_some_and(|key| key.as_s().unwrap().ends_with("#t")))
    })
    .await;
    follower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_that_nobody_holds_any_more_end_with_the_next_comparison() {
    let ends = Ends::with(&world()).await;
    ends.once().await;
    let store = &ends.database.store;
    let long = Duration::from_secs(5000);
    // Leases of another holder, and of an earlier process that has crashed.
    store.acquire_lease("alice", "t", "somebody", long).await.unwrap().unwrap();
    store.acquire_lease("alice", "s", "agentscope-sync redis", long).await.unwrap().unwrap();
    let _: () = ends.redis.send(&["SET", &lock("s"), "token", "EX", "300"]);
    let summary = ends.once().await;
    assert!(summary.contains("2 leases set, 1 ended"), "{summary}");
    assert_eq!(running(&ends, "alice").await, HashSet::from(["s".to_owned()]));
    assert!((290..=302).contains(&seconds_left(&ends).await));
    ends.settle().await;
}
