//! Tables that an earlier version of the product created or filled.

use agentscope_store::UsageRecorder;
use agentscope_store::tables::{AGENT_INDEX, Index, SCHEDULE_INDEX, Table, USER_INDEX};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::proxy::{Call, Response, Upstream, error, intercept};
use serde_json::json;

use crate::consistency::{lists, world};

/// The indexes before rows had what a list shows.
const OLDER_INDEXES: [Index; 3] = [
    Index { attributes: &["id", "team_id"], ..AGENT_INDEX },
    Index { attributes: &["id", "team_id"], ..SCHEDULE_INDEX },
    USER_INDEX,
];

/// The lists without entity tags, which depend on when a record was written.
async fn bodies(database: &TestDynamoDb) -> Vec<String> {
    lists(&database.store).await.into_iter().map(|(_, body)| body).collect()
}

/// Refuses Queries that name an attribute that the index does not project, as DynamoDB does and
/// the embedded database does not.
async fn strict(call: Call, upstream: Upstream) -> Response {
    let names = call.input["ExpressionAttributeNames"].as_object();
    let projected = ["id", "team_id", "user_id", "item", "agent_id", "source_schedule_id", "listing"];
    let is_refused = call.input["IndexName"].is_string()
        && names.is_some_and(|names| !names.values().all(|name| projected.contains(&name.as_str().unwrap())));
    if is_refused {
        let (status, mut body) = error(400, "ValidationException");
        body["message"] = json!(
            "One or more parameter values were invalid: Global secondary index agent_id-index does not project [json]"
        );
        return (status, body);
    }
    upstream.send(&call).await
}

#[tokio::test]
async fn lists_over_older_indexes_are_complete_and_counted() {
    let older =
        |table: Table| if table.indexes.is_empty() { table } else { Table { indexes: &OLDER_INDEXES, ..table } };
    let database = TestDynamoDb::with_definitions(older).await;
    let report = database.load(&world().text()).await;
    assert_eq!(report.problems, Vec::<String>::new());
    let current = TestDynamoDb::with_export(&world().text()).await;
    let recorder = UsageRecorder::default();
    let url = intercept(&database.url, strict).await;
    let strict = TestDynamoDb { store: database.store_at(&url), ..database.clone() };
    let (older, newer) = (recorder.measure(bodies(&strict)).await, bodies(&current).await);
    assert_eq!(older, newer);
    // Each list of agent `a` and of the schedule, in full, trimmed, and by pages, has six rows.
    assert!(recorder.usage().unprojected_rows >= 4 * 6, "{:?}", recorder.usage());
    let recorder = UsageRecorder::default();
    recorder.measure(bodies(&current)).await;
    assert_eq!(recorder.usage().unprojected_rows, 0);
}

/// An index that is created over older heads projects what these have.
#[tokio::test]
async fn heads_without_the_size_of_their_bulk_are_listed() {
    let database = TestDynamoDb::with_export(&world().text()).await;
    let expected = bodies(&database).await;
    let table = &database.store.names().sessions;
    let mut changed = 0;
    for mut item in database.client.scan().table_name(table).send().await.unwrap().items.unwrap() {
        if item.contains_key("bulk") {
            item.remove("bulk_size").unwrap();
            database.client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
            changed += 1;
        }
    }
    assert_eq!(changed, 10);
    assert_eq!(bodies(&database).await, expected);
}
