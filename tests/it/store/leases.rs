//! Run leases: who holds one, until when, and what the lists make of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agentscope_store::{LeaseHeld, StoreError, keys};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, session};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::requests::body;
use crate::store::behind::{Item, items, put_item, sort_keys, text};

const MINUTE: Duration = Duration::from_secs(60);
/// A lease that has ended when it is taken.
const ENDED: Duration = Duration::ZERO;

async fn database() -> TestDynamoDb {
    let world = World {
        agents: vec![agent("alice", "a")],
        sessions: vec![session("alice", "a", "s", "2026-01-01T00:00:00")],
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn lease(id: &str, holder: &str, expires_at: u64) -> Item {
    Item::from([
        ("user_id".into(), text("alice")),
        ("item".into(), text(&keys::run(id))),
        ("id".into(), text(id)),
        ("holder".into(), text(holder)),
        ("expires_at".into(), AttributeValue::N(expires_at.to_string())),
    ])
}

/// What the list says of the only session.
async fn is_running(database: &TestDynamoDb) -> bool {
    let body = body(&database.store, &HttpRequest::sessions("alice", "a")).await;
    let (running, idle) = (body.contains(r#""is_running":true"#), body.contains(r#""is_running":false"#));
    assert!(running != idle, "{body}");
    running
}

async fn holder(database: &TestDynamoDb) -> Option<String> {
    let leases = database.store.leases("alice").await.unwrap();
    leases.into_iter().find(|lease| lease.session_id == "s").map(|lease| lease.holder)
}

#[tokio::test]
async fn a_session_runs_from_the_lease_to_its_release() {
    let database = database().await;
    let store = &database.store;
    assert!(!is_running(&database).await);
    store.acquire_lease("alice", "s", "one", MINUTE).await.unwrap().unwrap();
    assert!(is_running(&database).await);
    store.acquire_lease("alice", "s", "one", MINUTE).await.unwrap().unwrap();
    assert!(is_running(&database).await);
    store.release_lease("alice", "s", "one").await.unwrap();
    assert!(!is_running(&database).await);
    assert_eq!(sort_keys(&database, "alice").await, [keys::head("s")]);
}

#[tokio::test]
async fn a_lease_ends_at_its_time_even_while_its_item_is_there() {
    let database = database().await;
    for (expires_at, running) in
        [(0, false), (1, false), (now() - 1, false), (now(), false), (now() + 60, true), (u64::MAX, true)]
    {
        put_item(&database, lease("s", "crashed", expires_at)).await;
        assert_eq!(is_running(&database).await, running, "{expires_at}");
        assert_eq!(sort_keys(&database, "alice").await, [keys::run("s"), keys::head("s")]);
    }
}

#[tokio::test]
async fn a_lease_lasts_as_long_as_it_was_taken_for() {
    let database = database().await;
    for seconds in [0, 1, 600, 86_400] {
        let before = now();
        database.store.acquire_lease("alice", "s", "one", Duration::from_secs(seconds)).await.unwrap().unwrap();
        let expires_at: u64 = items(&database, "alice").await[0]["expires_at"].as_n().unwrap().parse().unwrap();
        assert!((before + seconds..=now() + seconds).contains(&expires_at), "{seconds}");
    }
    database.store.acquire_lease("alice", "s", "one", Duration::MAX).await.unwrap().unwrap();
    assert!(is_running(&database).await);
}

#[tokio::test]
async fn a_lease_with_a_holder_is_not_given_to_another() {
    let database = database().await;
    let store = &database.store;
    store.acquire_lease("alice", "s", "one", MINUTE).await.unwrap().unwrap();
    assert_eq!(store.acquire_lease("alice", "s", "two", MINUTE).await.unwrap(), Err(LeaseHeld));
    assert_eq!(holder(&database).await.as_deref(), Some("one"));
    // Its holder may take it again, as after a restart.
    store.acquire_lease("alice", "s", "one", MINUTE).await.unwrap().unwrap();
}

#[tokio::test]
async fn anybody_takes_a_lease_that_has_ended() {
    let database = database().await;
    let store = &database.store;
    store.acquire_lease("alice", "s", "one", ENDED).await.unwrap().unwrap();
    store.acquire_lease("alice", "s", "two", MINUTE).await.unwrap().unwrap();
    assert_eq!(holder(&database).await.as_deref(), Some("two"));
    store.release_lease("alice", "s", "two").await.unwrap();
    store.acquire_lease("alice", "s", "one", MINUTE).await.unwrap().unwrap();
    assert_eq!(holder(&database).await.as_deref(), Some("one"));
}

#[tokio::test]
async fn one_of_many_concurrent_requests_gets_the_lease() {
    let database = database().await;
    for round in 0..10 {
        let id = format!("contested {round}");
        let holders: Vec<_> = (0..8).map(|number| format!("holder {number}")).collect();
        let requests = holders.iter().map(|holder| database.store.acquire_lease("alice", &id, holder, MINUTE));
        let responses = futures::future::join_all(requests).await;
        assert_eq!(responses.into_iter().filter(|response| response.as_ref().unwrap().is_ok()).count(), 1);
    }
}

#[tokio::test]
async fn only_its_holder_releases_a_lease() {
    let database = database().await;
    let store = &database.store;
    store.release_lease("alice", "s", "one").await.unwrap();
    store.acquire_lease("alice", "s", "one", MINUTE).await.unwrap().unwrap();
    store.release_lease("alice", "s", "two").await.unwrap();
    store.release_lease("bob", "s", "one").await.unwrap();
    assert_eq!(holder(&database).await.as_deref(), Some("one"));
    assert!(is_running(&database).await);
}

#[tokio::test]
async fn a_lease_is_of_one_session_of_one_user() {
    let database = database().await;
    let store = &database.store;
    for (user_id, id) in [("bob", "s"), ("alice", "s2"), ("alice", "S"), ("alice", "s#run"), ("alice", "%73")] {
        store.acquire_lease(user_id, id, "one", MINUTE).await.unwrap().unwrap();
    }
    assert!(!is_running(&database).await);
    let mut ids: Vec<_> = store.activity("alice").await.unwrap().running.into_iter().collect();
    ids.sort();
    assert_eq!(ids, ["%73", "S", "s#run", "s2"]);
}

/// The field that a lease by these ids is refused for; `None` if it is taken.
async fn refused(database: &TestDynamoDb, user_id: &str, id: &str) -> Option<&'static str> {
    let field = |error| match error {
        StoreError::ConstraintViolation(violation) => violation.field,
        other => panic!("{other}"),
    };
    let acquired = database.store.acquire_lease(user_id, id, "one", MINUTE).await;
    let acquired = acquired.map(Result::unwrap).map_err(field);
    // There can be nothing to give back, which is no error.
    database.store.release_lease(user_id, id, "one").await.unwrap();
    assert_eq!(database.store.leases(user_id).await.unwrap(), []);
    acquired.err()
}

#[tokio::test]
async fn ids_that_fit_no_key_are_refused_by_name() {
    let database = database().await;
    for (user_id, id, field) in [
        ("", "s", Some("user_id")),
        ("bob", "", Some("id")),
        (&*"u".repeat(2048), "s", None),
        (&"u".repeat(2049), "s", Some("user_id")),
        // A sort key has 1024 bytes, of which `run#` takes four.
        ("bob", &"s".repeat(1020), None),
        ("bob", &"s".repeat(1021), Some("id")),
        ("bob", &"é".repeat(510), None),
        ("bob", &"é".repeat(511), Some("id")),
    ] {
        assert_eq!(refused(&database, user_id, id).await, field, "{} and {} bytes", user_id.len(), id.len());
    }
}

#[tokio::test]
async fn an_id_that_is_too_long_once_it_is_escaped_is_refused_by_name() {
    let database = database().await;
    assert_eq!(refused(&database, "bob", &"#".repeat(340)).await, None);
    assert_eq!(refused(&database, "bob", &"#".repeat(341)).await, Some("id"));
}
