//! Copies of records that live elsewhere: written and deleted only while the table holds what was
//! read.

use agentscope_model::{AgentRecord, SessionRecord};
use agentscope_store::{Detail, RecordKind, SourceFingerprint, Store, StoredVersion};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::records::{agent, noise, parse, session, with};
use aws_sdk_dynamodb::types::AttributeValue;

const TIME: &str = "2026-01-01T00:00:00";

fn original(hash: u8) -> SourceFingerprint {
    SourceFingerprint { content_hash: [hash; 32], is_on_agent_list: true, is_on_schedule_list: true }
}

async fn stored_version(store: &Store, kind: RecordKind, id: &str) -> StoredVersion {
    store.stored_versions(kind, &[("alice", id)], true).await.unwrap().remove(0).0
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
    assert!(!nothing.is_there());
    assert!(store.copy_agent(&an_agent("first"), &original(1), &nothing).await.unwrap());
    // A slow writer, who has read before.
    assert!(!store.copy_agent(&an_agent("slow"), &original(2), &nothing).await.unwrap());
    let first = stored_version(&store, RecordKind::Agent, "a").await;
    assert!(first.is_copy_of(&[1; 32]) && !first.is_copy_of(&[2; 32]));
    assert!(store.copy_agent(&an_agent("second"), &original(2), &first).await.unwrap());
    assert!(!store.copy_agent(&an_agent("slow"), &original(3), &first).await.unwrap());
    assert!(!store.delete_copy(RecordKind::Agent, "alice", "a", &first).await.unwrap());
    assert!(store.agent("alice", "a").await.unwrap().unwrap().json.contains("second"));
    // What was not written as a copy is found as well.
    store.put_agent(&an_agent("loaded")).await.unwrap();
    let loaded = stored_version(&store, RecordKind::Agent, "a").await;
    assert!(loaded.is_there() && !loaded.is_copy_of(&[2; 32]));
    assert!(store.copy_agent(&an_agent("third"), &original(2), &loaded).await.unwrap());
    assert!(!store.delete_copy(RecordKind::Agent, "alice", "a", &loaded).await.unwrap());
    let third = stored_version(&store, RecordKind::Agent, "a").await;
    assert!(store.delete_copy(RecordKind::Agent, "alice", "a", &third).await.unwrap());
    assert!(store.agent("alice", "a").await.unwrap().is_none());
}

#[tokio::test]
async fn sessions_with_and_without_parts_behave_alike() {
    let database = TestDynamoDb::start().await;
    let store = &database.store;
    let kind = RecordKind::Session;
    for summary in ["short".to_owned(), noise(1, 900_000)] {
        let nothing = stored_version(store, kind, "s").await;
        assert!(store.copy_session(&a_session("s", &summary), &original(1), &nothing).await.unwrap());
        assert!(!store.copy_session(&a_session("s", "slow"), &original(2), &nothing).await.unwrap());
        let first = stored_version(store, kind, "s").await;
        assert!(store.copy_session(&a_session("s", &summary), &original(2), &first).await.unwrap());
        assert!(!store.copy_session(&a_session("s", &noise(2, 900_000)), &original(3), &first).await.unwrap());
        assert!(!store.delete_copy(kind, "alice", "s", &first).await.unwrap());
        assert!(!store.has_left_parts("alice", "s").await.unwrap());
        let heads = store.heads("alice", vec!["s".into()], Detail::Full, usize::MAX).await.unwrap();
        let sessions = store.states("alice", heads.into_values().collect(), Detail::Full, usize::MAX).await.unwrap();
        let mut text = Vec::new();
        sessions["s"].append_json(&mut text).unwrap();
        assert!(String::from_utf8(text).unwrap().contains(&summary));
        let second = stored_version(store, kind, "s").await;
        assert!(store.delete_copy(kind, "alice", "s", &second).await.unwrap());
        let left = database.client.scan().table_name(&store.names().sessions).send().await.unwrap();
        assert_eq!(left.items(), []);
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
    store.copy_session(&a_session("s", ""), &original(1), &StoredVersion::default()).await.unwrap();
    let ids = vec!["claimed".to_owned(), "s".to_owned()];
    assert_eq!(store.heads("alice", ids, Detail::Full, usize::MAX).await.unwrap().len(), 1);
    assert_eq!(store.sessions_of_agent("alice", "a", None).await.unwrap().rows.len(), 1);
    let agents = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let (newest, rest) = store.newest_sessions_at_once("alice", agents).await.unwrap();
    assert_eq!((newest.len(), newest["a"].as_str(), rest.len()), (1, "s", 0));
    let mut found = store.scan(RecordKind::Session, None).await.unwrap().records;
    found.sort();
    assert_eq!(found, ["claimed", "s"].map(|id| ("alice".to_owned(), id.to_owned())));
    // It can be taken over, and deleted.
    let claim = stored_version(store, RecordKind::Session, "claimed").await;
    assert!(claim.is_there());
    assert!(store.copy_session(&a_session("claimed", ""), &original(1), &claim).await.unwrap());
    assert_eq!(store.sessions_of_agent("alice", "a", None).await.unwrap().rows.len(), 2);
}

#[tokio::test]
async fn ids_that_no_table_accepts_have_no_copies() {
    let store = TestDynamoDb::start().await.store;
    let long = "x".repeat(3000);
    for kind in RecordKind::ALL {
        let stored = store.stored_versions(kind, &[("alice", &long), (&long, "a"), ("alice", "")], true).await.unwrap();
        assert!(stored.iter().all(|(stored, lease)| !stored.is_there() && lease.is_none()));
    }
}
