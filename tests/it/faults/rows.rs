//! Rows of an index and heads that do not agree. Both routes show what the heads say.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agentscope_model::SessionRecord;
use agentscope_store::{StoredRecord, keys};
use agentscope_tests::proxy::{self, Call, Response};
use agentscope_tests::records::{noise, parse, run, with};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::faults::scenario::{ROUTES, database, is_fault};

/// Whether the call reads items of the sessions table whose sort keys begin so.
fn reads(call: &Call, prefix: &str) -> bool {
    let tables = call.input["RequestItems"].as_object();
    let mut keys = tables.into_iter().flatten().flat_map(|(_, request)| request["Keys"].as_array()).flatten();
    keys.any(|key| key["item"]["S"].as_str().is_some_and(|key| key.starts_with(prefix)))
}

fn is_consistent(call: &Call) -> bool {
    call.input["RequestItems"].as_object().unwrap().values().all(|request| request["ConsistentRead"] == true)
}

/// Adds a row of a session that is not there to every response of an index.
fn with_a_ghost(call: &Call, (status, mut response): Response) -> Response {
    if let ("Query", Some(rows)) = (call.operation.as_str(), response["Items"].as_array_mut())
        && call.input["IndexName"].is_string()
        && let Some(row) = rows.first()
    {
        let mut ghost = row.clone();
        ghost["listing"] = json!({ "S": "alice#2026-01-03T00:00:00.000000Z#ghost" });
        rows.insert(0, ghost);
    }
    (status, response)
}

#[tokio::test]
async fn a_row_without_a_session_is_left_out_after_a_consistent_read_and_not_counted() {
    let database = database().await;
    for route in ROUTES {
        let looks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&looks);
        let url = proxy::intercept(&database.url, move |call, upstream| {
            if reads(&call, "session#ghost") {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            async move { with_a_ghost(&call, upstream.send(&call).await) }
        })
        .await;
        assert_eq!(route.ids(&database.store_at(&url)).await, ["small", "large"], "{route:?}");
        assert_eq!(looks.load(Ordering::SeqCst), 2, "{route:?}");
    }
}

#[tokio::test]
async fn a_head_that_an_eventually_consistent_read_misses_is_read_consistently() {
    let database = database().await;
    for route in ROUTES {
        let url = proxy::intercept(&database.url, async |call, upstream| {
            let (status, mut response) = upstream.send(&call).await;
            if reads(&call, "session#small") && !is_consistent(&call) {
                for items in response["Responses"].as_object_mut().unwrap().values_mut() {
                    items.as_array_mut().unwrap().retain(|item| item["id"]["S"] != "small");
                }
            }
            (status, response)
        })
        .await;
        let expected = route.body(&database.store).await;
        assert!(route.body(&database.store_at(&url)).await == expected, "{route:?}");
    }
}

#[tokio::test]
async fn a_head_that_moves_on_whenever_its_parts_are_read_is_followed_so_far_and_no_further() {
    for route in ROUTES {
        let database = database().await;
        let looks = Arc::new(AtomicUsize::new(0));
        let (counted, store) = (Arc::clone(&looks), database.store.clone());
        let url = proxy::intercept(&database.url, move |call, upstream| {
            let (counted, store) = (Arc::clone(&counted), store.clone());
            async move {
                if reads(&call, "session#large#state#") {
                    let mark = counted.fetch_add(1, Ordering::SeqCst);
                    let large = run("alice", "a", "s", "large", "2026-01-01T00:00:00");
                    let large = with(large, "/state/summary", noise(mark as u64, 20_000));
                    parse::<SessionRecord>(&large.to_string()).unwrap().put(&store).await.unwrap();
                }
                upstream.send(&call).await
            }
        })
        .await;
        is_fault(&route.send(&database.store_at(&url)).await, &format!("{route:?}"));
        assert_eq!(looks.load(Ordering::SeqCst), 7, "{route:?}");
    }
}

#[tokio::test]
async fn a_missing_part_is_a_fault_after_bounded_attempts() {
    for route in ROUTES {
        let database = database().await;
        let version = database.version("large").await;
        let key = |value: String| AttributeValue::S(value);
        let delete = database.client.delete_item().table_name(&database.store.names().sessions);
        let delete = delete.key("user_id", key("alice".into())).key("item", key(keys::part("large", &version, 1)));
        delete.send().await.unwrap();
        let looks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&looks);
        let url = proxy::intercept(&database.url, move |call, upstream| {
            if reads(&call, "session#large#state#") {
                // All but the first look are consistent.
                assert!(counted.fetch_add(1, Ordering::SeqCst) == 0 || is_consistent(&call));
            }
            async move { upstream.send(&call).await }
        })
        .await;
        is_fault(&route.send(&database.store_at(&url)).await, &format!("{route:?}"));
        assert_eq!(looks.load(Ordering::SeqCst), 7, "{route:?}");
    }
}

/// Rows lag behind heads: the session has gone to another agent and another schedule.
#[tokio::test]
async fn a_session_that_has_left_the_list_is_left_out_though_its_row_is_still_there() {
    let database = database().await;
    for route in ROUTES {
        let url = proxy::intercept(&database.url, async |call, upstream| {
            let (status, mut response) = upstream.send(&call).await;
            for items in response["Responses"].as_object_mut().into_iter().flat_map(|tables| tables.values_mut()) {
                let items = items.as_array_mut().unwrap().iter_mut();
                for head in items.filter(|item: &&mut Value| item["item"]["S"] == "session#small") {
                    head["version"] = json!({ "S": "another" });
                    head["agent_id"] = json!({ "S": "other" });
                    head["source_schedule_id"] = json!({ "S": "other" });
                }
            }
            (status, response)
        })
        .await;
        assert_eq!(route.ids(&database.store_at(&url)).await, ["large"], "{route:?}");
    }
}
