//! Copies of records that live elsewhere: written and deleted only while the table holds what was
//! read.

use agentscope_model::{AgentRecord, SessionRecord};
use agentscope_store::{
    Changes, ListKey, RecordKind, ReplicaStatus, SourceFingerprint, Store, StoredRecord, StoredVersion,
};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::records::{agent, noise, parse, session, with};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::store::behind::count;

const TIME: &str = "2026-01-01T00:00:00";

fn original(hash: u8) -> SourceFingerprint {
    SourceFingerprint { digest: [hash; 32], is_on_agent_list: true, is_on_schedule_list: true }
}

async fn stored_version(store: &Store, kind: RecordKind, id: &str) -> StoredVersion {
    store.replica_status(kind, "alice", id).await.unwrap().version
}

fn an_agent(name: &str) -> AgentRecord {
    parse(&with(agent("alice", "a"), "/data/name", name).to_string()).unwrap()
}

fn a_session(id: &str, summary: &str) -> SessionRecord {
    parse(&with(session("alice", "a", id, TIME), "/state/summary", summary).to_string()).unwrap()
}

#[tokio::test]
async fn an_old_copy_never_replaces_a_newer_one() {
    let store = TestDynamoDb::start().await.store;
    let nothing = stored_version(&store, RecordKind::Agent, "a").await;
    assert!(!nothing.exists());
    assert!(an_agent("first").replicate(&store, &original(1), &nothing).await.unwrap());
    // A slow writer, who has read before.
    assert!(!an_agent("slow").replicate(&store, &original(2), &nothing).await.unwrap());
    let first = stored_version(&store, RecordKind::Agent, "a").await;
    assert!(first.is_replica_of(&original(1)) && !first.is_replica_of(&original(2)));
    assert!(an_agent("second").replicate(&store, &original(2), &first).await.unwrap());
    assert!(!an_agent("slow").replicate(&store, &original(3), &first).await.unwrap());
    assert!(!store.delete_replica(RecordKind::Agent, "alice", "a", &first).await.unwrap());
    assert!(store.agent("alice", "a").await.unwrap().unwrap().json.contains("second"));
    // What was not written as a copy is held as well.
    an_agent("loaded").put(&store).await.unwrap();
    let loaded = stored_version(&store, RecordKind::Agent, "a").await;
    assert!(loaded.exists() && !loaded.is_replica_of(&original(2)));
    assert!(an_agent("third").replicate(&store, &original(2), &loaded).await.unwrap());
    assert!(!store.delete_replica(RecordKind::Agent, "alice", "a", &loaded).await.unwrap());
    let third = stored_version(&store, RecordKind::Agent, "a").await;
    assert!(store.delete_replica(RecordKind::Agent, "alice", "a", &third).await.unwrap());
    assert!(store.agent("alice", "a").await.unwrap().is_none());
}

#[tokio::test]
async fn sessions_with_and_without_parts_behave_alike() {
    let database = TestDynamoDb::start().await;
    let store = &database.store;
    let kind = RecordKind::Session;
    for summary in ["short".to_owned(), noise(1, 900_000)] {
        let nothing = stored_version(store, kind, "s").await;
        assert!(a_session("s", &summary).replicate(store, &original(1), &nothing).await.unwrap());
        assert!(!a_session("s", "slow").replicate(store, &original(2), &nothing).await.unwrap());
        let first = stored_version(store, kind, "s").await;
        assert!(a_session("s", &summary).replicate(store, &original(2), &first).await.unwrap());
        assert!(!a_session("s", &noise(2, 900_000)).replicate(store, &original(3), &first).await.unwrap());
        assert!(!store.delete_replica(kind, "alice", "s", &first).await.unwrap());
        assert!(!store.has_left_parts("alice", "s").await.unwrap());
        let sessions = database.sessions(ListKey::Agent("a")).await;
        let mut text = Vec::new();
        sessions[0].append_json(&mut text).unwrap();
        assert!(String::from_utf8(text).unwrap().contains(&summary));
        let second = stored_version(store, kind, "s").await;
        assert!(store.delete_replica(kind, "alice", "s", &second).await.unwrap());
        assert_eq!(count(&database).await, 0);
    }
}

#[tokio::test]
async fn a_claim_is_on_no_list_and_found_by_scans() {
    let database = TestDynamoDb::start().await;
    let store = &database.store;
    let text = |text: &str| AttributeValue::S(text.into());
    let in_the_future = AttributeValue::N("4102444800".into());
    let claim = [
        ("user_id", text("alice")),
        ("item", text("session#claimed")),
        ("id", text("claimed")),
        ("version", text("01980000-0000-7000-8000-000000000000")),
        ("listing", text("#claimed")),
        ("expires_at", in_the_future),
    ];
    let request = database.client.put_item().table_name(&store.names().sessions);
    claim.into_iter().fold(request, |request, (name, value)| request.item(name, value)).send().await.unwrap();
    a_session("s", "").replicate(store, &original(1), &StoredVersion::default()).await.unwrap();
    assert_eq!(database.sessions(ListKey::Agent("a")).await.len(), 1);
    let agents = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let (newest, rest) = store.newest_sessions_at_once("alice", agents, &Changes::default()).await.unwrap();
    assert_eq!((newest.len(), newest["a"].as_str(), rest.len()), (1, "s", 0));
    let mut found = store.scan(RecordKind::Session, None).await.unwrap().records;
    found.sort();
    assert_eq!(found, ["claimed", "s"].map(|id| ("alice".to_owned(), id.to_owned())));
    // It can be taken over, and deleted.
    let claim = stored_version(store, RecordKind::Session, "claimed").await;
    assert!(claim.exists());
    assert!(a_session("claimed", "").replicate(store, &original(1), &claim).await.unwrap());
    assert_eq!(database.sessions(ListKey::Agent("a")).await.len(), 2);
}

#[tokio::test]
async fn ids_that_no_table_accepts_have_no_copies() {
    let store = TestDynamoDb::start().await.store;
    let long = "x".repeat(3000);
    for kind in RecordKind::ALL {
        let records = [("alice", long.as_str()), (&long, "a"), ("alice", "")];
        for (user_id, id) in records {
            assert_eq!(store.replica_status(kind, user_id, id).await.unwrap(), ReplicaStatus::default());
        }
        assert_eq!(store.replica_statuses(kind, &records).await.unwrap(), vec![ReplicaStatus::default(); 3]);
    }
}
