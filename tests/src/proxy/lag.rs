//! A DynamoDB whose indexes lag behind its tables until they are told to catch up.

use std::sync::Arc;

use agentscope_store::Store;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::dynamodb::TestDynamoDb;
use crate::proxy::{Call, Response, Upstream, intercept};

/// The operations that write.
const WRITES: [&str; 4] = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"];

/// The indexes of a DynamoDB. They come from a second one, which gets the same writes later.
#[derive(Debug, Clone)]
pub struct LaggingIndexes {
    /// The tables with these indexes.
    pub store: Store,
    writes: Arc<Mutex<Writes>>,
}

#[derive(Debug)]
struct Writes {
    /// The database with the indexes.
    indexed: Upstream,
    is_frozen: bool,
    /// The writes that the indexes do not show yet.
    pending: Vec<Call>,
}

impl LaggingIndexes {
    /// Indexes for the tables of this database, which must be empty.
    pub async fn of(database: &TestDynamoDb) -> Self {
        let indexed = TestDynamoDb::embedded(database.store.names().clone()).await;
        let indexed = Upstream::at(&indexed.url);
        let writes = Arc::new(Mutex::new(Writes { indexed, is_frozen: false, pending: Vec::new() }));
        let handled = Arc::clone(&writes);
        let respond = move |call, upstream| respond(Arc::clone(&handled), call, upstream);
        let url = intercept(&database.url, respond).await;
        Self { store: database.store_at(&url), writes }
    }

    /// From now on the indexes show no write.
    pub async fn freeze(&self) {
        self.writes.lock().await.is_frozen = true;
    }

    /// The indexes show the first `count` of the writes that they have missed.
    pub async fn show(&self, count: usize) {
        let mut writes = self.writes.lock().await;
        let count = count.min(writes.pending.len());
        let shown: Vec<_> = writes.pending.drain(..count).collect();
        for call in shown {
            writes.replay(&call).await;
        }
    }

    /// The indexes show all writes.
    pub async fn catch_up(&self) {
        self.show(usize::MAX).await;
    }
}

impl Writes {
    async fn replay(&self, call: &Call) {
        let (status, body) = self.indexed.send(call).await;
        assert_eq!(status, 200, "{call:?}: {body}");
    }
}

async fn respond(writes: Arc<Mutex<Writes>>, call: Call, upstream: Upstream) -> Response {
    if call.operation == "Query" && call.input["IndexName"].is_string() {
        let indexed = writes.lock().await.indexed.clone();
        return indexed.send(&call).await;
    }
    if !WRITES.contains(&call.operation.as_str()) {
        return upstream.send(&call).await;
    }
    // One write at a time, so that both databases get them in the same order.
    let mut writes = writes.lock().await;
    let (status, response) = upstream.send(&call).await;
    if status == 200 {
        assert!(is_processed(&response), "{response}");
        if writes.is_frozen {
            writes.pending.push(call);
        } else {
            writes.replay(&call).await;
        }
    }
    (status, response)
}

fn is_processed(response: &Value) -> bool {
    response["UnprocessedItems"].is_null() || response["UnprocessedItems"] == json!({})
}
