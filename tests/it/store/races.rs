//! Concurrent writers of one session: whichever wins, the session is whole.

use std::collections::HashMap;

use agentscope_model::SessionRecord;
use agentscope_store::{Store, StoreError};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, noise, run, schedule, with};
use serde_json::json;

use crate::requests::body;
use crate::store::behind::{has_its_own_parts_only, list_of, record, sort_keys};

pub const NOTHING: &str = r#"{"sessions":[],"total":0}"#;

/// Agent `a` and schedule `s` of `alice`.
pub async fn database() -> TestDynamoDb {
    let world =
        World { agents: vec![agent("alice", "a")], schedules: vec![schedule("alice", "s")], ..World::default() };
    TestDynamoDb::with_export(&world.text()).await
}

/// The session as one writer writes it: its mark stands in every place where a part of it may lie.
pub fn written_by(mark: u64, length: usize) -> SessionRecord {
    let session = run("alice", "a", "s", "x", "2026-01-01T00:00:00");
    let session = with(session, "/config/name", format!("name {mark}"));
    let session = with(session, "/state/reply_id", format!("reply {mark}"));
    let session = with(session, "/state/summary", format!("{mark} {}", noise(mark, length)));
    let session = with(session, "/state/tool_context", json!({ "activated_groups": [noise(mark, 100)] }));
    record(&with(session, "/newer", mark))
}

async fn list(store: &Store) -> String {
    body(store, &HttpRequest::schedule_sessions("alice", "s")).await
}

/// Which of these sessions is there, whole, and without a trace of the others; `None` if none of
/// them is.
async fn winner(database: &TestDynamoDb, sessions: &[SessionRecord]) -> Option<usize> {
    let list = list(&database.store).await;
    if list == NOTHING {
        assert_eq!(sort_keys(database, "alice").await, [""; 0]);
        return None;
    }
    has_its_own_parts_only(database, "alice", "x").await;
    let winner = sessions.iter().position(|session| list == list_of(session));
    assert!(winner.is_some(), "a session that nobody wrote");
    winner
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_writers_one_wins_whole() {
    let database = database().await;
    let lengths = [10, 600_000];
    for round in 0..12 {
        let sessions = [
            written_by(2 * round, lengths[(round % 2) as usize]),
            written_by(2 * round + 1, lengths[(round / 2 % 2) as usize]),
        ];
        let writers = sessions.clone().map(|session| {
            let store = database.store.clone();
            tokio::spawn(async move { store.put_session(&session).await })
        });
        for writer in writers {
            writer.await.unwrap().unwrap();
        }
        assert!(winner(&database, &sessions).await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_one_wins_whole_and_who_gives_up_says_so() {
    let database = database().await;
    for round in 0..4 {
        let sessions: Vec<_> = (0..12).map(|writer| written_by(100 * round + writer, 30_000)).collect();
        let responses =
            futures::future::join_all(sessions.iter().map(|session| database.store.put_session(session))).await;
        for response in &responses {
            assert!(matches!(response, Ok(()) | Err(StoreError::Contended(_))), "{response:?}");
        }
        let winner = winner(&database, &sessions).await.unwrap();
        assert!(responses[winner].is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_that_is_written_and_deleted_concurrently_is_whole_or_absent() {
    let database = database().await;
    for round in 0..30 {
        let [before, after] = [2 * round, 2 * round + 1].map(|mark| written_by(mark, 20_000));
        database.store.put_session(&before).await.unwrap();
        let store = database.store.clone();
        let deleter = tokio::spawn(async move { store.delete_session("alice", "x").await });
        database.store.put_session(&after).await.unwrap();
        deleter.await.unwrap().unwrap();
        // Deleted last, or written last.
        assert_eq!(winner(&database, &[after]).await.unwrap_or(0), 0);
        database.store.delete_session("alice", "x").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_during_rewrites_sees_one_whole_version() {
    let database = database().await;
    let sessions: Vec<_> = (0..30).map(|mark| written_by(mark, [600_000, 10, 30_000][(mark % 3) as usize])).collect();
    let lists: HashMap<String, usize> = sessions.iter().map(list_of).zip(0..).collect();
    database.store.put_session(&sessions[0]).await.unwrap();

    let (store, written) = (database.store.clone(), sessions.clone());
    let writer = tokio::spawn(async move {
        for session in &written {
            store.put_session(session).await.unwrap();
        }
    });
    let reader = async || {
        let mut seen = Vec::new();
        while seen.last() != Some(&29) {
            let list = list(&database.store).await;
            let version = lists.get(&list).copied();
            seen.push(version.unwrap_or_else(|| panic!("a version that nobody wrote: {} bytes", list.len())));
        }
        seen.dedup();
        seen
    };
    let (seen, others) = tokio::join!(reader(), reader());
    writer.await.unwrap();
    for seen in [seen, others] {
        // Otherwise it did not read while the session was rewritten.
        assert!(seen.len() > 3, "{seen:?}");
    }
    assert_eq!(winner(&database, &sessions).await, Some(29));
}
