//! Teams on pages: the same as in the whole list, whichever page shows them.

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, session, team, with as with_member};
use serde_json::Value;

use crate::pages::world::{page, time, walk};
use crate::requests::{id, with_parameters};

/// Agent `a` has eight sessions, every other in a team that it leads or works in; agent `m` works
/// in both, and leads one.
async fn database() -> TestDynamoDb {
    let mut world = World { agents: vec![agent("alice", "a"), agent("alice", "m")], ..World::default() };
    for number in 0..8 {
        let session = session("alice", "a", &format!("s{number}"), &time(number));
        let team_id = ["led by a", "", "led by m", ""][number % 4];
        let has_team = !team_id.is_empty();
        world.sessions.push(with_member(session, "/team_id", has_team.then_some(team_id)));
    }
    world.sessions.extend([1, 2].map(|number| session("alice", "m", &format!("m{number}"), &time(number))));
    world.teams.push(team("alice", "led by a", "s0", &["m", "a"]));
    world.teams.push(team("alice", "led by m", "m1", &["a", "m", "gone"]));
    TestDynamoDb::with_export(&world.text()).await
}

fn of_member<'a>(row: &'a Value, agent_id: &str) -> &'a Value {
    let members = row["team"]["members"].as_array().unwrap();
    &members.iter().find(|member| member["agent"]["id"] == agent_id).unwrap()["session_id"]
}

#[tokio::test]
async fn rows_of_pages_are_those_of_the_whole_list() {
    let database = database().await;
    let list = HttpRequest::sessions("alice", "a");
    let whole = page(&database.store, &list).await.rows;
    assert_eq!(whole.iter().filter(|row| !row["team"].is_null()).count(), 4);
    for limit in 1..=8 {
        let pages = walk(&database.store, &list, &[("limit", &limit.to_string())]).await;
        let rows: Vec<_> = pages.into_iter().flat_map(|page| page.rows).collect();
        assert_eq!(rows, whole, "{limit}");
    }
}

/// The first page knows the agent's newest session from its own rows; the others have to look.
#[tokio::test]
async fn the_newest_session_of_a_member_that_is_the_listed_agent_is_the_newest_of_all() {
    let database = database().await;
    let list = with_parameters(&HttpRequest::sessions("alice", "a"), &[("limit", "2")]);
    for (newest, change) in [("s7", None), ("s6", Some("s7")), ("s5", Some("s6"))] {
        // The cursor is of the first page, wherever that ended.
        let cursor = page(&database.store, &list).await.cursor();
        if let Some(gone) = change {
            database.store.delete_session("alice", gone).await.unwrap();
        }
        let mut request = with_parameters(&list, &[("cursor", &cursor)]);
        let mut teams = 0;
        loop {
            let page = page(&database.store, &request).await;
            for row in page.rows.iter().filter(|row| !row["team"].is_null()) {
                assert_eq!(of_member(row, "a"), newest, "{}", id(row));
                assert_eq!(of_member(row, "m"), "m2", "{}", id(row));
                teams += 1;
            }
            let Some(cursor) = page.next_cursor.flatten() else { break };
            request = with_parameters(&list, &[("cursor", &cursor)]);
        }
        assert!(teams >= 2);
    }
}

#[tokio::test]
async fn the_leader_is_found_though_the_leading_session_is_on_another_page() {
    let database = database().await;
    let pages = walk(&database.store, &HttpRequest::sessions("alice", "a"), &[("limit", "1")]).await;
    for page in pages {
        let row = &page.rows[0];
        let leader = &row["team"]["leader_agent"]["id"];
        match row["team"]["team"]["id"].as_str() {
            Some("led by a") => assert_eq!(leader, "a"),
            Some("led by m") => assert_eq!(leader, "m"),
            _ => assert!(row["team"].is_null()),
        }
    }
}
