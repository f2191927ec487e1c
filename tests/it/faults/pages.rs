//! Responses of DynamoDB in pieces: pages and unprocessed items.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use agentscope_model::SessionRecord;
use agentscope_store::StoredRecord;
use agentscope_tests::lists::{list_sessions, summary};
use agentscope_tests::proxy::{self, Call};
use agentscope_tests::records::{parse, session};
use serde_json::{Value, json};

use crate::faults::scenario::{ROUTES, Route, database};
use crate::faults::{an_agent_with, newest_first, session_ids};

/// Leaves this many keys of a BatchGetItem or writes of a BatchWriteItem in the call, and returns
/// the others.
fn cut(call: &mut Call, most: usize) -> Value {
    let mut rest = json!({});
    for (table, request) in call.input["RequestItems"].as_object_mut().unwrap() {
        let is_read = request.is_object();
        let entries = if is_read { &mut request["Keys"] } else { &mut *request };
        let entries = entries.as_array_mut().unwrap();
        if entries.len() <= most {
            continue;
        }
        let unprocessed = entries.split_off(most);
        rest[table] = if is_read {
            let mut request = request.clone();
            request["Keys"] = unprocessed.into();
            request
        } else {
            unprocessed.into()
        };
    }
    rest
}

#[tokio::test]
async fn unprocessed_keys_are_requested_again() {
    let database = an_agent_with(130).await;
    let url = proxy::intercept(&database.url, async |mut call, upstream| {
        if call.operation != "BatchGetItem" {
            return upstream.send(&call).await;
        }
        let rest = cut(&mut call, 30);
        let (status, mut response) = upstream.send(&call).await;
        response["UnprocessedKeys"] = rest;
        (status, response)
    })
    .await;
    assert_eq!(session_ids(&database.store_at(&url)).await, newest_first(130));
}

#[tokio::test]
async fn every_page_of_a_query_is_read_though_some_are_empty() {
    let database = an_agent_with(25).await;
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let url = proxy::intercept(&database.url, move |mut call, upstream| {
        let seen = Arc::clone(&seen);
        async move {
            if call.operation == "Query" && call.input["IndexName"] == "agent_id-index" {
                call.input["Limit"] = json!(4);
                let start = call.input["ExclusiveStartKey"].clone();
                // Each page but the first comes empty before it comes with its items.
                if !start.is_null() && seen.lock().unwrap().insert(start.to_string()) {
                    return (200, json!({ "Items": [], "Count": 0, "ScannedCount": 0, "LastEvaluatedKey": start }));
                }
            }
            upstream.send(&call).await
        }
    })
    .await;
    assert_eq!(session_ids(&database.store_at(&url)).await, newest_first(25));
}

/// Also of those Queries that want no more than one item.
#[tokio::test]
async fn a_query_whose_first_page_is_empty_is_read_on() {
    let database = database().await;
    let hour = std::time::Duration::from_secs(3600);
    database.store.acquire_lease("alice", "small", "holder", hour).await.unwrap().unwrap();
    for route in ROUTES {
        let queries = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&queries);
        let url = proxy::intercept(&database.url, move |mut call, upstream| {
            let counted = Arc::clone(&counted);
            async move {
                let next = json!({ "user_id": { "S": "next" } });
                if call.operation == "Query" {
                    *counted.lock().unwrap() += 1;
                    if call.input["ExclusiveStartKey"] != next {
                        return (200, json!({ "Items": [], "Count": 0, "ScannedCount": 9, "LastEvaluatedKey": next }));
                    }
                    call.input.as_object_mut().unwrap().remove("ExclusiveStartKey");
                }
                upstream.send(&call).await
            }
        })
        .await;
        let expected = route.body(&database.store).await;
        assert!(route.body(&database.store_at(&url)).await == expected, "{route:?}");
        // Rows, leases, a member's newest session; rows, changes.
        assert_eq!(*queries.lock().unwrap(), if route == Route::Sessions { 6 } else { 4 });
    }
}

#[tokio::test]
async fn unprocessed_writes_are_sent_again() {
    let database = an_agent_with(0).await;
    let url = proxy::intercept(&database.url, async |mut call, upstream| {
        if call.operation != "BatchWriteItem" {
            return upstream.send(&call).await;
        }
        let rest = cut(&mut call, 1);
        let (status, mut response) = upstream.send(&call).await;
        response["UnprocessedItems"] = rest;
        (status, response)
    })
    .await;
    let mut large = session("alice", "a", "large", "2026-01-01T00:00:00");
    // Hexadecimal digits of random numbers compress to half: some five parts.
    let noise: String = (0..250_000).map(|_| format!("{:016x}", uuid::Uuid::new_v4().as_u64_pair().0)).collect();
    large["state"]["summary"] = json!(noise);
    let record: SessionRecord = parse(&large.to_string()).unwrap();
    record.put(&database.store_at(&url)).await.unwrap();
    let response = list_sessions(&database.store, "alice", "a").await.unwrap().unwrap();
    let session = &response.sessions[0].session;
    assert!(session.stored.head.parts() > 4);
    assert!(summary(&session.stored) == noise);
}
