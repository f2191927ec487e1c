//! What it takes to tell a client that its response is still good.

use agentscope_model::TeamRecord;
use agentscope_store::{Store, StoredRecord};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::recorder::{Recorder, Sent, depth, keys};
use agentscope_tests::replicas::delete_session;

use crate::asking::{and, database, header, lists, send, send_again};

async fn recorded() -> (TestDynamoDb, Store, Recorder) {
    let database = database().await;
    let recorder = Recorder::before(&database.url).await;
    let store = database.store_at(&recorder.url);
    (database, store, recorder)
}

fn parts(sent: &[Sent]) -> usize {
    keys(sent).iter().filter(|key| key.contains("#state#")).count()
}

/// The requests of an response in full, and of one that the client has.
async fn both(store: &Store, recorder: &Recorder, list: &HttpRequest) -> (Vec<Sent>, Vec<Sent>) {
    recorder.take();
    let response = send(store, list).await;
    assert_eq!(response.status(), 200);
    let full = recorder.take();
    assert_eq!(send_again(store, list, header(&response, "etag").unwrap()).await.status(), 304);
    (full, recorder.take())
}

#[tokio::test]
async fn no_state_is_read_and_no_round_trip_is_added() {
    let (_database, store, recorder) = recorded().await;
    let [sessions, runs] = lists();
    for query in ["", "limit=4", "limit=4&count=1"] {
        let (full, again) = both(&store, &recorder, &and(&sessions, query)).await;
        assert_eq!((parts(&full), parts(&again)), (2, 0), "{query}");
        assert_eq!((depth(&full), depth(&again)), (4, 4), "{query}");
        // Otherwise the same: what stands in the teams has to be read.
        assert_eq!(again.len(), full.len() - 1, "{query}");

        let (full, again) = both(&store, &recorder, &and(&runs, query)).await;
        assert_eq!((parts(&full), parts(&again)), (2, 0), "{query}");
        assert_eq!((depth(&full), depth(&again)), (3, 2), "{query}");
        assert_eq!(again.len(), full.len() - 1, "{query}");
    }
}

#[tokio::test]
async fn an_answer_that_is_out_of_date_is_read_as_if_none_were_there() {
    let (database, store, recorder) = recorded().await;
    let list = &lists()[0];
    let response = send(&store, list).await;
    recorder.take();
    send(&store, list).await;
    let fresh = recorder.take();
    delete_session(&database.store, "alice", "s3").await.unwrap();
    let again = send_again(&store, list, header(&response, "etag").unwrap()).await;
    assert_eq!(again.status(), 200);
    let sent = recorder.take();
    // The sessions tell: the states are not kept waiting for the teams.
    assert_eq!((sent.len(), depth(&sent), parts(&sent)), (fresh.len(), 4, 2));
}

#[tokio::test]
async fn if_the_teams_alone_have_changed_nothing_is_read_twice() {
    let (database, store, recorder) = recorded().await;
    let list = &lists()[0];
    let response = send(&store, list).await;
    let renamed = agentscope_tests::records::with(crate::asking::world().teams.remove(0), "/data/name", "renamed");
    agentscope_tests::records::parse::<TeamRecord>(&renamed.to_string()).unwrap().put(&database.store).await.unwrap();
    recorder.take();
    let again = send_again(&store, list, header(&response, "etag").unwrap()).await;
    assert!(again.status() == 200 && again.body().contains("renamed"));
    let sent = recorder.take();
    let mut keys = keys(&sent);
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!((keys.len(), parts(&sent)), (count, 2));
    // The states had to wait for the teams.
    assert!(depth(&sent) <= 5);
}

#[tokio::test]
async fn an_answer_to_whoever_has_anything_reads_no_state() {
    let (_database, store, recorder) = recorded().await;
    for list in lists() {
        recorder.take();
        assert_eq!(send_again(&store, &list, "*").await.status(), 304);
        assert_eq!(parts(&recorder.take()), 0);
    }
}
