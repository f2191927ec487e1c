//! The requests to DynamoDB that a 304 takes.

use agentscope_model::TeamRecord;
use agentscope_store::{Store, StoredRecord};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::proxy::{DynamoDbProxy, Recorded, depth, keys};
use agentscope_tests::replicas::delete_session;

use crate::caching::world::{database, lists};
use crate::requests::{header, send, send_conditional, with_query};

async fn recorded() -> (TestDynamoDb, Store, DynamoDbProxy) {
    let database = database().await;
    let proxy = DynamoDbProxy::delaying(&database.url).await;
    let store = database.store_at(&proxy.url);
    (database, store, proxy)
}

fn parts(sent: &[Recorded]) -> usize {
    keys(sent).iter().filter(|key| key.contains("#state#")).count()
}

/// The requests of a full response and of a 304.
async fn both(store: &Store, proxy: &DynamoDbProxy, list: &HttpRequest) -> (Vec<Recorded>, Vec<Recorded>) {
    proxy.take();
    let response = send(store, list).await;
    assert_eq!(response.status(), 200);
    let full = proxy.take();
    assert_eq!(send_conditional(store, list, header(&response, "etag").unwrap()).await.status(), 304);
    (full, proxy.take())
}

#[tokio::test]
async fn no_state_is_read_and_no_round_trip_is_added() {
    let (_database, store, proxy) = recorded().await;
    let [sessions, runs] = lists();
    for query in ["", "limit=4", "limit=4&count=1"] {
        let (full, again) = both(&store, &proxy, &with_query(&sessions, query)).await;
        assert_eq!((parts(&full), parts(&again)), (2, 0), "{query}");
        assert_eq!((depth(&full), depth(&again)), (4, 4), "{query}");
        // Otherwise the same, without bulks: what stands in the teams has to be read.
        assert_eq!(again.len(), full.len() - 2, "{query}");

        let (full, again) = both(&store, &proxy, &with_query(&runs, query)).await;
        assert_eq!((parts(&full), parts(&again)), (2, 0), "{query}");
        assert_eq!((depth(&full), depth(&again)), (2, 1), "{query}");
        assert_eq!(again.len(), full.len() - 2, "{query}");
    }
}

#[tokio::test]
async fn an_outdated_tag_costs_the_reads_of_an_unconditional_request() {
    let (database, store, proxy) = recorded().await;
    let list = &lists()[0];
    let response = send(&store, list).await;
    delete_session(&database.store, "alice", "s3").await.unwrap();
    proxy.take();
    send(&store, list).await;
    let fresh = proxy.take();
    let again = send_conditional(&store, list, header(&response, "etag").unwrap()).await;
    assert_eq!(again.status(), 200);
    let sent = proxy.take();
    // The sessions tell: the states are not kept waiting for the teams.
    assert_eq!((sent.len(), depth(&sent), parts(&sent)), (fresh.len(), 4, 2));
}

#[tokio::test]
async fn if_the_teams_alone_have_changed_no_state_is_read_twice() {
    let (database, store, proxy) = recorded().await;
    let list = &lists()[0];
    let response = send(&store, list).await;
    let renamed =
        agentscope_tests::records::with(crate::caching::world::world().teams.remove(0), "/data/name", "renamed");
    agentscope_tests::records::parse::<TeamRecord>(&renamed.to_string()).unwrap().put(&database.store).await.unwrap();
    proxy.take();
    let again = send_conditional(&store, list, header(&response, "etag").unwrap()).await;
    assert!(again.status() == 200 && again.body().contains("renamed"));
    let sent = proxy.take();
    let mut keys = keys(&sent);
    let count = keys.len();
    keys.sort();
    keys.dedup();
    // Nothing but the team: it was written twice in the last minute, so it is read again, with
    // strong consistency.
    assert_eq!((keys.len(), parts(&sent)), (count - 1, 2));
    // The states had to wait for the teams.
    assert!(depth(&sent) <= 6, "{}", depth(&sent));
}

#[tokio::test]
async fn if_none_match_with_an_asterisk_reads_no_state() {
    let (_database, store, proxy) = recorded().await;
    for list in lists() {
        proxy.take();
        assert_eq!(send_conditional(&store, &list, "*").await.status(), 304);
        assert_eq!(parts(&proxy.take()), 0);
    }
}
