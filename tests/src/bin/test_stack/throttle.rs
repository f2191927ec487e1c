//! Throttling of a percentage of the requests, set at run time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use agentscope_tests::proxy::{Call, Response, Upstream, error};
use serde_json::{Map, Value, json};

/// Throttles requests and counts them.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// The percentage of requests that are refused, and of the other batches that are processed in
    /// part.
    pub(crate) percent: AtomicU32,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    requests: BTreeMap<String, u64>,
    refused: u64,
    partially_processed: u64,
}

impl Throttle {
    /// The counts since the start.
    pub(crate) fn counts(&self) -> Value {
        let counts = self.counts.lock().unwrap();
        json!({
            "requests": counts.requests,
            "refused": counts.refused,
            "partially_processed": counts.partially_processed,
        })
    }

    fn is_hit(&self) -> bool {
        fastrand::u32(0..100) < self.percent.load(Ordering::Relaxed)
    }
}

/// Handles a request.
pub(crate) async fn forward(throttle: Arc<Throttle>, mut call: Call, upstream: Upstream) -> Response {
    *throttle.counts.lock().unwrap().requests.entry(call.operation.clone()).or_default() += 1;
    if throttle.is_hit() {
        throttle.counts.lock().unwrap().refused += 1;
        return error(400, "ProvisionedThroughputExceededException");
    }
    let rest = if throttle.is_hit() { second_half(&mut call) } else { None };
    let (status, mut body) = upstream.send(&call).await;
    if let Some(rest) = rest.filter(|_| status == 200) {
        throttle.counts.lock().unwrap().partially_processed += 1;
        let unprocessed = if call.operation == "BatchWriteItem" { "UnprocessedItems" } else { "UnprocessedKeys" };
        add(&mut body[unprocessed], rest);
    }
    (status, body)
}

/// Takes half of what a batch requests away. `None` where there is nothing to be taken.
fn second_half(call: &mut Call) -> Option<Map<String, Value>> {
    if !call.operation.starts_with("Batch") {
        return None;
    }
    let mut taken = Map::new();
    for (table, requested) in call.input["RequestItems"].as_object_mut()? {
        let list = list_of(requested)?;
        let rest = list.split_off(list.len().div_ceil(2));
        if !rest.is_empty() {
            // With all else that is requested, as the attributes.
            let mut whole = requested.clone();
            *list_of(&mut whole)? = rest;
            taken.insert(table.clone(), whole);
        }
    }
    Some(taken).filter(|taken| !taken.is_empty())
}

/// The requests of a batch to write, or the keys of one to read.
fn list_of(requested: &mut Value) -> Option<&mut Vec<Value>> {
    match requested {
        Value::Array(requests) => Some(requests),
        requested => requested["Keys"].as_array_mut(),
    }
}

/// Adds to what DynamoDB itself has left unprocessed.
fn add(unprocessed: &mut Value, rest: Map<String, Value>) {
    if !unprocessed.is_object() {
        *unprocessed = json!({});
    }
    for (table, mut requested) in rest {
        match unprocessed.get_mut(&table).and_then(list_of) {
            Some(list) => list.append(list_of(&mut requested).unwrap()),
            None => unprocessed[&table] = requested,
        }
    }
}
