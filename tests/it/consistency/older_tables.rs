//! Tables that an earlier version of the product created or filled.

use agentscope_store::UsageRecorder;
use agentscope_store::tables::{AGENT_INDEX, Index, SCHEDULE_INDEX, Table, USER_INDEX};
use agentscope_tests::dynamodb::TestDynamoDb;

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

#[tokio::test]
async fn lists_over_older_indexes_are_complete_and_counted() {
    let older =
        |table: Table| if table.indexes.is_empty() { table } else { Table { indexes: &OLDER_INDEXES, ..table } };
    let database = TestDynamoDb::with_definitions(older).await;
    let report = database.load(&world().text()).await;
    assert_eq!(report.problems, Vec::<String>::new());
    let current = TestDynamoDb::with_export(&world().text()).await;
    let recorder = UsageRecorder::default();
    let (older, newer) = (recorder.measure(bodies(&database)).await, bodies(&current).await);
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
