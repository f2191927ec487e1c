//! Others who write between two reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use agentscope_model::{SessionRecord, TeamRecord};
use agentscope_store::{Store, StoredRecord, keys};
use agentscope_tests::lists::{list_sessions, summary};
use agentscope_tests::proxy::{self, Call};
use agentscope_tests::records::{parse, session, team};
use agentscope_tests::replicas::delete_session;
use serde_json::{Value, json};

use crate::faults::{an_agent_with, session_ids};

/// A session whose state lies in parts and says which version it is.
fn large(version: usize) -> SessionRecord {
    let mut record = session("alice", "a", "large", "2026-01-01T00:00:00");
    let noise: String = (0..4000).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect();
    record["state"]["summary"] = json!(format!("version {version} {noise}"));
    parse(&record.to_string()).unwrap()
}

fn requests_prefix(input: &Value, prefix: &str) -> bool {
    input["RequestItems"].as_object().is_some_and(|tables| {
        tables.values().any(|request| {
            request["Keys"].as_array().is_some_and(|keys| {
                keys.iter().any(|key| key["item"]["S"].as_str().is_some_and(|item| item.starts_with(prefix)))
            })
        })
    })
}

/// A store that does something before the first request that is such a one is sent on.
async fn interrupted<A>(
    store: &Store,
    url: &str,
    is_moment: impl Fn(&Call) -> bool + Clone + Send + Sync + 'static,
    meanwhile: impl Fn(Store) -> A + Send + Sync + 'static,
) -> String
where
    A: Future<Output = ()> + Send,
{
    let done = Arc::new(AtomicBool::new(false));
    let store = store.clone();
    let meanwhile = Arc::new(meanwhile);
    proxy::intercept(url, move |call, upstream| {
        let is_moment = is_moment(&call);
        let (done, store, meanwhile) = (Arc::clone(&done), store.clone(), Arc::clone(&meanwhile));
        async move {
            if is_moment && !done.swap(true, Ordering::SeqCst) {
                meanwhile(store).await;
            }
            upstream.send(&call).await
        }
    })
    .await
}

/// Items with this prefix are requested.
fn reading(prefix: &'static str) -> impl Fn(&Call) -> bool + Clone {
    move |call| requests_prefix(&call.input, prefix)
}

/// A head is put.
fn putting_a_head(call: &Call) -> bool {
    let item = &call.input["Item"];
    // What expires is a claim.
    call.operation == "PutItem" && item["listing"].is_object() && item["expires_at"].is_null()
}

#[tokio::test]
async fn a_state_that_is_replaced_while_it_is_read_comes_whole_and_new() {
    let database = an_agent_with(0).await;
    large(1).put(&database.store).await.unwrap();
    let url = interrupted(&database.store, &database.url, reading("session#large#state#"), async |store| {
        large(2).put(&store).await.unwrap();
    })
    .await;
    let response = list_sessions(&database.store_at(&url), "alice", "a").await.unwrap().unwrap();
    let session = &response.sessions[0].session;
    assert!(session.stored.head.parts() > 0);
    assert!(summary(&session.stored).starts_with("version 2 "));
}

#[tokio::test]
async fn a_session_that_is_deleted_while_its_state_is_read_is_left_out_and_not_counted() {
    let database = an_agent_with(2).await;
    large(1).put(&database.store).await.unwrap();
    let url = interrupted(&database.store, &database.url, reading("session#large#state#"), async |store| {
        delete_session(&store, "alice", "large").await.unwrap();
    })
    .await;
    assert_eq!(session_ids(&database.store_at(&url)).await, ["s0001", "s0000"]);
}

#[tokio::test]
async fn a_session_that_is_deleted_before_its_head_is_read_is_left_out() {
    let database = an_agent_with(3).await;
    let url = interrupted(&database.store, &database.url, reading("session#s0001"), async |store| {
        delete_session(&store, "alice", "s0001").await.unwrap();
    })
    .await;
    assert_eq!(session_ids(&database.store_at(&url)).await, ["s0002", "s0000"]);
}

#[tokio::test]
async fn a_session_that_joins_a_team_after_its_row_was_read_comes_with_the_team() {
    let database = an_agent_with(1).await;
    parse::<TeamRecord>(&team("alice", "t", "s0000", &["a"]).to_string()).unwrap().put(&database.store).await.unwrap();
    let url = interrupted(&database.store, &database.url, reading("session#s0000"), async |store| {
        let mut record = session("alice", "a", "s0000", "2026-01-01T00:00:00");
        record["team_id"] = json!("t");
        parse::<SessionRecord>(&record.to_string()).unwrap().put(&store).await.unwrap();
    })
    .await;
    let response = list_sessions(&database.store_at(&url), "alice", "a").await.unwrap().unwrap();
    assert_eq!(response.sessions[0].team.as_ref().unwrap().team.id, "t");
}

