//! A writer dies before any of its requests, or when a batch is half done. Readers see the session
//! as it was or as it was to be, whole; the next write or delete leaves nothing of it behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agentscope_store::Store;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::lists::{body, list_schedule_sessions};
use agentscope_tests::proxy;

use crate::store::behind::{has_its_own_parts_only, list_of, parts, sort_keys};
use crate::store::races::{NOTHING, database, written_by};

/// Lengths of a state's text for which it lies in so many parts.
const NO_PART: usize = 10;
const ONE_PART: usize = 12_000;
const TWO_PARTS: usize = 600_000;

async fn list(store: &Store) -> String {
    body(list_schedule_sessions(store, "alice", "s").await.unwrap().unwrap())
}

/// A way to the database on which only so many requests get through. The next one, if it is a
/// batch of writes, gets through with its first write alone.
async fn mortal(database: &TestDynamoDb, requests: usize) -> Store {
    let count = Arc::new(AtomicUsize::new(0));
    let url = proxy::intercept(&database.url, move |mut call, upstream| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        async move {
            if number < requests {
                return upstream.send(&call).await;
            }
            if number == requests && call.operation == "BatchWriteItem" {
                for writes in call.input["RequestItems"].as_object_mut().unwrap().values_mut() {
                    writes.as_array_mut().unwrap().truncate(1);
                }
                upstream.send(&call).await;
            }
            proxy::error(400, "AccessDeniedException")
        }
    })
    .await;
    database.store_at(&url)
}

/// Lets a writer die before each of its requests in turn, over a session whose state is so long,
/// if there is one.
async fn dies_anywhere(start: Option<usize>, act: impl AsyncFn(&Store) -> bool, end: &str) {
    let database = database().await;
    let store = &database.store;
    for next in [Some(ONE_PART), Some(NO_PART), None] {
        for requests in 0.. {
            let mut lists = [end.to_owned(), NOTHING.to_owned()];
            if let Some(length) = start {
                store.put_session(&written_by(1, length)).await.unwrap();
                lists[1] = list(store).await;
            }
            let survived = act(&mortal(&database, requests).await).await;
            let about = format!("{start:?}, dead after {requests} requests");
            let seen = list(store).await;
            assert!(lists.contains(&seen), "{about}: {seen:.200}");
            // A head has all of its parts, whatever else is left.
            if seen != NOTHING {
                let (found, named) = parts(&database, "alice", "x").await;
                assert!(named.iter().all(|part| found.contains(part)), "{about}");
            }
            if let Some(length) = next {
                store.put_session(&written_by(3, length)).await.unwrap();
                assert!(list(store).await == list_of(&written_by(3, length)), "{about}");
                has_its_own_parts_only(&database, "alice", "x").await;
            }
            store.delete_session("alice", "x").await.unwrap();
            assert_eq!(sort_keys(&database, "alice").await, [""; 0], "{about}");
            if survived {
                assert!(requests > 2, "it took {requests} requests");
                break;
            }
        }
    }
}

async fn a_writer_dies_anywhere(length: usize) {
    let session = written_by(2, length);
    for start in [None, Some(NO_PART), Some(ONE_PART)] {
        dies_anywhere(start, async |store| store.put_session(&session).await.is_ok(), &list_of(&session)).await;
    }
}

#[tokio::test]
async fn a_writer_of_a_large_state_may_die_anywhere() {
    a_writer_dies_anywhere(TWO_PARTS).await;
}

#[tokio::test]
async fn a_writer_of_a_small_state_may_die_anywhere() {
    a_writer_dies_anywhere(NO_PART).await;
}

#[tokio::test]
async fn a_deleter_may_die_anywhere() {
    for start in [NO_PART, TWO_PARTS] {
        let delete = async |store: &Store| store.delete_session("alice", "x").await.is_ok();
        dies_anywhere(Some(start), delete, NOTHING).await;
    }
}
