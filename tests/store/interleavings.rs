//! Somebody writes or deletes a session in the middle of another's write or delete: before each of its requests in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agentscope_shared::store::Store;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::proxy;

use crate::behind::{FUTURE, body, has_its_own_parts_only, list_of, set_version, sort_keys};
use crate::races::{NOTHING, database, written_by};

/// What somebody does to the session.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    /// Writes it with a state in the head.
    Small(u64),
    /// Writes it with a state in a part.
    Large(u64),
    Delete,
}
use Act::{Delete, Large, Small};

impl Act {
    async fn perform(self, store: &Store) {
        let answer = match self {
            Small(mark) => store.put_session(&written_by(mark, 10)).await,
            Large(mark) => store.put_session(&written_by(mark, 12_000)).await,
            Delete => store.delete_session("alice", "x").await,
        };
        answer.unwrap();
    }

    /// The list after it.
    fn list(self) -> String {
        match self {
            Small(mark) => list_of(&written_by(mark, 10)),
            Large(mark) => list_of(&written_by(mark, 12_000)),
            Delete => NOTHING.to_owned(),
        }
    }
}

/// A store whose request number `at` waits until these acts are done. Also counts the requests.
async fn interrupted(database: &TestDynamoDb, at: usize, acts: &'static [Act]) -> (Store, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let (store, requests) = (database.store.clone(), Arc::clone(&count));
    let url = proxy::before(&database.url, move |call, upstream| {
        let is_it = requests.fetch_add(1, Ordering::SeqCst) == at;
        let store = store.clone();
        async move {
            if is_it {
                for act in acts {
                    act.perform(&store).await;
                }
            }
            upstream.send(&call).await
        }
    })
    .await;
    (database.store_at(&url), count)
}

/// However the acts fall between the requests of `act`, the session is as the last of them left it, or as `act` did,
/// whole, and nothing else is left of anybody.
async fn holds(start: &[Act], version: Option<&str>, act: Act, acts: &'static [Act]) {
    let database = database().await;
    for at in 0.. {
        for act in start {
            act.perform(&database.store).await;
        }
        if let Some(version) = version {
            set_version(&database, "x", version).await;
        }
        let (store, count) = interrupted(&database, at, acts).await;
        act.perform(&store).await;
        if count.load(Ordering::SeqCst) <= at {
            assert!(at > 2, "{act:?} took {at} requests");
            return;
        }
        let about = format!("{start:?} at version {version:?}, then {acts:?} before request {at} of {act:?}");
        println!("{about}");
        let list = body(&database.store, &HttpRequest::schedule_sessions("alice", "s")).await;
        let last = acts.last().unwrap();
        assert!(list == act.list() || list == last.list(), "{about}: {} bytes", list.len());
        if list == NOTHING {
            assert_eq!(sort_keys(&database, "alice").await, [""; 0], "{about}");
        } else {
            has_its_own_parts_only(&database, "alice", "x").await;
            Delete.perform(&database.store).await;
        }
    }
}

const MEANWHILE: [&[Act]; 6] =
    [&[Small(2)], &[Large(2)], &[Delete], &[Delete, Large(2)], &[Large(2), Delete], &[Large(2), Delete, Large(3)]];

async fn holds_for(act: Act) {
    let starts: [(&[Act], Option<&str>); 4] =
        [(&[], None), (&[Small(1)], None), (&[Large(1)], None), (&[Large(1)], Some(FUTURE))];
    let starts = starts.into_iter();
    // The SDK's futures are large, and many of them together too large for a stack.
    let all = starts.flat_map(|(start, version)| MEANWHILE.map(|acts| Box::pin(holds(start, version, act, acts))));
    futures::future::join_all(all).await;
}

#[tokio::test]
async fn a_write_of_a_small_state_may_be_interrupted_anywhere() {
    holds_for(Small(4)).await;
}

#[tokio::test]
async fn a_write_of_a_large_state_may_be_interrupted_anywhere() {
    holds_for(Large(4)).await;
}

#[tokio::test]
async fn a_delete_may_be_interrupted_anywhere() {
    holds_for(Delete).await;
}
