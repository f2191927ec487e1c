//! The requests of a page: it reads its own items alone.

use agentscope_store::{Store, keys};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::proxy::{Call, DynamoDbProxy, Recorded, depth};
use agentscope_tests::records::{noise, with as with_member};
use serde_json::{Value, json};

use crate::pages::world::{lists, page, time, world};
use crate::requests::with_parameters;

const SESSIONS: usize = 7;

/// Seven sessions, the even ones with states that lie in a part.
async fn recorded() -> (TestDynamoDb, Store, DynamoDbProxy) {
    let sessions: Vec<_> = (0..SESSIONS).map(|number| (format!("s{number}"), time(number))).collect();
    let mut world = world("alice", sessions.iter().map(|(id, time)| (id.as_str(), time.as_str())));
    for session in world.sessions.iter_mut().step_by(2) {
        *session = with_member(session.take(), "/state/summary", noise(1, 16 * 1024));
    }
    let database = TestDynamoDb::with_export(&world.text()).await;
    let proxy = DynamoDbProxy::delaying(&database.url).await;
    let store = database.store_at(&proxy.url);
    (database, store, proxy)
}

/// The requests, each in a line: what it reads and how much of it. Sorted, since some are sent
/// side by side.
fn lines(sent: &[Recorded]) -> Vec<String> {
    let mut lines: Vec<_> = sent.iter().map(line).collect();
    lines.sort();
    lines
}

fn line(Recorded { call: Call { operation, input, .. }, .. }: &Recorded) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    match operation.as_str() {
        "GetItem" => format!("GetItem {}", text(&input["Key"]["id"]["S"])),
        "Query" => {
            let start = &input["ExclusiveStartKey"];
            assert!(start.is_null() || start["user_id"]["S"] == "alice", "{start}");
            format!(
                "Query {} limit {} after {} select {}",
                text(&input["IndexName"]),
                input["Limit"],
                text(&start["listing"]["S"]),
                text(&input["Select"])
            )
        }
        "BatchGetItem" => {
            let (_, request) = input["RequestItems"].as_object().unwrap().iter().next().unwrap();
            let keys = request["Keys"].as_array().unwrap();
            // The versions are as they come.
            let key = |key: &Value| {
                let parts: Vec<_> = text(&key["item"]["S"]).split('#').map(str::to_owned).collect();
                parts[..parts.len().min(3)].join("#")
            };
            let mut keys: Vec<_> = keys.iter().map(key).collect();
            keys.sort();
            format!("BatchGetItem {}", keys.join(" "))
        }
        other => panic!("unexpected {other}"),
    }
}

async fn requests(store: &Store, proxy: &DynamoDbProxy, request: &HttpRequest) -> (Vec<Recorded>, Option<String>) {
    proxy.take();
    let cursor = page(store, request).await.next_cursor.flatten();
    (proxy.take(), cursor)
}

#[tokio::test]
async fn a_page_of_an_agents_sessions_reads_its_own_items() {
    let (_database, store, proxy) = recorded().await;
    let list = with_parameters(&HttpRequest::sessions("alice", "a"), &[("limit", "3")]);
    let (sent, cursor) = requests(&store, &proxy, &list).await;
    assert_eq!(
        lines(&sent),
        [
            "BatchGetItem session#s4#state session#s6#state",
            "BatchGetItem session#s5",
            "GetItem a",
            "Query - limit null after - select -",
            "Query agent_id-index limit 4 after - select -",
        ]
    );
    assert_eq!(depth(&sent), 2);

    let second = with_parameters(&list, &[("cursor", &cursor.unwrap())]);
    let (sent, cursor) = requests(&store, &proxy, &second).await;
    assert_eq!(
        lines(&sent),
        [
            "BatchGetItem session#s1 session#s3",
            "BatchGetItem session#s2#state",
            "GetItem a",
            "Query - limit null after - select -",
            "Query agent_id-index limit 4 after alice#2026-01-01T00:00:04.000000Z#s4 select -",
        ]
    );

    let last = with_parameters(&list, &[("cursor", &cursor.unwrap()), ("view", "summary"), ("count", "1")]);
    let (sent, cursor) = requests(&store, &proxy, &last).await;
    assert_eq!(
        lines(&sent),
        [
            "GetItem a",
            "Query - limit null after - select -",
            "Query agent_id-index limit 4 after alice#2026-01-01T00:00:01.000000Z#s1 select -",
            "Query agent_id-index limit null after - select -",
        ]
    );
    // Counting waits for nothing.
    assert_eq!((depth(&sent), cursor), (1, None));
}

#[tokio::test]
async fn a_page_of_a_schedules_runs_reads_its_own_items() {
    let (_database, store, proxy) = recorded().await;
    let list = with_parameters(&HttpRequest::schedule_sessions("alice", "s"), &[("limit", "3")]);
    let (sent, cursor) = requests(&store, &proxy, &list).await;
    assert_eq!(
        lines(&sent),
        [
            "BatchGetItem session#s4#state session#s6#state",
            "BatchGetItem session#s5",
            "GetItem s",
            "Query - limit null after - select -",
            "Query source_schedule_id-index limit 4 after - select -",
        ]
    );
    assert_eq!(depth(&sent), 2);

    let second = with_parameters(&list, &[("cursor", &cursor.unwrap()), ("view", "summary"), ("count", "1")]);
    let (sent, _) = requests(&store, &proxy, &second).await;
    assert_eq!(
        lines(&sent),
        [
            "GetItem s",
            "Query - limit null after - select -",
            "Query source_schedule_id-index limit 4 after alice#2026-01-01T00:00:04.000000Z#s4 select -",
            "Query source_schedule_id-index limit null after - select -",
        ]
    );
    assert_eq!(depth(&sent), 1);
}

/// A key to start from has to be whole, and to lie where the query looks: DynamoDB refuses others.
#[tokio::test]
async fn the_key_to_start_from_is_the_callers_own() {
    let (_database, store, proxy) = recorded().await;
    for (list, index) in lists("alice").into_iter().zip([("agent_id", "a"), ("source_schedule_id", "s")]) {
        let (_, cursor) = requests(&store, &proxy, &with_parameters(&list, &[("limit", "3")])).await;
        let (sent, _) =
            requests(&store, &proxy, &with_parameters(&list, &[("limit", "3"), ("cursor", &cursor.unwrap())])).await;
        let start =
            sent.iter().map(|sent| &sent.call.input["ExclusiveStartKey"]).find(|start| !start.is_null()).unwrap();
        let expected = json!({
            "user_id": { "S": "alice" }, "item": { "S": keys::head("s4") }, index.0: { "S": index.1 },
            "listing": { "S": "alice#2026-01-01T00:00:04.000000Z#s4" },
        });
        assert_eq!(start, &expected);
    }
}

#[tokio::test]
async fn a_cursor_that_is_none_costs_no_request() {
    let (_database, store, proxy) = recorded().await;
    for list in lists("alice") {
        proxy.take();
        crate::pages::world::status_and_body(&store, &with_parameters(&list, &[("cursor", "x")])).await;
        assert_eq!(proxy.take().len(), 0);
    }
}
