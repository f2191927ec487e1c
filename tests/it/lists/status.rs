//! What a session does or waits for, as summaries say.

use std::time::Duration;

use agentscope_store::Store;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, noise, parse, run, schedule, with};
use serde_json::{Value, json};

use crate::requests::send;

/// A message with tool calls in these states.
fn message(role: &str, states: &[&str]) -> Value {
    let call = |state| json!({ "type": "tool_call", "id": "c", "name": "t", "input": "{}", "state": state });
    let mut content = vec![json!({ "type": "text", "text": "asking submitted" })];
    content.extend(states.iter().map(call));
    json!({ "name": "n", "role": role, "content": content })
}

/// Conversations, and what a session that does not run waits for after them.
fn conversations() -> Vec<(Value, &'static str)> {
    let (user, assistant, system) =
        (|states| message("user", states), |states| message("assistant", states), |states| message("system", states));
    vec![
        (json!([]), "idle"),
        (json!([assistant(&[])]), "idle"),
        (json!([assistant(&["asking"])]), "awaiting_permission"),
        (json!([assistant(&["submitted"])]), "awaiting_external_result"),
        (json!([assistant(&["pending"])]), "idle"),
        (json!([assistant(&["allowed"])]), "idle"),
        (json!([assistant(&["finished"])]), "idle"),
        (json!([assistant(&["asking", "submitted"])]), "awaiting_permission"),
        (json!([assistant(&["submitted", "asking"])]), "awaiting_permission"),
        (json!([assistant(&["finished", "submitted", "allowed"])]), "awaiting_external_result"),
        (json!([user(&["asking"])]), "idle"),
        (json!([system(&["submitted"])]), "idle"),
        (json!([assistant(&["asking"]), user(&[])]), "idle"),
        (json!([assistant(&["submitted"]), assistant(&["finished"])]), "idle"),
        (json!([assistant(&["finished"]), assistant(&["asking"])]), "awaiting_permission"),
        (json!([user(&[]), system(&[]), assistant(&["submitted"])]), "awaiting_external_result"),
    ]
}

fn chat(id: &str, context: &Value) -> Value {
    with(run("alice", "a", "s", id, "2026-01-01T00:00:00"), "/state/context", context.clone())
}

async fn database(sessions: Vec<Value>, running: Vec<String>) -> TestDynamoDb {
    let world = World {
        agents: vec![agent("alice", "a")],
        schedules: vec![schedule("alice", "s")],
        sessions,
        running,
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}

/// Ids, whether they run, and their statuses.
async fn statuses(store: &Store) -> Vec<(String, bool, String)> {
    let mut request = HttpRequest::sessions("alice", "a");
    request.query.push_str("&view=summary");
    let response = send(store, &request).await;
    let body: Value = serde_json::from_str(response.body()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = body["sessions"].as_array().unwrap().iter();
    rows.map(|row| (text(&row["session"]["id"]), row["is_running"] == true, text(&row["status"]))).collect()
}

#[tokio::test]
async fn the_last_message_decides_the_status_unless_the_session_runs() {
    let (mut sessions, mut running, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (context, status)) in conversations().iter().enumerate() {
        for runs in [false, true] {
            for is_large in [false, true] {
                let id = format!("{number:02} {runs} {is_large}");
                let session = chat(&id, context);
                let summary = if is_large { noise(number as u64, 20_000) } else { String::new() };
                sessions.push(with(session, "/state/summary", summary));
                let status = if runs { "running" } else { status };
                expected.push((id.clone(), runs, status.to_owned()));
                running.extend(runs.then_some(id));
            }
        }
    }
    let database = database(sessions, running).await;
    expected.sort_by(|one, other| other.cmp(one));
    assert_eq!(statuses(&database.store).await, expected);
}

#[tokio::test]
async fn the_status_stands_between_is_running_and_team_and_only_in_summaries_with_teams() {
    let database = database(vec![chat("x", &json!([message("assistant", &["asking"])]))], Vec::new()).await;
    for (list, query, expected) in [
        (
            HttpRequest::sessions("alice", "a"),
            "&view=summary",
            r#""is_running":false,"status":"awaiting_permission","team":null}"#,
        ),
        (HttpRequest::sessions("alice", "a"), "&view=full", r#""is_running":false,"team":null}"#),
        (HttpRequest::sessions("alice", "a"), "", r#""is_running":false,"team":null}"#),
    ] {
        let request = HttpRequest { query: list.query + query, ..list };
        let response = send(&database.store, &request).await;
        assert!(response.body().contains(expected), "{}", response.body());
    }
    for query in ["view=summary", "view=full", ""] {
        let mut request = HttpRequest::schedule_sessions("alice", "s");
        request.query = query.into();
        let response = send(&database.store, &request).await;
        assert!(response.status() == 200 && !response.body().contains("awaiting_permission"), "{}", response.body());
    }
}

#[tokio::test]
async fn the_status_follows_what_happens_to_the_session() {
    let store = database(Vec::new(), Vec::new()).await.store;
    let put = async |states: &[&str]| {
        let session = chat("x", &json!([message("assistant", states)]));
        store.put_session(&parse(&session.to_string()).unwrap()).await.unwrap();
    };
    let status = async || statuses(&store).await.remove(0).2;
    for (states, expected) in [
        (&["asking"][..], "awaiting_permission"),
        (&["allowed"], "idle"),
        (&["submitted"], "awaiting_external_result"),
        (&["finished", "asking"], "awaiting_permission"),
        (&["finished", "finished"], "idle"),
        (&["asking"], "awaiting_permission"),
    ] {
        put(states).await;
        assert_eq!(status().await, expected, "{states:?}");
    }
    store.acquire_lease("alice", "x", "runner", Duration::from_secs(600)).await.unwrap().unwrap();
    assert_eq!(status().await, "running");
    put(&["submitted"]).await;
    assert_eq!(status().await, "running");
    store.release_lease("alice", "x", "runner").await.unwrap();
    assert_eq!(status().await, "awaiting_external_result");
    // A lease that has ended is none.
    store.acquire_lease("alice", "x", "runner", Duration::ZERO).await.unwrap().unwrap();
    assert_eq!(status().await, "awaiting_external_result");
    store.delete_session("alice", "x").await.unwrap();
    put(&[]).await;
    assert_eq!(status().await, "idle");
}
