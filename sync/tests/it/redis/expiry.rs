//! An expiring record is listed until it expires, whenever Redis detects that.

use agentscope_store::ListKey;
use agentscope_tests::records::{World, agent, session};
use agentscope_tests::redis::key;

use crate::redis::process::Ends;

const TIME: &str = "2026-01-01T00:00:00";

fn world() -> World {
    let ids = ["kept", "set", "expire", "persist", "moved"];
    World {
        agents: vec![agent("alice", "a")],
        sessions: ids.map(|id| session("alice", "a", id, TIME)).to_vec(),
        ..World::default()
    }
}

async fn listed(ends: &Ends) -> Vec<String> {
    let mut ids = ends.database.store.ids_of_list("alice", ListKey::Agent("a")).await.unwrap();
    ids.sort();
    ids
}

/// A Redis that detects an expiry only when a client reads the key.
async fn lazy() -> Ends {
    let ends = Ends::with(&world()).await;
    let _: () = ends.redis.send(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]);
    ends
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_expires_is_gone_at_its_end() {
    let ends = lazy().await;
    let follower = ends.follow(&["--configure"]);
    ends.settle().await;
    let world = world();
    let [_, set, expire, persist, moved] = &world.sessions[..] else { panic!() };
    let _: () = ends.redis.send(&["SET", &key("session", set), &set.to_string(), "PX", "12000"]);
    let _: () = ends.redis.send(&["PEXPIRE", &key("session", expire), "12000"]);
    let _: () = ends.redis.send(&["PEXPIRE", &key("session", persist), "12000"]);
    let _: () = ends.redis.send(&["PEXPIRE", &key("session", moved), "12000"]);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let _: () = ends.redis.send(&["PERSIST", &key("session", persist)]);
    let _: () = ends.redis.send(&["PEXPIRE", &key("session", moved), "20000"]);
    assert_eq!(listed(&ends).await, ["expire", "kept", "moved", "persist", "set"]);
    ends.until("two are gone", async || listed(&ends).await == ["kept", "moved", "persist"]).await;
    ends.until("the renewed one is gone", async || listed(&ends).await == ["kept", "persist"]).await;
    follower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_are_learned_by_comparing_too() {
    let ends = lazy().await;
    ends.once().await;
    let world = world();
    for session in &world.sessions[1..] {
        let _: () = ends.redis.send(&["PEXPIRE", &key("session", session), "5000"]);
    }
    // All records are copied already, and no notification comes.
    let follower = ends.follow(&[]);
    ends.until("they are gone", async || listed(&ends).await == ["kept"]).await;
    follower.stop().await;
}
