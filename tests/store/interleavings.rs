//! Somebody writes or deletes a session in the middle of another's write, delete or read: before each of its requests in
//! turn.

use agentscope_shared::store::Store;
use agentscope_shared::view::{WriteJson, list_schedule_sessions};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::proxy;
use tokio::sync::{mpsc, oneshot};

use crate::behind::{FUTURE, list_of, parts, set_version, sort_keys};
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

/// The list, or what is wrong with it.
async fn list(store: &Store) -> String {
    match list_schedule_sessions(store, "alice", "s").await {
        Ok(Some(list)) => list.to_json(),
        other => format!("{other:?}"),
    }
}

/// What `act` returns over a store whose request number `at` waits until `acts` are done. Returns too the lists that were
/// seen before each request, after the acts.
async fn interrupted<T>(
    database: &TestDynamoDb,
    at: usize,
    acts: &[Act],
    act: impl AsyncFnOnce(Store) -> T,
) -> (T, Vec<String>) {
    let (requests, mut waiting) = mpsc::unbounded_channel();
    let url = proxy::before(&database.url, move |call, upstream| {
        let (go, wait) = oneshot::channel();
        requests.send(go).unwrap();
        async move {
            wait.await.unwrap();
            upstream.send(&call).await
        }
    })
    .await;
    let mut seen = Vec::new();
    let act = act(database.store_at(&url));
    let mut act = std::pin::pin!(act);
    loop {
        tokio::select! {
            answer = &mut act => return (answer, seen),
            Some(go) = waiting.recv() => {
                if seen.len() == at {
                    for act in acts {
                        act.perform(&database.store).await;
                    }
                }
                seen.push(list(&database.store).await);
                go.send(()).unwrap();
            }
        }
    }
}

/// However the acts fall between the requests of `act`: at every moment the session is as one of them left it, whole; in
/// the end as the last of them or `act` did, and nothing else is left of anybody.
async fn holds(start: &[Act], version: Option<&str>, act: Act, acts: &'static [Act]) {
    let database = database().await;
    let any_list: Vec<_> = [start, acts, &[act, Delete]].concat().into_iter().map(Act::list).collect();
    for at in 0.. {
        for act in start {
            act.perform(&database.store).await;
        }
        if let Some(version) = version {
            set_version(&database, "x", version).await;
        }
        let ((), seen) = interrupted(&database, at, acts, async |store| act.perform(&store).await).await;
        if seen.len() <= at {
            assert!(at > 2, "{act:?} took {at} requests");
            return;
        }
        let about = format!("{start:?} at version {version:?}, then {acts:?} before request {at} of {act:?}");
        for (number, list) in seen.iter().enumerate() {
            assert!(any_list.contains(list), "{about}; before request {number}: {list:.200}");
        }
        let list = list(&database.store).await;
        assert!([act.list(), acts.last().unwrap().list()].contains(&list), "{about}: {list:.200}");
        if list == NOTHING {
            assert_eq!(sort_keys(&database, "alice").await, [""; 0], "{about}");
        } else {
            let (found, named) = parts(&database, "alice", "x").await;
            assert_eq!(found, named, "{about}");
            Delete.perform(&database.store).await;
        }
    }
}

const MEANWHILE: [&[Act]; 6] =
    [&[Small(2)], &[Large(2)], &[Delete], &[Delete, Large(2)], &[Large(2), Delete], &[Large(2), Delete, Large(3)]];

async fn holds_for(act: Act) {
    let starts: [(&[Act], Option<&str>); 3] = [(&[], None), (&[Large(1)], None), (&[Large(1)], Some(FUTURE))];
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

#[tokio::test]
async fn a_read_may_be_interrupted_anywhere_and_shows_a_session_as_somebody_left_it() {
    let database = database().await;
    for (start, acts) in [Small(1), Large(1)].into_iter().flat_map(|start| MEANWHILE.map(|acts| (start, acts))) {
        for at in 0.. {
            start.perform(&database.store).await;
            let (list, seen) = interrupted(&database, at, acts, async |store| list(&store).await).await;
            if seen.len() <= at {
                assert!(at > 1, "the read took {at} requests");
                break;
            }
            let left = acts.iter().chain([&start]).any(|act| act.list() == list);
            assert!(left, "{acts:?} before request {at}, after {start:?}: {list:.200}");
        }
    }
}