/// The sort keys of alice's items.
async fn sort_keys(database: &agentscope_tests::dynamodb::TestDynamoDb) -> Vec<String> {
    let items =
        database.client.scan().table_name(&database.store.names().sessions).send().await.unwrap().items.unwrap();
    let mut sort_keys: Vec<_> = items.iter().map(|item| item["item"].as_s().unwrap().clone()).collect();
    sort_keys.retain(|key| !key.starts_with(keys::CHANGE_PREFIX));
    sort_keys.sort();
    sort_keys
}

#[tokio::test]
async fn a_session_that_is_deleted_while_its_first_state_is_written_is_whole() {
    let database = an_agent_with(0).await;
    let url = interrupted(&database.store, &database.url, putting_a_head, async |store| {
        // Its parts are there, and its head is not.
        delete_session(&store, "alice", "large").await.unwrap();
    })
    .await;
    large(1).put(&database.store_at(&url)).await.unwrap();
    assert_eq!(session_ids(&database.store).await, ["large"]);
    assert_eq!(sort_keys(&database).await.len(), 2);
}

#[tokio::test]
async fn a_session_that_comes_and_goes_while_another_writes_it_is_whole() {
    let database = an_agent_with(0).await;
    let url = interrupted(&database.store, &database.url, putting_a_head, async |store| {
        large(2).put(&store).await.unwrap();
        delete_session(&store, "alice", "large").await.unwrap();
    })
    .await;
    large(1).put(&database.store_at(&url)).await.unwrap();
    let response = list_sessions(&database.store, "alice", "a").await.unwrap().unwrap();
    assert!(summary(&response.sessions[0].session.stored).starts_with("version 1 "));
    assert_eq!(sort_keys(&database).await.len(), 2);
}

#[tokio::test]
async fn a_writer_that_dies_before_its_first_head_is_seen_by_nobody() {
    let database = an_agent_with(1).await;
    let url = proxy::intercept(&database.url, async |call, upstream| {
        if putting_a_head(&call) {
            return proxy::error(400, "ValidationException");
        }
        upstream.send(&call).await
    })
    .await;
    assert!(large(1).put(&database.store_at(&url)).await.is_err());
    assert_eq!(sort_keys(&database).await.len(), 3, "a session, a claim and a part");
    assert_eq!(session_ids(&database.store).await, ["s0000"]);

    large(2).put(&database.store).await.unwrap();
    assert_eq!(session_ids(&database.store).await, ["s0000", "large"]);
    assert_eq!(sort_keys(&database).await.len(), 3, "two sessions and a part");
}

/// The version of the large session's head.
async fn version_of_head(upstream: &proxy::Upstream, call: &proxy::Call) -> String {
    let table = call.input["RequestItems"].as_object().unwrap().keys().next().unwrap();
    let key = json!({ "user_id": { "S": "alice" }, "item": { "S": "session#large" } });
    let get = json!({ "TableName": table, "Key": key, "ConsistentRead": true });
    let (_, response) = upstream.request("GetItem", &get).await;
    response["Item"]["version"]["S"].as_str().unwrap().to_owned()
}

/// The client sends a head again whose response was lost, and is told that it does not replace
/// what it should.
#[tokio::test]
async fn a_head_whose_response_is_lost_keeps_its_parts() {
    let database = an_agent_with(0).await;
    large(1).put(&database.store).await.unwrap();
    let lost = Arc::new(AtomicBool::new(false));
    let url = proxy::intercept(&database.url, move |call, upstream| {
        let lost = Arc::clone(&lost);
        async move {
            if lost.load(Ordering::SeqCst) && call.operation == "BatchWriteItem" {
                let deletes = call.input.to_string().contains("DeleteRequest");
                if deletes && call.input.to_string().contains(&version_of_head(&upstream, &call).await) {
                    // Parts of the head that is there: they go, and then the writer dies.
                    upstream.send(&call).await;
                    return proxy::error(400, "AccessDeniedException");
                }
            }
            let response = upstream.send(&call).await;
            if call.operation == "PutItem" && !lost.swap(true, Ordering::SeqCst) {
                return proxy::error(500, "InternalServerError");
            }
            response
        }
    })
    .await;
    // Whether it ends well or not: what is in the table is whole.
    let _ = large(2).put(&database.store_at(&url)).await;
    let response = list_sessions(&database.store, "alice", "a").await.unwrap().unwrap();
    assert!(summary(&response.sessions[0].session.stored).starts_with("version 2 "));
}
