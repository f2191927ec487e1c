//! The write units of a chat turn.

use std::sync::{Arc, Mutex};

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::proxy;
use agentscope_tests::records::{noise, run, session, with};
use serde_json::{Value, json};

use crate::consistency::put;

/// The operations of a turn that writes to the tables, each with its write units, with and without
/// those of the indexes.
async fn turn(before: &Value, after: &Value) -> Vec<(String, f64, f64)> {
    let database = TestDynamoDb::start().await;
    put(&database.store, before).await;
    let units = Arc::new(Mutex::new(Vec::new()));
    let counted = Arc::clone(&units);
    let url = proxy::intercept(&database.url, move |mut call, upstream| {
        let counted = Arc::clone(&counted);
        async move {
            call.input["ReturnConsumedCapacity"] = json!("INDEXES");
            let (status, response) = upstream.send(&call).await;
            if ["PutItem", "UpdateItem", "BatchWriteItem", "DeleteItem"].contains(&call.operation.as_str()) {
                let consumed = match &response["ConsumedCapacity"] {
                    Value::Array(tables) => tables[0].clone(),
                    one => one.clone(),
                };
                let (all, table) = (&consumed["CapacityUnits"], &consumed["Table"]["CapacityUnits"]);
                counted.lock().unwrap().push((call.operation, all.as_f64().unwrap(), table.as_f64().unwrap()));
            }
            (status, response)
        }
    })
    .await;
    put(&database.store_at(&url), after).await;
    let units = units.lock().unwrap();
    units.clone()
}

const TIME: &str = "2026-01-01T00:00:00";

#[tokio::test]
async fn a_turn_writes_the_head_its_rows_and_a_mark() {
    for (session, indexes) in [(session("alice", "a", "x", TIME), 1.0), (run("alice", "a", "s", "x", TIME), 2.0)] {
        let state = |seed| with(session.clone(), "/state/summary", noise(seed, 2_000));
        let units = turn(&state(1), &state(2)).await;
        println!("{units:?}");
        let operations: Vec<_> = units.iter().map(|(operation, ..)| operation.as_str()).collect();
        assert_eq!(operations, ["UpdateItem", "PutItem"]);
        // The mark is in no index.
        assert_eq!((units[0].1, units[0].2), (1.0, 1.0));
        // A row has less than a kilobyte here.
        assert_eq!(units[1].1 - units[1].2, indexes, "{units:?}");
    }
}
