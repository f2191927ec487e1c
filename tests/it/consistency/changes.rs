//! Single changes that no index shows yet.

use agentscope_model::{AgentRecord, SessionRecord, TeamRecord};
use agentscope_store::{RecordKind, SourceFingerprint, StoredRecord};
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{agent, noise, parse, session, team, with};
use agentscope_tests::replicas::{delete, delete_session};
use serde_json::{Value, json};

use crate::consistency::{chat, frozen, is_listed, put, world};
use crate::requests::tagged;

/// Writes a session and compares the lists.
async fn after(change: &str, changed: Value) {
    let (database, indexes) = frozen(&world()).await;
    let before = crate::consistency::lists(&indexes.store).await;
    put(&indexes.store, &changed).await;
    is_listed(&database, &indexes, change).await;
    assert_ne!(crate::consistency::lists(&indexes.store).await, before, "{change}");
    indexes.catch_up().await;
    is_listed(&database, &indexes, &format!("{change}, and the indexes have caught up")).await;
}

#[tokio::test]
async fn a_new_session_is_listed() {
    after("created", chat(9)).await;
    after("created in the middle", {
        let mut session = chat(9);
        session["created_at"] = json!("2026-01-01T00:00:02.5");
        session
    })
    .await;
    after("created for another agent", session("alice", "b", "new", "2026-01-01T00:00:00")).await;
}

#[tokio::test]
async fn what_a_user_changes_in_a_session_is_listed() {
    after("renamed", with(chat(3), "/config/name", "renamed")).await;
    after("another permission mode", with(chat(3), "/state/permission_context", json!({ "mode": "bypass" }))).await;
    let model = json!({ "type": "dashscope", "credential_id": "c", "model": "another", "parameters": {} });
    after("a model", with(chat(3), "/config/chat_model_config", model)).await;
    after("another turn", with(chat(3), "/state/summary", "another")).await;
}

#[tokio::test]
async fn a_state_that_moves_between_the_head_and_parts_is_listed() {
    after("from the head to parts", with(chat(3), "/state/summary", noise(1, 900_000))).await;
    after("from parts to the head", chat(2)).await;
    after("a name that no row holds", with(chat(3), "/config/name", "x".repeat(10_000))).await;
    after("a name that no head holds", with(chat(3), "/config/name", "x".repeat(400_000))).await;
}

#[tokio::test]
async fn a_session_that_moves_is_on_its_new_lists_alone() {
    after("another agent", with(chat(3), "/agent_id", "b")).await;
    after("another schedule", with(chat(3), "/source_schedule_id", "r")).await;
    after("another team", with(chat(1), "/team_id", "u")).await;
    after("a first team", with(chat(3), "/team_id", "u")).await;
    after("no team", chat(1)).await;
    after("another time of creation", with(chat(3), "/created_at", "2026-01-01T00:00:00.5")).await;
}

#[tokio::test]
async fn a_deleted_session_is_not_listed() {
    for id in ["c0", "c2", "c3", "c5"] {
        let (database, indexes) = frozen(&world()).await;
        delete_session(&indexes.store, "alice", id).await.unwrap();
        is_listed(&database, &indexes, id).await;
    }
}

/// Members of older teams are shown with their newest session.
#[tokio::test]
async fn the_newest_session_of_a_member_is_the_current_one() {
    let (database, indexes) = frozen(&world()).await;
    put(&indexes.store, &session("alice", "m0", "newer", "2026-01-02T00:00:00")).await;
    is_listed(&database, &indexes, "a newer session").await;
    delete_session(&indexes.store, "alice", "work of m1").await.unwrap();
    is_listed(&database, &indexes, "no session").await;
    put(&indexes.store, &session("alice", "m3", "work of m2", "2026-01-02T00:00:00")).await;
    is_listed(&database, &indexes, "a session of another member").await;
}

#[tokio::test]
async fn the_records_around_sessions_are_current() {
    let (database, indexes) = frozen(&world()).await;
    for id in ["a", "m0"] {
        let renamed = with(agent("alice", id), "/data/name", "renamed");
        parse::<AgentRecord>(&renamed.to_string()).unwrap().put(&indexes.store).await.unwrap();
        is_listed(&database, &indexes, "an agent").await;
    }
    let renamed = with(team("alice", "t", "c1", &["m1"]), "/data/name", "renamed");
    parse::<TeamRecord>(&renamed.to_string()).unwrap().put(&indexes.store).await.unwrap();
    is_listed(&database, &indexes, "a team").await;
    delete(&indexes.store, RecordKind::Team, "alice", "t").await.unwrap();
    is_listed(&database, &indexes, "no team").await;
}

/// Reading rows stops at the size of the list. A session that is not on the list does not count.
#[tokio::test]
async fn a_large_session_that_is_deleted_does_not_cut_the_list() {
    let mut world = world();
    let named = |number: usize| with(chat(number % 60), "/config/name", "n".repeat(7_000));
    world.sessions = (0..400).map(|number| with(named(number), "/id", format!("c{number}"))).collect();
    // The newest, so that it is read first.
    let huge = with(with(chat(59), "/id", "huge"), "/created_at", "2026-01-02T00:00:00");
    world.sessions.push(with(huge, "/state/summary", "x".repeat(8_000_000)));
    let (database, indexes) = frozen(&world).await;
    delete_session(&indexes.store, "alice", "huge").await.unwrap();
    for list in [HttpRequest::sessions("alice", "a"), HttpRequest::schedule_sessions("alice", "s")] {
        let lagging = tagged(&indexes.store, &list).await;
        assert_eq!(lagging, tagged(&database.store, &list).await);
        assert!(lagging.1.ends_with(r#""total":400}"#));
    }
}

/// The list of a source no longer names a session, which exists still.
#[tokio::test]
async fn a_session_that_is_unlisted_is_no_newest_session() {
    let (database, indexes) = frozen(&world()).await;
    let session: SessionRecord =
        parse(&session("alice", "m0", "work of m0", "2026-01-01T00:00:00").to_string()).unwrap();
    let stored = indexes.store.replica_status(RecordKind::Session, "alice", "work of m0").await.unwrap().version;
    let source = SourceFingerprint { digest: [1; 32], is_on_agent_list: false, is_on_schedule_list: false };
    assert!(session.replicate(&indexes.store, &source, &stored).await.unwrap());
    is_listed(&database, &indexes, "unlisted").await;
}

/// A deletion that comes too late leaves a mark, and the session.
#[tokio::test]
async fn a_deletion_that_fails_hides_nothing() {
    let (database, indexes) = frozen(&world()).await;
    let store = &indexes.store;
    put(store, &chat(9)).await;
    let stored = store.replica_status(RecordKind::Session, "alice", "c9").await.unwrap().version;
    put(store, &with(chat(9), "/config/name", "renamed")).await;
    assert!(!store.delete_replica(RecordKind::Session, "alice", "c9", &stored).await.unwrap());
    is_listed(&database, &indexes, "not deleted").await;
}
