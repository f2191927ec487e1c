//! `verify` names the differences.

use std::time::Duration;

use agentscope_tests::records::{World, agent, noise, run, schedule, session, team, with};
use agentscope_tests::redis::{key, lock};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use crate::redis::process::Ends;

const TIME: &str = "2026-01-01T00:00:00";

fn world() -> World {
    World {
        agents: vec![agent("alice", "a")],
        sessions: vec![
            with(session("alice", "a", "s", TIME), "/state/summary", noise(1, 900_000)),
            run("alice", "a", "daily", "t", TIME),
        ],
        teams: vec![team("alice", "t", "s", &["a"])],
        schedules: vec![schedule("alice", "daily")],
        running: vec!["s".into()],
    }
}

/// The differences that `verify` finds after a change of identical ends.
async fn planted(plant: impl AsyncFnOnce(&Ends)) -> Vec<String> {
    let ends = Ends::with(&world()).await;
    ends.once().await;
    plant(&ends).await;
    let (code, differences, log) = ends.run(&["verify"]).await;
    let lines: Vec<_> = differences.lines().map(str::to_owned).collect();
    assert_eq!(code, Some(i32::from(lines.len() > 1)), "{differences}{log}");
    // The last line is the summary.
    assert!(lines.last().unwrap().starts_with(|digit: char| digit.is_ascii_digit()), "{differences}");
    lines[..lines.len() - 1].to_vec()
}

/// Sets an attribute of an item, bypassing the store.
async fn set(ends: &Ends, table: &str, sort: (&str, &str), name: &str, value: AttributeValue) {
    let request = ends.database.client.update_item().table_name(table);
    let request =
        request.key("user_id", AttributeValue::S("alice".into())).key(sort.0, AttributeValue::S(sort.1.into()));
    let request = request.update_expression("SET #name = :value").expression_attribute_names("#name", name);
    request.expression_attribute_values(":value", value).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_differs_where_nothing_does() {
    assert_eq!(planted(async |_| {}).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_missing_or_has_changed_is_named() {
    let mut differences = planted(async |ends| {
        let store = &ends.database.store;
        store.delete_agent("alice", "a").await.unwrap();
        let renamed = with(world().teams[0].clone(), "/data/name", "another");
        ends.redis.put(&World { teams: vec![renamed], schedules: vec![schedule("bob", "new")], ..World::default() });
        store.delete_session("alice", "t").await.unwrap();
    })
    .await;
    differences.sort();
    let expected = [
        r#"changed: team "t" of user "alice": json"#,
        r#"missing: agent "a" of user "alice""#,
        r#"missing: schedule "new" of user "bob""#,
        r#"missing: session "t" of user "alice""#,
    ];
    assert_eq!(differences, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_was_changed_is_named_with_its_attributes() {
    let mut differences = planted(async |ends| {
        let names = ends.database.store.names().clone();
        let text = |text: &str| AttributeValue::S(text.into());
        set(ends, &names.agents, ("id", "a"), "json", text("{}")).await;
        set(ends, &names.sessions, ("item", "session#t"), "team_id", text("other")).await;
        set(ends, &names.sessions, ("item", "session#t"), "json", text(r#"{"name":"other"}"#)).await;
        set(ends, &names.schedules, ("id", "daily"), "json", text(r#"{"x":1}"#)).await;
        // Damage a part of a state.
        let items = ends.items().await;
        let part = items.iter().filter_map(|item| item.get("item")?.as_s().ok()).find(|item| item.contains("#state#"));
        let data = AttributeValue::B(b"damaged".to_vec().into());
        set(ends, &names.sessions, ("item", part.unwrap()), "data", data).await;
    })
    .await;
    differences.sort();
    let expected = [
        r#"changed: agent "a" of user "alice": json"#,
        r#"changed: schedule "daily" of user "alice": json"#,
        r#"changed: session "s" of user "alice": state"#,
        r#"changed: session "t" of user "alice": json, team_id, the places of its bulk are wrong"#,
    ];
    assert_eq!(differences, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_record_is_extra() {
    let mut differences = planted(async |ends| {
        let more = World {
            agents: vec![agent("bob", "b")],
            sessions: vec![session("bob", "b", "x", TIME)],
            teams: vec![team("bob", "t", "x", &[])],
            schedules: vec![schedule("bob", "daily")],
            ..World::default()
        };
        assert!(ends.database.load(&more.text()).await.problems.is_empty());
    })
    .await;
    differences.sort();
    let expected = [("agent", "b"), ("schedule", "daily"), ("session", "x"), ("team", "t")];
    assert_eq!(differences, expected.map(|(kind, id)| format!("extra: {kind} {id:?} of user \"bob\"")));
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_that_are_not_as_the_locks_are_named() {
    let mut differences = planted(async |ends| {
        let store = &ends.database.store;
        store.acquire_lease("alice", "t", "somebody", Duration::from_secs(100)).await.unwrap().unwrap();
        store.acquire_lease("alice", "no-session", "somebody", Duration::from_secs(100)).await.unwrap().unwrap();
        store.end_lease("alice", "s").await.unwrap();
    })
    .await;
    differences.sort();
    let expected = [
        r#"missing lease: session "s" of user "alice""#,
        r#"stale lease: session "no-session" of user "alice""#,
        r#"stale lease: session "t" of user "alice""#,
    ];
    assert_eq!(differences, expected);
    // A lease that ends before the lock.
    let differences = planted(async |ends| {
        let _: () = ends.redis.send(&["EXPIRE", &lock("s"), "60"]);
    })
    .await;
    assert_eq!(differences, [r#"missing lease: session "s" of user "alice""#]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_records_that_do_not_fit_are_named() {
    let mut differences = planted(async |ends| {
        let _: () = ends.redis.send(&["SREM", "agentscope:user:alice:schedule:daily:sessions", "t"]);
        let _: () = ends.redis.send(&[
            "SET",
            &key("agent", &world().agents[0]),
            &json!({ "id": "a", "user_id": "alice" }).to_string(),
        ]);
    })
    .await;
    differences.sort();
    let expected = [
        r#"changed: session "t" of user "alice": source_schedule_id, unindexed_source_schedule_id"#,
        r#"invalid: key "agentscope:user:alice:agent:a": .: missing field `data`"#,
    ];
    assert_eq!(differences, expected);
}
