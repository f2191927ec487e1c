//! Teams, whole and broken.

use agentscope_store::Store;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::records::{World, agent, session, team, with};
use serde_json::{Value, json};

use crate::requests::sessions;

const MONDAY: &str = "2026-01-05T00:00:00";
const TUESDAY: &str = "2026-01-06T00:00:00";
const WEDNESDAY: &str = "2026-01-07T00:00:00";

/// A session of a team.
fn in_team(agent_id: &str, id: &str, created_at: &str, team_id: &str) -> Value {
    with(session("alice", agent_id, id, created_at), "/team_id", team_id)
}

/// The tables with these agents, sessions and teams of Alice.
async fn database_with<const S: usize, const T: usize>(
    agents: &[&str],
    sessions: [Value; S],
    teams: [Value; T],
) -> TestDynamoDb {
    let agents = agents.iter().map(|id| agent("alice", id)).collect();
    let world = World { agents, sessions: sessions.into(), teams: teams.into(), ..World::default() };
    TestDynamoDb::with_export(&world.text()).await
}

/// The team that is shown with a session: its id, the leader's, and those of the members with
/// their sessions'.
async fn team_of(store: &Store, agent_id: &str, session_id: &str) -> Value {
    let rows = sessions(store, agent_id).await;
    let row = rows.iter().find(|row| row["session"]["id"] == session_id).unwrap();
    let detail = &row["team"];
    if detail.is_null() {
        return Value::Null;
    }
    let members = detail["members"].as_array().unwrap().iter();
    let members: Vec<_> = members.map(|member| json!([member["agent"]["id"], member["session_id"]])).collect();
    json!({ "id": detail["team"]["id"], "leader": detail["leader_agent"]["id"], "members": members })
}

#[tokio::test]
async fn a_session_without_a_team_id_has_no_team() {
    let null = with(session("alice", "lead", "null", MONDAY), "/team_id", Value::Null);
    let absent = session("alice", "lead", "absent", MONDAY);
    let empty = in_team("lead", "empty", MONDAY, "");
    let database = database_with(&["lead"], [null, absent, empty], [team("alice", "team", "absent", &["lead"])]).await;
    let rows = sessions(&database.store, "lead").await;
    let shown: Vec<_> =
        rows.iter().map(|row| (&row["session"]["id"], &row["session"]["team_id"], &row["team"])).collect();
    // The record itself is returned as it is.
    assert_eq!(
        shown,
        [
            (&json!("null"), &Value::Null, &Value::Null),
            (&json!("empty"), &json!(""), &Value::Null),
            (&json!("absent"), &Value::Null, &Value::Null),
        ]
    );
}

#[tokio::test]
async fn a_deleted_team_is_null() {
    let database = database_with(&["lead"], [in_team("lead", "chat", MONDAY, "gone")], []).await;
    assert_eq!(team_of(&database.store, "lead", "chat").await, Value::Null);
}

