//! Cleanup after writers that crash, or whose requests are refused, during a write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use agentscope_tests::proxy::{Action, DynamoDbProxy};
use agentscope_tests::records::{World, agent, noise, session, with};

use crate::redis::process::Ends;

const TIME: &str = "2026-01-01T00:00:00";

/// Sessions whose states have parts.
fn world(seed: u64) -> World {
    let large = |number: u64| {
        let id = format!("s#{number}");
        with(session("alice", "a", &id, TIME), "/state/summary", noise(seed + number, 900_000))
    };
    World { agents: vec![agent("alice", "a")], sessions: (0..3).map(large).collect(), ..World::default() }
}

/// Counts heads, parts and claims.
async fn count(ends: &Ends) -> (usize, usize, usize) {
    let items = ends.items().await;
    let keys = items.iter().filter_map(|item| Some((item.get("item")?.as_s().ok()?, item.contains_key("expires_at"))));
    keys.fold((0, 0, 0), |(heads, parts, claims), (key, expires)| match (key.contains("#state#"), expires) {
        (true, _) => (heads, parts + 1, claims),
        (_, false) => (heads + 1, parts, claims),
        (_, true) => (heads, parts, claims + 1),
    })
}

/// Crashes a process before each of its requests in turn, from `before` to `after`, and lets
/// another one continue. Nothing is lost and nothing is left over.
async fn die_everywhere(before: &World, after: impl Fn(&Ends), left: (usize, usize, usize)) {
    for step in 0.. {
        let mut ends = Ends::with(before).await;
        ends.once().await;
        let writes = AtomicUsize::new(0);
        let proxy = DynamoDbProxy::with_actions(&ends.database.url, move |arrival| {
            let is_write = ["PutItem", "DeleteItem", "BatchWriteItem"].contains(&arrival.call.operation.as_str());
            let number = if is_write { writes.fetch_add(1, Ordering::Relaxed) } else { 0 };
            // From this write on no request gets a response. The database sees no more of a crash.
            if is_write && number >= step { Action::Hang } else { Action::Forward }
        })
        .await;
        ends.url = Some(proxy.url.clone());
        after(&ends);
        let dying = ends.follow(&["--configure", "--allow-empty"]);
        let writes = || {
            let calls = proxy.calls();
            let writes = ["PutItem", "DeleteItem", "BatchWriteItem"];
            calls.iter().filter(|call| writes.contains(&call.operation.as_str())).count()
        };
        // The whole write, or a part of it.
        let begun = std::time::Instant::now();
        let mut is_done = false;
        while writes() <= step && !is_done {
            assert!(begun.elapsed().as_secs() < 120);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            is_done = writes() <= step && begun.elapsed().as_secs() >= 6;
        }
        dying.signal("KILL").await;
        dying.end().await;
        ends.url = None;
        let (code, _, log) = ends.run(&["redis", "--once", "--allow-empty"]).await;
        assert_eq!(code, Some(0), "{log}");
        assert_eq!(count(&ends).await, left, "after {step} writes");
        let (code, differences, _) = ends.run(&["verify"]).await;
        assert_eq!(code, Some(0), "after {step} writes: {differences}");
        if is_done {
            assert!(step > 1);
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_process_that_dies_while_it_writes() {
    let one = |seed| World { sessions: world(seed).sessions[..1].to_vec(), ..world(seed) };
    die_everywhere(&World::default(), |ends| ends.redis.put(&one(0)), (1, 2, 0)).await;
    die_everywhere(&one(0), |ends| ends.redis.put(&one(10)), (1, 2, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_process_that_dies_while_it_deletes() {
    let one = World { sessions: world(0).sessions[..1].to_vec(), ..world(0) };
    die_everywhere(&one, |ends| ends.redis.delete_session(&one.sessions[0]), (0, 0, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_session_that_is_gone_before_the_next_process_starts() {
    let ends = Ends::with(&world(0)).await;
    ends.once().await;
    // Parts without a head and without a claim, as if the claim had expired.
    let names = ends.database.store.names();
    let items = ends.items().await;
    let heads =
        items.iter().filter(|item| item.get("item").is_some_and(|key| !key.as_s().unwrap().contains("#state#")));
    for head in heads {
        let request = ends.database.client.delete_item().table_name(&names.sessions);
        request.key("user_id", head["user_id"].clone()).key("item", head["item"].clone()).send().await.unwrap();
    }
    for session in &world(0).sessions {
        ends.redis.delete_session(session);
    }
    assert_eq!(count(&ends).await, (0, 6, 0));
    let (code, differences, _) = ends.run(&["verify"]).await;
    assert_eq!(code, Some(1));
    assert!(differences.contains(r#"left over: parts of the state of session "s#1" of user "alice""#), "{differences}");
    ends.once().await;
    assert_eq!(count(&ends).await, (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_delete_or_write_that_was_turned_away_in_its_middle() {
    let mut ends = Ends::with(&world(0)).await;
    let is_busy = Arc::new(AtomicBool::new(true));
    let still_busy = Arc::clone(&is_busy);
    // The store gives up a request that was refused four times: five in a row are refused, and the
    // next five are not.
    ends.throttle(move |number| still_busy.load(Ordering::Relaxed) && (number / 5).is_multiple_of(2)).await;
    let follower = ends.follow(&["--configure"]);
    for round in 1..6 {
        ends.redis.put(&world(round * 10));
        ends.redis.delete_session(&world(0).sessions[round as usize % 3]);
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    ends.redis.put(&world(100));
    ends.redis.delete_session(&world(0).sessions[0]);
    is_busy.store(false, Ordering::Relaxed);
    let url = ends.url.take();
    ends.settle().await;
    // The last parts may be deleted after `verify` has scanned them.
    ends.until("nothing is left over", async || count(&ends).await == (2, 4, 0)).await;
    ends.url = url;
    follower.stop().await;
}
