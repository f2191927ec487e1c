//! Cursors that are none of the list that is requested.

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, run, schedule};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::pages::world::{page, status_and_body, time};
use crate::requests::with_parameters;

/// Two users with two agents and two schedules each, all with ids alike, and three sessions of
/// each pair.
async fn database() -> TestDynamoDb {
    let mut world = World::default();
    for user_id in ["alice", "bob"] {
        for id in ["x", "y"] {
            world.agents.push(agent(user_id, id));
            world.schedules.push(schedule(user_id, id));
            world.sessions.extend((0..3).map(|number| run(user_id, id, id, &format!("{id}{number}"), &time(number))));
        }
    }
    TestDynamoDb::with_export(&world.text()).await
}

/// Every list of the database.
fn lists() -> Vec<HttpRequest> {
    let mut lists = Vec::new();
    for user_id in ["alice", "bob"] {
        for id in ["x", "y"] {
            lists.extend([HttpRequest::sessions(user_id, id), HttpRequest::schedule_sessions(user_id, id)]);
        }
    }
    lists
}

async fn is_refused(database: &TestDynamoDb, list: &HttpRequest, cursor: &str) {
    for limit in [&[("limit", "2")][..], &[]] {
        let request = with_parameters(&with_parameters(list, limit), &[("cursor", cursor)]);
        let (status, body) = status_and_body(&database.store, &request).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, body["detail"].as_array().map(Vec::len)), (422, Some(1)), "{request:?}: {body}");
        let problem = &body["detail"][0];
        assert_eq!(problem["type"], "value_error", "{request:?}");
        assert_eq!(problem["loc"], serde_json::json!(["query", "cursor"]), "{request:?}");
        assert_eq!(problem["input"], cursor, "{request:?}");
        assert!(problem["msg"].as_str().unwrap().contains("cursor"), "{request:?}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_user_agent_schedule_or_route_is_refused() {
    let database = database().await;
    for (index, list) in lists().iter().enumerate() {
        let cursor = page(&database.store, &with_parameters(list, &[("limit", "2")])).await.cursor();
        for (other, foreign) in lists().iter().enumerate() {
            if index != other {
                is_refused(&database, foreign, &cursor).await;
            }
        }
        let rest = page(&database.store, &with_parameters(list, &[("limit", "2"), ("cursor", &cursor)])).await;
        assert_eq!(rest.rows.len(), 1);
    }
}

#[tokio::test]
async fn a_cursor_that_is_truncated_edited_or_empty_is_refused() {
    let database = database().await;
    for list in &lists()[..2] {
        let cursor = page(&database.store, &with_parameters(list, &[("limit", "2")])).await.cursor();
        for end in 0..cursor.len() {
            is_refused(&database, list, &cursor[..end]).await;
            let other = if cursor.as_bytes()[end] == b'A' { "B" } else { "A" };
            is_refused(&database, list, &format!("{}{other}{}", &cursor[..end], &cursor[end + 1..])).await;
        }
        for edited in [
            format!("{cursor}="),
            format!("{cursor}A"),
            format!(" {cursor}"),
            format!("{cursor}\n"),
            cursor.repeat(2),
            cursor.to_lowercase(),
            cursor.replace(|character: char| character.is_ascii_lowercase(), "+"),
        ] {
            is_refused(&database, list, &edited).await;
        }
        let binary = URL_SAFE_NO_PAD.encode([0xff; 100]);
        for nonsense in
            ["null", "0", "session#x0", "2026-01-01T00:00:02.000000Z", "🦊", "\0", "..%2f", "A", "AQ", &binary]
        {
            is_refused(&database, list, nonsense).await;
        }
        is_refused(&database, list, &"A".repeat(7000)).await;
    }
}

#[tokio::test]
async fn a_cursor_of_another_version_is_refused() {
    let database = database().await;
    for list in lists() {
        let cursor = page(&database.store, &with_parameters(&list, &[("limit", "2")])).await.cursor();
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        for version in (0..=u8::MAX).filter(|version| *version != bytes[0]).step_by(17) {
            is_refused(&database, &list, &URL_SAFE_NO_PAD.encode([&[version], &bytes[1..]].concat())).await;
        }
    }
}

#[tokio::test]
async fn a_cursor_is_refused_by_the_users_own_identity_alone() {
    // An agent that is not there has no cursors either.
    let database = database().await;
    let cursor =
        page(&database.store, &with_parameters(&HttpRequest::sessions("alice", "x"), &[("limit", "2")])).await.cursor();
    is_refused(&database, &HttpRequest::sessions("alice", "nope"), &cursor).await;
    is_refused(&database, &HttpRequest::sessions("nobody", "x"), &cursor).await;
}