#[tokio::test]
async fn a_team_is_shown_with_its_leader_and_members_whole() {
    let chats = [in_team("lead", "chat", MONDAY, "team"), in_team("worker", "work", TUESDAY, "team")];
    let database = database_with(&["lead", "worker"], chats, [team("alice", "team", "chat", &["worker"])]).await;
    for (agent_id, row) in [("lead", "chat"), ("worker", "work")] {
        let rows = sessions(&database.store, agent_id).await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["session"]["id"], row);
        let detail = &rows[0]["team"];
        assert_eq!(
            detail["team"],
            json!({
                "id": "team", "updated_at": "2026-01-01T00:00:00", "created_at": "2026-01-01T00:00:00", "user_id": "alice",
                "session_id": "chat",
                "data": { "name": "team team of alice", "description": "", "member_ids": ["worker"] },
            })
        );
        assert_eq!(detail["leader_agent"]["data"]["name"], "agent lead of alice");
        assert_eq!(detail["members"][0]["agent"]["data"]["name"], "agent worker of alice");
        assert_eq!(detail["members"][0]["session_id"], "work");
        assert_eq!(detail["members"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_team_whose_leading_session_is_deleted_has_no_leader() {
    let database = database_with(
        &["lead", "worker"],
        [in_team("lead", "chat", MONDAY, "team"), in_team("lead", "other", MONDAY, "nowhere")],
        [team("alice", "team", "gone", &["worker"]), team("alice", "nowhere", "", &[])],
    )
    .await;
    assert_eq!(
        team_of(&database.store, "lead", "chat").await,
        json!({ "id": "team", "leader": null, "members": [["worker", null]] })
    );
    assert_eq!(
        team_of(&database.store, "lead", "other").await,
        json!({ "id": "nowhere", "leader": null, "members": [] })
    );
}

#[tokio::test]
async fn a_team_whose_leading_sessions_agent_is_deleted_has_no_leader() {
    let chats = [in_team("lead", "chat", MONDAY, "team"), in_team("gone", "leading", MONDAY, "team")];
    let database = database_with(&["lead"], chats, [team("alice", "team", "leading", &["lead"])]).await;
    assert_eq!(
        team_of(&database.store, "lead", "chat").await,
        json!({ "id": "team", "leader": null, "members": [["lead", "chat"]] })
    );
}

#[tokio::test]
async fn a_session_leads_a_team_whether_it_bears_the_teams_id_or_not() {
    let chats = [
        in_team("worker", "work", MONDAY, "team"),
        in_team("worker", "more work", MONDAY, "other team"),
        session("alice", "lead", "leading", MONDAY),
        in_team("lead", "leading another", MONDAY, "team"),
    ];
    let teams = [team("alice", "team", "leading", &["worker"]), team("alice", "other team", "leading another", &[])];
    let database = database_with(&["lead", "worker"], chats, teams).await;
    // The greater id of two that were created at once is the newest.
    let expected = json!({ "id": "team", "leader": "lead", "members": [["worker", "work"]] });
    assert_eq!(team_of(&database.store, "worker", "work").await, expected);
    let expected = json!({ "id": "other team", "leader": "lead", "members": [] });
    assert_eq!(team_of(&database.store, "worker", "more work").await, expected);
    // The session that leads without saying so shows no team itself.
    assert_eq!(team_of(&database.store, "lead", "leading").await, Value::Null);
}

#[tokio::test]
async fn the_listed_agents_own_session_may_lead_a_team_that_another_of_its_sessions_names() {
    let chats = [in_team("lead", "chat", TUESDAY, "team"), session("alice", "lead", "leading", MONDAY)];
    let database = database_with(&["lead"], chats, [team("alice", "team", "leading", &[])]).await;
    assert_eq!(
        team_of(&database.store, "lead", "chat").await,
        json!({ "id": "team", "leader": "lead", "members": [] })
    );
}

#[tokio::test]
async fn a_member_may_lead() {
    let chats = [in_team("worker", "work", MONDAY, "team"), in_team("another", "leading", MONDAY, "team")];
    let database =
        database_with(&["worker", "another"], chats, [team("alice", "team", "leading", &["another", "worker"])]).await;
    let expected =
        json!({ "id": "team", "leader": "another", "members": [["another", "leading"], ["worker", "work"]] });
    assert_eq!(team_of(&database.store, "worker", "work").await, expected);
    assert_eq!(team_of(&database.store, "another", "leading").await, expected);
}

#[tokio::test]
async fn members_are_in_the_teams_order_without_deleted_and_with_repeated_ones() {
    let members = ["c", "gone", "a", "c", "", "b", "lead", "lead", "a", "gone"];
    let chats = [in_team("lead", "chat", MONDAY, "team"), session("alice", "a", "as", MONDAY)];
    let database = database_with(&["a", "b", "c", "lead"], chats, [team("alice", "team", "chat", &members)]).await;
    assert_eq!(
        team_of(&database.store, "lead", "chat").await,
        json!({
            "id": "team", "leader": "lead",
            "members": [["c", null], ["a", "as"], ["c", null], ["b", null], ["lead", "chat"], ["lead", "chat"], ["a", "as"]],
        })
    );
}

#[tokio::test]
async fn a_member_may_be_an_agent_of_the_users_or_of_the_teams() {
    let made = with(agent("alice", "made for the team"), "/source", "team");
    let world = World {
        agents: vec![agent("alice", "lead"), agent("alice", "made by alice"), made],
        sessions: vec![in_team("lead", "chat", MONDAY, "team")],
        teams: vec![team("alice", "team", "chat", &["made by alice", "made for the team"])],
        ..World::default()
    };
    let database = TestDynamoDb::with_export(&world.text()).await;
    let rows = sessions(&database.store, "lead").await;
    let members = rows[0]["team"]["members"].as_array().unwrap();
    let sources: Vec<_> = members.iter().map(|member| (&member["agent"]["id"], &member["agent"]["source"])).collect();
    assert_eq!(sources, [(&json!("made by alice"), &json!("user")), (&json!("made for the team"), &json!("team")),]);
}

#[tokio::test]
async fn a_member_without_sessions_has_no_session_id() {
    let database = database_with(
        &["lead", "idle"],
        [in_team("lead", "chat", MONDAY, "team")],
        [team("alice", "team", "chat", &["idle"])],
    )
    .await;
    let rows = sessions(&database.store, "lead").await;
    assert_eq!(rows[0]["team"]["members"][0]["agent"]["id"], "idle");
    assert_eq!(rows[0]["team"]["members"][0].get("session_id"), Some(&Value::Null));
}

#[tokio::test]
async fn a_members_session_is_its_newest_whatever_the_team() {
    let chats = [
        in_team("lead", "chat", MONDAY, "team"),
        in_team("worker", "for this team", MONDAY, "team"),
        in_team("worker", "for another", WEDNESDAY, "other"),
        in_team("worker", "for this team too", TUESDAY, "team"),
        in_team("freelance", "for the team", MONDAY, "team"),
        session("alice", "freelance", "for none", TUESDAY),
        session("alice", "lead", "later chat", WEDNESDAY),
    ];
    let teams = [team("alice", "team", "chat", &["worker", "freelance", "lead"]), team("alice", "other", "chat", &[])];
    let database = database_with(&["lead", "worker", "freelance"], chats, teams).await;
    let expected = json!({
        "id": "team", "leader": "lead",
        "members": [["worker", "for another"], ["freelance", "for none"], ["lead", "later chat"]],
    });
    assert_eq!(team_of(&database.store, "lead", "chat").await, expected);
    assert_eq!(team_of(&database.store, "worker", "for this team").await, expected);
    assert_eq!(team_of(&database.store, "freelance", "for the team").await, expected);
}

#[tokio::test]
async fn sessions_of_one_team_all_show_it_and_those_of_others_theirs() {
    let chats = [
        in_team("lead", "first", MONDAY, "team"),
        in_team("lead", "second", TUESDAY, "team"),
        in_team("lead", "third", WEDNESDAY, "other"),
    ];
    let teams = [team("alice", "team", "first", &["worker"]), team("alice", "other", "second", &["worker", "lead"])];
    let database = database_with(&["lead", "worker"], chats, teams).await;
    let team = json!({ "id": "team", "leader": "lead", "members": [["worker", null]] });
    assert_eq!(team_of(&database.store, "lead", "first").await, team);
    assert_eq!(team_of(&database.store, "lead", "second").await, team);
    let other = json!({ "id": "other", "leader": "lead", "members": [["worker", null], ["lead", "third"]] });
    assert_eq!(team_of(&database.store, "lead", "third").await, other);
}

#[tokio::test]
async fn a_team_without_members_has_an_empty_list_of_them() {
    let unsaid = with(team("alice", "unsaid", "chat", &[]), "/data", json!({ "name": "a team" }));
    let chats = [in_team("lead", "chat", MONDAY, "none"), in_team("lead", "other", MONDAY, "unsaid")];
    let database = database_with(&["lead"], chats, [team("alice", "none", "chat", &[]), unsaid]).await;
    for (session_id, team_id) in [("chat", "none"), ("other", "unsaid")] {
        let expected = json!({ "id": team_id, "leader": "lead", "members": [] });
        assert_eq!(team_of(&database.store, "lead", session_id).await, expected);
    }
}
