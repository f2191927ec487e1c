//! Writing and deleting: what is there afterwards, and what is not.

use std::time::Duration;

use agentscope_model::{AgentRecord, ScheduleRecord, TeamMembers, TeamRecord};
use agentscope_store::{Changes, ReadLimit, RecordKind, StoreError, StoredMembers, StoredRecord, keys};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::golden::{Case, cases, world};
use agentscope_tests::records::{World, agent, noise, parse, run, schedule, team, with};
use agentscope_tests::replicas::{delete, delete_session};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::requests::{body, send};
use crate::store::behind::{
    FUTURE, Item, count, has_its_own_parts_only, items, list_of, put_item, record, set_version, sort_keys, text,
};

/// A version of the year 1970.
const OLD: &str = "00000000-0001-7000-8000-000000000000";

async fn database() -> TestDynamoDb {
    let world =
        World { agents: vec![agent("alice", "a")], schedules: vec![schedule("alice", "s")], ..World::default() };
    TestDynamoDb::with_export(&world.text()).await
}

/// A session whose state takes two parts.
fn large(id: &str) -> Value {
    with(small(id), "/state/summary", noise(1, 600_000))
}

/// A session whose state lies in the head.
fn small(id: &str) -> Value {
    run("alice", "a", "s", id, "2026-01-01T00:00:00")
}

async fn put(database: &TestDynamoDb, session: &Value) {
    record(session).put(&database.store).await.unwrap();
}

async fn is_the_only_one(database: &TestDynamoDb, session: &Value) {
    let list = body(&database.store, &HttpRequest::schedule_sessions("alice", "s")).await;
    assert!(list == list_of(&record(session)));
}

/// Puts a part by hand, as a writer does that dies before it puts its head.
async fn put_part(database: &TestDynamoDb, id: &str, version: &str, number: usize) -> String {
    let sort_key = keys::part(id, version, number);
    let data = AttributeValue::B(Blob::new(b"left behind".to_vec()));
    put_item(
        database,
        Item::from([("user_id".into(), text("alice")), ("item".into(), text(&sort_key)), ("data".into(), data)]),
    )
    .await;
    sort_key
}

