//! Somebody writes or deletes a session in the middle of another's write, delete or read: before
//! each of its requests in turn.

use std::pin::pin;

use agentscope_store::Store;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::lists::{body, list_schedule_sessions};
use agentscope_tests::proxy;
use tokio::sync::{mpsc, oneshot};

use crate::store::behind::{FUTURE, list_of, parts, set_version, sort_keys};
use crate::store::races::{NOTHING, database, written_by};

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
        let response = match self {
            Small(mark) => store.put_session(&written_by(mark, 10)).await,
            Large(mark) => store.put_session(&written_by(mark, 12_000)).await,
            Delete => store.delete_session("alice", "x").await,
        };
        response.unwrap();
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

async fn perform_all(acts: &[Act], store: &Store) {
    for act in acts {
        act.perform(store).await;
    }
}

/// The list, or what is wrong with it.
async fn list(store: &Store) -> String {
    match list_schedule_sessions(store, "alice", "s").await {
        Ok(Some(list)) => body(list),
        other => format!("{other:?}"),
    }
}

/// A database, and a way to it on which every request waits until it is let go.
struct Guarded {
    database: TestDynamoDb,
    store: Store,
    waiting: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
}

impl Guarded {
    async fn start() -> Self {
        let database = database().await;
        let (requests, waiting) = mpsc::unbounded_channel();
        let url = proxy::intercept(&database.url, move |call, upstream| {
            let (go, wait) = oneshot::channel();
            requests.send(go).unwrap();
            async move {
                wait.await.unwrap();
                upstream.send(&call).await
            }
        })
        .await;
        Self { store: database.store_at(&url), database, waiting }
    }

    /// What `act` returns if its request number `at` is let go when something else is done.
    /// Returns too the lists that were seen before this request and each one after it: none if
    /// there are fewer.
    async fn interrupt<T>(
        &mut self,
        at: usize,
        meanwhile: impl AsyncFn(&Store),
        act: impl AsyncFnOnce(Store) -> T,
    ) -> (T, Vec<String>) {
        let (mut number, mut seen) = (0, Vec::new());
        let mut act = pin!(act(self.store.clone()));
        loop {
            tokio::select! {
                response = &mut act => return (response, seen),
                Some(go) = self.waiting.recv() => {
                    if number == at {
                        meanwhile(&self.database.store).await;
                    }
                    if number >= at {
                        seen.push(list(&self.database.store).await);
                    }
                    number += 1;
                    go.send(()).unwrap();
                }
            }
        }
    }

    /// However the acts fall between the requests of `act`: at every moment the session is as one
    /// of them left it, whole; in the end as the last of them or `act` did, and nothing else is
    /// left of anybody.
    async fn holds(&mut self, start: &[Act], version: Option<&str>, act: Act, acts: &[Act]) {
        let any_list: Vec<_> = [start, acts, &[act, Delete]].concat().into_iter().map(Act::list).collect();
        for at in 0.. {
            perform_all(start, &self.database.store).await;
            if let Some(version) = version {
                set_version(&self.database, "x", version).await;
            }
            let meanwhile = async |store: &Store| perform_all(acts, store).await;
            let ((), seen) = self.interrupt(at, meanwhile, async |store| act.perform(&store).await).await;
            if seen.is_empty() {
                assert!(at > 2, "{act:?} took {at} requests");
                return Delete.perform(&self.database.store).await;
            }
            let about = format!("{start:?} at version {version:?}, then {acts:?} before request {at} of {act:?}");
            for list in seen {
                assert!(any_list.contains(&list), "{about}, meanwhile: {list:.200}");
            }
            let list = list(&self.database.store).await;
            assert!([act.list(), acts.last().unwrap().list()].contains(&list), "{about}: {list:.200}");
            if list == NOTHING {
                assert_eq!(sort_keys(&self.database, "alice").await, [""; 0], "{about}");
            } else {
                let (found, named) = parts(&self.database, "alice", "x").await;
                assert_eq!(found, named, "{about}");
                Delete.perform(&self.database.store).await;
            }
        }
    }
}

const MEANWHILE: [&[Act]; 6] =
    [&[Small(2)], &[Large(2)], &[Delete], &[Delete, Large(2)], &[Large(2), Delete], &[Large(2), Delete, Large(3)]];

async fn holds_for(act: Act) {
    let mut guarded = Guarded::start().await;
    let starts: [(&[Act], _); 4] = [(&[], None), (&[Small(1)], None), (&[Large(1)], None), (&[Large(1)], Some(FUTURE))];
    for (start, version) in starts {
        for acts in MEANWHILE {
            guarded.holds(start, version, act, acts).await;
        }
    }
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

/// The list that a read has that is interrupted before request `at`; `None` if it has fewer.
async fn read(guarded: &mut Guarded, at: usize, meanwhile: impl AsyncFn(&Store)) -> Option<String> {
    let (list, seen) = guarded.interrupt(at, meanwhile, async |store| list(&store).await).await;
    assert!(at > 2 || !seen.is_empty(), "the read took {at} requests");
    (!seen.is_empty()).then_some(list)
}

#[tokio::test]
async fn a_read_may_be_interrupted_anywhere_and_shows_a_session_as_somebody_left_it() {
    let mut guarded = Guarded::start().await;
    for (start, acts) in [Small(1), Large(1)].into_iter().flat_map(|start| MEANWHILE.map(|acts| (start, acts))) {
        for at in 0.. {
            start.perform(&guarded.database.store).await;
            let Some(list) = read(&mut guarded, at, async |store| perform_all(acts, store).await).await else { break };
            let left = acts.iter().chain([&start]).any(|act| act.list() == list);
            assert!(left, "{acts:?} before request {at}, after {start:?}: {list:.200}");
        }
    }
}

#[tokio::test]
async fn a_read_passes_over_a_session_that_somebody_has_only_begun_to_write() {
    let mut guarded = Guarded::start().await;
    // This writer dies when it puts its first part.
    let dying = proxy::intercept(&guarded.database.url, async |call, upstream| {
        if call.input.to_string().contains("#state#") {
            return proxy::error(400, "AccessDeniedException");
        }
        upstream.send(&call).await
    });
    let dying = guarded.database.store_at(&dying.await);
    for at in 0.. {
        Large(1).perform(&guarded.database.store).await;
        let begun = async |store: &Store| {
            Delete.perform(store).await;
            dying.put_session(&written_by(2, 12_000)).await.unwrap_err();
        };
        let Some(list) = read(&mut guarded, at, begun).await else { break };
        assert!(list == NOTHING || list == Large(1).list(), "before request {at}: {list:.200}");
        assert_eq!(self::list(&guarded.database.store).await, NOTHING);
        assert_eq!(sort_keys(&guarded.database, "alice").await.len(), 1);
    }
    // It is in nobody's way.
    Large(3).perform(&guarded.database.store).await;
    assert_eq!(list(&guarded.database.store).await, Large(3).list());
    Delete.perform(&guarded.database.store).await;
    dying.put_session(&written_by(2, 12_000)).await.unwrap_err();
    Delete.perform(&guarded.database.store).await;
    assert_eq!(sort_keys(&guarded.database, "alice").await, [""; 0]);
}
