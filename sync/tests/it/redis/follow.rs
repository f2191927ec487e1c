//! Changes in Redis reach the tables, whatever fails in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agentscope_store::Changes;
use agentscope_tests::proxy::DynamoDbProxy;
use agentscope_tests::records::{World, agent, noise, schedule, session, team, with};
use agentscope_tests::redis::key;
use serde_json::{Value, json};

use crate::redis::process::Ends;

const TIME: &str = "2026-01-01T00:00:00";

fn world() -> World {
    World {
        agents: vec![agent("alice", "a")],
        sessions: (0..20).map(|number| session("alice", "a", &format!("s{number}"), TIME)).collect(),
        teams: vec![team("alice", "t", "s1", &["a"])],
        schedules: vec![schedule("alice", "daily")],
        ..World::default()
    }
}

fn renamed(record: &Value, name: &str) -> Value {
    let place = if record.get("config").is_some() { "/config/name" } else { "/data/name" };
    with(record.clone(), place, name)
}

/// Changes all records, some more than once, and deletes some sessions.
fn change(ends: &Ends, world: &World, name: &str) {
    for round in ["first", name] {
        let all = |records: &[Value]| records.iter().map(|record| renamed(record, round)).collect::<Vec<_>>();
        let mut changed = World {
            agents: all(&world.agents),
            sessions: all(&world.sessions),
            teams: all(&world.teams),
            schedules: all(&world.schedules),
            ..World::default()
        };
        changed.sessions[3] = with(changed.sessions[3].clone(), "/state/summary", noise(3, 900_000));
        ends.redis.put(&changed);
    }
    for session in &world.sessions[10..13] {
        ends.redis.delete_session(session);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_followed() {
    let world = world();
    let ends = Ends::with(&world).await;
    let follower = ends.follow(&["--configure"]);
    ends.settle().await;
    change(&ends, &world, "second");
    ends.settle().await;
    // Renamed, expired, and renamed to a key that is not a record's.
    let session_key = key("session", &world.sessions[0]);
    let _: () = ends.redis.send(&["RENAME", &session_key, "elsewhere"]);
    let _: () = ends.redis.send(&["PEXPIRE", &key("agent", &world.agents[0]), "50"]);
    ends.until("both are gone", async || {
        let store = &ends.database.store;
        store.agent("alice", "a").await.unwrap().is_none()
            && store.agents_of_sessions("alice", vec!["s0".into()], &Changes::default()).await.unwrap().is_empty()
    })
    .await;
    let _: () = ends.redis.send(&["RENAME", "elsewhere", &session_key]);
    ends.settle().await;
    let log = follower.stop().await;
    assert!(log.contains("Redis notifies of every relevant change"), "{log}");
    assert!(log.contains("stopping: finishing work in flight") && log.contains("\"left\":0"), "{log}");
    // Every line is a JSON object.
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).unwrap().is_object()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_notifications_every_change_is_found_by_comparing() {
    let world = world();
    let ends = Ends::with(&world).await;
    let follower = ends.follow(&["--reconcile-seconds", "1"]);
    ends.settle().await;
    change(&ends, &world, "second");
    ends.settle().await;
    let log = follower.stop().await;
    let said = log.lines().filter(|line| line.contains("notify-keyspace-events lacks flags")).count();
    assert_eq!(said, 1, "{log}");
    assert!(log.contains(r#""missing":"Kg$sxe""#) && log.contains("--configure"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_that_are_switched_on_stay_so() {
    let ends = Ends::with(&world()).await;
    let _: () = ends.redis.send(&["CONFIG", "SET", "notify-keyspace-events", "El"]);
    let follower = ends.follow(&["--configure"]);
    ends.settle().await;
    follower.stop().await;
    let setting: Vec<String> = ends.redis.send(&["CONFIG", "GET", "notify-keyspace-events"]);
    for flag in "ElKg$sxe".chars() {
        assert!(setting[1].contains(flag), "{setting:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_for_a_moment_is_found_again() {
    let world = world();
    let mut ends = Ends::with(&world).await;
    let follower = ends.follow(&["--configure"]);
    ends.settle().await;
    ends.redis.stop();
    ends.redis.restart();
    change(&ends, &world, "second");
    ends.settle().await;
    let log = follower.stop().await;
    assert!(log.contains("the connection to Redis is lost"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_leaves_nothing_that_the_next_does_not_find() {
    let world = world();
    let ends = Ends::with(&world).await;
    for round in 0..4 {
        let follower = ends.follow(&["--configure"]);
        change(&ends, &world, &format!("round {round}"));
        tokio::time::sleep(std::time::Duration::from_millis(60 * round)).await;
        follower.signal("KILL").await;
        assert_eq!(follower.end().await.0, None);
        ends.redis.put(&world);
    }
    ends.once().await;
    let (code, differences, _) = ends.run(&["verify"]).await;
    assert_eq!(code, Some(0), "{differences}");
    // No parts of states are left over.
    let parts = |items: Vec<crate::redis::process::Item>| {
        items.iter().filter(|item| item.get("item").is_some_and(|key| key.as_s().unwrap().contains("#state#"))).count()
    };
    assert_eq!(parts(ends.items().await), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_costs_time_and_nothing_else() {
    let world = world();
    let mut ends = Ends::with(&world).await;
    let throttled = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&throttled);
    ends.throttle(move |number| {
        // Two of three requests, at first.
        let is_throttled = number < 300 && !number.is_multiple_of(3);
        seen.fetch_add(usize::from(is_throttled), Ordering::Relaxed);
        is_throttled
    })
    .await;
    let follower = ends.follow(&["--configure"]);
    change(&ends, &world, "second");
    let url = ends.url.take();
    ends.settle().await;
    ends.url = url;
    follower.stop().await;
    assert!(throttled.load(Ordering::Relaxed) > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_side_by_side_come_to_the_same() {
    let world = world();
    let ends = Ends::with(&world).await;
    let followers = [ends.follow(&["--configure"]), ends.follow(&["--configure"])];
    for round in 0..5 {
        change(&ends, &world, &format!("round {round}"));
        ends.redis.put(&world);
    }
    ends.settle().await;
    for follower in followers {
        follower.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_does_not_fit_ends_a_strict_process() {
    let world = world();
    let ends = Ends::with(&world).await;
    let follower = ends.follow(&["--configure", "--strict"]);
    ends.settle().await;
    let _: () = ends.redis.send(&["SET", &key("agent", &world.agents[0]), &json!({ "id": "a" }).to_string()]);
    let (code, log) = follower.end().await;
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("missing field `user_id`") && log.contains("a record is invalid"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_missing_is_said_at_once() {
    let ends = Ends::with(&world()).await;
    let name = &ends.database.store.names().sessions;
    ends.database.client.delete_table().table_name(name).send().await.unwrap();
    let (code, log) = ends.follow(&[]).end().await;
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("ResourceNotFoundException"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_tells_how_it_is() {
    let world = world();
    let mut ends = Ends::with(&world).await;
    let proxy = DynamoDbProxy::recording(&ends.database.url).await;
    ends.url = Some(proxy.url.clone());
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let health = |path: &str| {
        let url = format!("http://{address}{path}");
        async move {
            let response = reqwest::get(url).await.ok()?;
            Some((response.status().as_u16(), response.text().await.unwrap()))
        }
    };
    assert_ne!(ends.run_alone(&["health", &address]).await.0, Some(0));
    let follower = ends.follow(&["--configure", "--listen", &address]);
    let is_well = async || health("/healthz").await.is_some_and(|(status, _)| status == 200);
    ends.until("it is well", is_well).await;
    change(&ends, &world, "second");
    ends.settle().await;
    let (_, text) = health("/healthz").await.unwrap();
    let response: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&response["phase"], &response["skipped"]), (&json!("following"), &json!(0)));
    assert!(response["lag_ms"]["changes"].as_u64().unwrap() > 20, "{text}");
    let (_, metrics) = health("/metrics").await.unwrap();
    assert!(
        metrics.contains("\nagentscope_sync_following 1\n") && metrics.contains("agentscope_sync_written_total"),
        "{metrics}"
    );
    assert_eq!(ends.run_alone(&["health", &address]).await.0, Some(0));
    // Without Redis, the process is alive and not healthy.
    ends.redis.stop();
    ends.until("it is not well", async || health("/healthz").await.unwrap().0 == 503).await;
    assert_eq!(health("/livez").await.unwrap().0, 200);
    assert_eq!(ends.run_alone(&["health", &address]).await.0, Some(0));
    follower.stop().await;
}