#[tokio::test]
async fn agents_teams_and_schedules_are_written_replaced_and_deleted() {
    let database = TestDynamoDb::start().await;
    let store = &database.store;
    for name in ["first", "second"] {
        let agent: AgentRecord = parse(&with(agent("alice", "x"), "/data/name", name).to_string()).unwrap();
        let team = with(team("alice", "x", name, &["m", "m", ""]), "/data/description", name);
        let team: TeamRecord = parse(&team.to_string()).unwrap();
        let schedule: ScheduleRecord = parse(&with(schedule("alice", "x"), "/data/name", name).to_string()).unwrap();
        agent.put(store).await.unwrap();
        team.put(store).await.unwrap();
        schedule.put(store).await.unwrap();

        assert_eq!(store.agent("alice", "x").await.unwrap().unwrap().json, agent.json);
        let stored = store
            .teams("alice", vec!["x".into()], &ReadLimit::new(usize::MAX), &Changes::default())
            .await
            .unwrap()
            .remove("x")
            .unwrap();
        assert_eq!(stored.json, team.json);
        assert_eq!(stored.session_id, name);
        assert!(
            matches!((stored.members, team.members), (StoredMembers::Agents { ids, place: None }, TeamMembers::Agents(of_team)) if ids == of_team)
        );
        assert!(store.schedule_exists("alice", "x").await.unwrap());
        assert_eq!(count(&database).await, 3);
    }
    delete(store, RecordKind::Agent, "alice", "x").await.unwrap();
    assert!(store.agent("alice", "x").await.unwrap().is_none());
    assert_eq!(count(&database).await, 2);
    delete(store, RecordKind::Team, "alice", "x").await.unwrap();
    assert!(
        store
            .teams("alice", vec!["x".into()], &ReadLimit::new(usize::MAX), &Changes::default())
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(count(&database).await, 1);
    delete(store, RecordKind::Schedule, "alice", "x").await.unwrap();
    assert!(!store.schedule_exists("alice", "x").await.unwrap());
    assert_eq!(count(&database).await, 0);
}

#[tokio::test]
async fn deleting_what_does_not_exist_is_no_error_and_touches_nothing_else() {
    let database = database().await;
    let store = &database.store;
    put(&database, &large("x")).await;
    let before = count(&database).await;
    let long = "x".repeat(3000);
    for (user_id, id) in [
        ("alice", "nope"),
        ("bob", "a"),
        ("bob", "s"),
        ("bob", "x"),
        ("alice", ""),
        ("", "x"),
        { ("alice", &long) },
        (&long, "x"),
        ("", ""),
    ] {
        delete(store, RecordKind::Agent, user_id, id).await.unwrap();
        delete(store, RecordKind::Team, user_id, id).await.unwrap();
        delete(store, RecordKind::Schedule, user_id, id).await.unwrap();
        delete_session(store, user_id, id).await.unwrap();
    }
    assert_eq!(count(&database).await, before);
    is_the_only_one(&database, &large("x")).await;
}

#[tokio::test]
async fn a_rewritten_session_keeps_nothing_of_its_former_state() {
    let database = database().await;
    let changed = with(with(large("x"), "/state/summary", noise(2, 900_000)), "/team_id", "t");
    for session in [small("x"), large("x"), small("x"), changed, large("x"), large("x"), small("x")] {
        put(&database, &session).await;
        is_the_only_one(&database, &session).await;
        has_its_own_parts_only(&database, "alice", "x").await;
    }
    assert_eq!(sort_keys(&database, "alice").await, [keys::head("x")]);
}

#[tokio::test]
async fn a_rewritten_session_leaves_the_lists_that_it_is_no_longer_in() {
    let database = database().await;
    put(&database, &small("x")).await;
    put(&database, &with(with(small("x"), "/agent_id", "other"), "/source_schedule_id", Value::Null)).await;
    for request in [HttpRequest::schedule_sessions("alice", "s"), HttpRequest::sessions("alice", "a")] {
        assert_eq!(body(&database.store, &request).await, r#"{"sessions":[],"total":0}"#);
    }
    put(&database, &with(small("x"), "/created_at", "2027-01-01T00:00:00")).await;
    is_the_only_one(&database, &with(small("x"), "/created_at", "2027-01-01T00:00:00")).await;
}

#[tokio::test]
async fn a_deleted_session_leaves_no_head_no_parts_and_no_lease() {
    let database = database().await;
    // These look like each other's parts and leases, if ids were not escaped.
    let neighbours = ["x#state", "x#state#1#0", "X", "x%23state", "x ", "xx", "run#x"];
    for id in neighbours {
        put(&database, &large(id)).await;
        database.store.acquire_lease("alice", id, "one", Duration::from_secs(600)).await.unwrap().unwrap();
    }
    let before = items(&database, "alice").await;
    for session in [large("x"), small("x")] {
        put(&database, &session).await;
        database.store.acquire_lease("alice", "x", "one", Duration::from_secs(600)).await.unwrap().unwrap();
        delete_session(&database.store, "alice", "x").await.unwrap();
        assert!(items(&database, "alice").await == before);
    }
    for id in neighbours {
        delete_session(&database.store, "alice", id).await.unwrap();
    }
    assert_eq!(sort_keys(&database, "alice").await, [""; 0]);
}

#[tokio::test]
async fn parts_that_a_dead_writer_left_go_with_the_next_write_or_delete() {
    let database = database().await;
    for number in [0, 1, 7] {
        put_part(&database, "x", OLD, number).await;
    }
    put(&database, &large("x")).await;
    has_its_own_parts_only(&database, "alice", "x").await;
    put_part(&database, "x", OLD, 0).await;
    is_the_only_one(&database, &large("x")).await;
    put(&database, &small("x")).await;
    has_its_own_parts_only(&database, "alice", "x").await;

    put_part(&database, "x", OLD, 0).await;
    delete_session(&database.store, "alice", "x").await.unwrap();
    assert_eq!(sort_keys(&database, "alice").await, [""; 0]);
    // Here the writer died before the session's first head.
    put_part(&database, "x", OLD, 0).await;
    delete_session(&database.store, "alice", "x").await.unwrap();
    assert_eq!(sort_keys(&database, "alice").await, [""; 0]);
}

#[tokio::test]
async fn parts_of_a_writer_that_is_still_at_work_are_left_alone() {
    let database = database().await;
    let part = put_part(&database, "x", FUTURE, 0).await;
    for session in [large("x"), small("x")] {
        put(&database, &session).await;
        is_the_only_one(&database, &session).await;
        assert!(sort_keys(&database, "alice").await.contains(&part));
    }
    // A delete takes them: their writer will not find the head any more that it is to replace, and
    // starts again.
    delete_session(&database.store, "alice", "x").await.unwrap();
    assert_eq!(sort_keys(&database, "alice").await, [""; 0]);
}

#[tokio::test]
async fn a_state_whose_writer_had_a_fast_clock_is_replaced_like_any_other() {
    let database = database().await;
    put(&database, &large("x")).await;
    set_version(&database, "x", FUTURE).await;
    is_the_only_one(&database, &large("x")).await;
    for session in [with(large("x"), "/state/summary", noise(2, 600_000)), small("x"), large("x")] {
        put(&database, &session).await;
        is_the_only_one(&database, &session).await;
        has_its_own_parts_only(&database, "alice", "x").await;
    }
}

#[tokio::test]
async fn a_session_that_fits_no_key_is_refused_by_name_and_not_written() {
    let database = database().await;
    let cases = [
        ("/id", String::new(), "id"),
        ("/user_id", String::new(), "user_id"),
        ("/id", "x".repeat(972), "id"),
        ("/id", "#".repeat(400), "id"),
        ("/user_id", "u".repeat(1024), "user_id"),
        ("/user_id", "u".repeat(2049), "user_id"),
        ("/user_id", "#".repeat(340), "user_id"),
    ];
    for (place, id, field) in cases {
        let response = record(&with(small("x"), place, id)).put(&database.store).await;
        assert!(
            matches!(&response, Err(StoreError::ConstraintViolation(violation)) if violation.field == field),
            "{place}: {response:?}"
        );
    }
    assert_eq!(count(&database).await, 2);
}

#[tokio::test]
async fn loading_an_export_again_changes_nothing() {
    let mut export: Value = serde_json::from_str(&world()).unwrap();
    export["sessions"].as_array_mut().unwrap().truncate(100);
    // A record without ids gets the same ones each time; its times are the clock's.
    let bare = json!({ "user_id": "alice", "agent_id": "a", "config": { "workspace_id": "w", "name": "bare" } });
    export["sessions"].as_array_mut().unwrap().extend([bare, large("large")]);
    export["schedules"].as_array_mut().unwrap().push(schedule("alice", "s"));
    let export = export.to_string();
    let database = TestDynamoDb::with_export(&export).await;
    let requests: Vec<_> = cases().iter().step_by(10).map(Case::request).collect();
    let responses = async || {
        let mut responses = Vec::new();
        for request in requests.iter().filter(|request| request.method == "GET") {
            responses.push(send(&database.store, request).await.into_body());
        }
        responses.push(body(&database.store, &HttpRequest::schedule_sessions("alice", "s")).await);
        responses
    };
    let (items, first) = (count(&database).await, responses().await);
    assert_eq!(database.load(&export).await.problems, [""; 0]);
    assert_eq!(count(&database).await, items);
    assert!(responses().await == first);
}
