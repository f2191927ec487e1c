//! Summaries: the response without the bulk of the states, and otherwise the same.

use agentscope_store::Store;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::golden;
use agentscope_tests::proxy::{DynamoDbProxy, depth, keys};
use agentscope_tests::records::{World, agent, noise, run, schedule, with};
use serde_json::{Value, json};

use crate::requests::{body, send};

/// A tool_context of nothing but defaults, as the reference prints it.
const TOOL_CONTEXT: &str =
    r#"{"max_cache_files":100,"max_cache_bytes":25000.0,"read_file_cache":[],"activated_groups":[]}"#;

fn summary(request: &HttpRequest) -> HttpRequest {
    let separator = if request.query.is_empty() { "" } else { "&" };
    HttpRequest { query: format!("{}{separator}view=summary", request.query), ..request.clone() }
}

/// The text of a value, and what follows it. The text is that of JSON that begins with a value.
fn value(text: &str) -> (&str, &str) {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    values.next().unwrap().unwrap();
    text.split_at(values.byte_offset())
}

/// The full response with every state's bulk replaced, and without the summary's `status`: found
/// in the text, so that every other byte stays.
fn without_bulk(full: &str) -> String {
    const STATE: &str = r#""state":{"session_id":"#;
    let (mut rest, mut out) = (full, String::new());
    while let Some(start) = rest.find(STATE) {
        let (before, state) = rest.split_at(start + STATE.len());
        out.push_str(before);
        let (id, state) = value(state);
        out.push_str(id);
        let (_, state) = value(state.strip_prefix(r#","summary":"#).unwrap());
        let (_, state) = value(state.strip_prefix(r#","context":"#).unwrap());
        out.push_str(r#","summary":"","context":[]"#);
        let mut middle = state;
        for name in ["reply_id", "cur_iter", "permission_context"] {
            (_, middle) = value(middle.strip_prefix(&format!(",\"{name}\":")).unwrap());
        }
        out.push_str(&state[..state.len() - middle.len()]);
        let after = middle.strip_prefix(r#","tool_context":"#).unwrap();
        let (_, after) = value(after);
        out.push_str(&format!(",\"tool_context\":{TOOL_CONTEXT}"));
        rest = after;
    }
    out + rest
}

/// The summary without `status`.
fn without_status(summary: &str) -> String {
    let mut out = summary.to_owned();
    for status in ["running", "idle", "awaiting_permission", "awaiting_external_result"] {
        for runs in ["true", "false"] {
            let is_running = format!(r#""is_running":{runs},"#);
            out = out.replace(&format!(r#"{is_running}"status":"{status}","#), &is_running);
        }
    }
    out
}

async fn check_summary(store: &Store, list: &HttpRequest) -> String {
    let full = body(store, list).await;
    let summary = body(store, &summary(list)).await;
    assert!(!full.contains("\"status\":\"idle\""), "{}", list.path);
    assert_eq!(without_status(&summary), without_bulk(&full), "{list:?}");
    let rows = |text: &str| serde_json::from_str::<Value>(text).unwrap()["sessions"].as_array().unwrap().len();
    let statuses = if list.path == "/sessions/" { rows(&full) } else { 0 };
    assert_eq!(summary.len() - without_status(&summary).len() > 0, statuses > 0, "{list:?}");
    summary
}

#[tokio::test]
async fn summaries_of_golden_responses_differ_only_in_the_bulk() {
    let database = TestDynamoDb::with_export(&golden::world()).await;
    let (mut count, mut sessions) = (0, 0);
    for case in golden::cases().into_iter().filter(|case| case.status == 200) {
        let request = case.request();
        sessions += check_summary(&database.store, &request).await.matches("\"is_running\":").count();
        count += 1;
    }
    assert!(count > 100 && sessions > 300, "{count} responses, {sessions} sessions");
}

/// A session that has something in every place.
fn full(id: &str) -> Value {
    let session = run("alice", "a", "s", id, "2026-01-01T00:00:00");
    let message = json!({ "name": "n", "role": "user", "content": [{ "type": "text", "text": "\"summary\":\"x\"" }] });
    let session = with(session, "/state/summary", r#"","context":["x"],"summary":""#);
    let session = with(session, "/state/context", json!([message]));
    let session = with(session, "/state/tool_context", json!({ "activated_groups": ["g"], "max_cache_files": 7 }));
    let session = with(session, "/state/reply_id", r#""tool_context":{}"#);
    let session = with(session, "/state/cur_iter", 12);
    let session = with(session, "/state/permission_context", json!({ "mode": "explore" }));
    let session = with(session, "/state/newer", json!({ "summary": "stays", "context": [1.0] }));
    with(session, "/newer", json!({ "state": { "summary": "stays" } }))
}

/// The parts that the session's documents lie in: with more than 336 KB of them they follow the
/// bulk.
fn with_large(place: &str, session: Value) -> Value {
    with(session, place, noise(1, 600_000))
}

async fn database(sessions: Vec<Value>) -> TestDynamoDb {
    let world = World {
        agents: vec![agent("alice", "a")],
        schedules: vec![schedule("alice", "s")],
        sessions,
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}

fn lists() -> [HttpRequest; 2] {
    [HttpRequest::sessions("alice", "a"), HttpRequest::schedule_sessions("alice", "s")]
}

#[tokio::test]
async fn a_session_keeps_everything_but_its_bulk_wherever_that_lies() {
    let sessions = vec![
        full("in the head"),
        with(full("in a part"), "/state/tool_context/activated_groups", json!([noise(1, 20_000)])),
        with(full("in parts"), "/state/context/0/content/0/text", noise(2, 900_000)),
        with_large("/newer", full("with documents")),
        with_large("/state/newer", full("with documents of the state")),
        with_large("/config/newer", full("with a configuration")),
        with(with_large("/newer", full("with both")), "/state/context/0/content/0/text", noise(3, 900_000)),
    ];
    let count = sessions.len();
    let database = database(sessions).await;
    for list in lists() {
        let summary = check_summary(&database.store, &list).await;
        assert_eq!(summary.matches(r#""summary":"","context":[],"#).count(), count);
        assert_eq!(summary.matches(TOOL_CONTEXT).count(), count);
        assert_eq!(summary.matches(r#""newer":{"context":[1.0],"summary":"stays"}"#).count(), count - 1);
    }
}

#[tokio::test]
async fn no_part_is_read_but_where_documents_lie_in_it() {
    let sessions = vec![
        full("in the head"),
        with(full("in a part"), "/state/summary", noise(1, 20_000)),
        with(full("in parts"), "/state/summary", noise(2, 900_000)),
    ];
    let mut all = sessions.clone();
    all.push(with_large("/newer", full("documents")));
    for (sessions, parts, depths) in [(sessions, 0, [1, 1]), (all, 2, [4, 4])] {
        let database = database(sessions).await;
        let proxy = DynamoDbProxy::delaying(&database.url).await;
        let store = database.store_at(&proxy.url);
        for (list, deepest) in lists().into_iter().zip(depths) {
            body(&store, &summary(&list)).await;
            let sent = proxy.take();
            let keys = keys(&sent);
            let read: Vec<_> = keys.iter().filter(|key| key.contains("#state#")).collect();
            assert!(read.len() == parts && read.iter().all(|key| key.contains("session#documents#state#")), "{read:?}");
            assert!(depth(&sent) <= deepest, "{} {}", list.path, depth(&sent));
            // Of the heads everything but the bulk is requested.
            let heads = sent.iter().find(|sent| sent.call.operation == "BatchGetItem");
            assert_eq!(heads.is_some(), parts > 0);
            let Some(heads) = heads else { continue };
            let (_, request) = heads.call.input["RequestItems"].as_object().unwrap().iter().next().unwrap();
            let names = request["ExpressionAttributeNames"].to_string();
            assert!(request["ProjectionExpression"].is_string() && !names.contains("\"bulk\""), "{names}");
        }
    }
}

/// What does not fit in full is no trouble as a summary.
#[tokio::test]
async fn a_summary_of_large_states_is_small() {
    let database =
        database((0..8).map(|n| with(full(&n.to_string()), "/state/summary", noise(n, 900_000))).collect()).await;
    for list in lists() {
        let response = send(&database.store, &list).await;
        assert_eq!(response.status(), 413);
        assert!(body(&database.store, &summary(&list)).await.len() < 20_000);
    }
}
