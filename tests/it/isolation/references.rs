//! Records that name another user's records. They find nothing there.

use std::time::Duration;

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, run, schedule, session, team, with};
use serde_json::{Value, json};

const DAY: &str = "2026-01-01T00:00:00";

/// Bob's records, which Alice's name: an agent with a session that leads a team, and a schedule
/// that has run.
fn bobs() -> World {
    let chat = with(session("bob", "bobs-agent", "bobs-session", DAY), "/team_id", "bobs-team");
    World {
        agents: vec![agent("bob", "bobs-agent")],
        sessions: vec![chat, run("bob", "bobs-agent", "bobs-schedule", "bobs-run", DAY)],
        teams: vec![team("bob", "bobs-team", "bobs-session", &["bobs-agent"])],
        schedules: vec![schedule("bob", "bobs-schedule")],
        ..World::default()
    }
}

async fn send(database: &TestDynamoDb, request: &HttpRequest, status: u16) -> Value {
    let response = crate::requests::send(&database.store, request).await;
    assert_eq!(response.status(), status, "{}", response.body());
    serde_json::from_str(response.body()).unwrap()
}

/// The team of Alice's only session with this agent, after a check that nothing of Bob's is in the
/// response.
async fn team_of_alices_session(database: &TestDynamoDb, agent_id: &str) -> Value {
    let body = send(database, &HttpRequest::sessions("alice", agent_id), 200).await;
    assert_eq!(body["total"], 1);
    assert!(!body.to_string().contains("of bob"), "{body}");
    body["sessions"][0]["team"].clone()
}

#[tokio::test]
async fn a_session_of_another_users_team_has_no_team() {
    let mut world = bobs();
    let chat = with(session("alice", "agent", "session", DAY), "/team_id", "bobs-team");
    world.agents.push(agent("alice", "agent"));
    world.sessions.push(chat);
    let database = TestDynamoDb::with_export(&world.text()).await;
    assert_eq!(team_of_alices_session(&database, "agent").await, Value::Null);
}

#[tokio::test]
async fn a_team_with_another_users_session_and_agents_has_neither_leader_nor_members() {
    let mut world = bobs();
    let chat = with(session("alice", "agent", "session", DAY), "/team_id", "team");
    world.agents.push(agent("alice", "agent"));
    world.sessions.push(chat);
    world.teams.push(team("alice", "team", "bobs-session", &["bobs-agent"]));
    let database = TestDynamoDb::with_export(&world.text()).await;
    let team = team_of_alices_session(&database, "agent").await;
    assert_eq!(team["team"]["user_id"], "alice");
    assert_eq!(team["leader_agent"], Value::Null);
    assert_eq!(team["members"], json!([]));
}

#[tokio::test]
async fn a_team_whose_leading_session_has_another_users_agent_has_no_leader() {
    let mut world = bobs();
    let chat = with(session("alice", "agent", "session", DAY), "/team_id", "team");
    world.agents.push(agent("alice", "agent"));
    world.sessions.extend([chat, session("alice", "bobs-agent", "leading", DAY)]);
    world.teams.push(team("alice", "team", "leading", &[]));
    let database = TestDynamoDb::with_export(&world.text()).await;
    let team = team_of_alices_session(&database, "agent").await;
    assert_eq!(team["team"]["session_id"], "leading");
    assert_eq!(team["leader_agent"], Value::Null);
}

#[tokio::test]
async fn a_members_newest_session_is_not_another_users() {
    let mut world = bobs();
    let chat = with(session("alice", "agent", "session", DAY), "/team_id", "team");
    // Both have agents of these ids; of Bob's sessions one is newer than Alice's, the other has no
    // counterpart.
    for user in ["alice", "bob"] {
        world.agents.extend([agent(user, "busy"), agent(user, "idle")]);
    }
    world.agents.push(agent("alice", "agent"));
    world.sessions.extend([
        chat,
        session("alice", "busy", "alices", "2026-01-01T00:00:00"),
        session("bob", "busy", "newer", "2026-01-02T00:00:00"),
        session("bob", "idle", "only", "2026-01-02T00:00:00"),
    ]);
    world.teams.push(team("alice", "team", "session", &["busy", "idle"]));
    let database = TestDynamoDb::with_export(&world.text()).await;
    let team = team_of_alices_session(&database, "agent").await;
    let members: Vec<_> = team["members"].as_array().unwrap().iter().map(|member| &member["session_id"]).collect();
    assert_eq!(members, [&json!("alices"), &Value::Null]);
}

#[tokio::test]
async fn sessions_with_another_users_agent_or_schedule_are_in_nobodys_list() {
    let mut world = bobs();
    world.sessions.extend([
        session("alice", "bobs-agent", "smuggled", "2026-02-01T00:00:00"),
        run("alice", "bobs-agent", "bobs-schedule", "smuggled-run", "2026-02-01T00:00:00"),
    ]);
    let database = TestDynamoDb::with_export(&world.text()).await;
    send(&database, &HttpRequest::sessions("alice", "bobs-agent"), 404).await;
    send(&database, &HttpRequest::schedule_sessions("alice", "bobs-schedule"), 404).await;

    let listed = send(&database, &HttpRequest::sessions("bob", "bobs-agent"), 200).await;
    let ids: Vec<_> =
        listed["sessions"].as_array().unwrap().iter().map(|row| row["session"]["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["bobs-session", "bobs-run"]);
    let runs = send(&database, &HttpRequest::schedule_sessions("bob", "bobs-schedule"), 200).await;
    assert_eq!(runs["total"], 1);
    assert_eq!(runs["sessions"][0]["id"], "bobs-run");
}

#[tokio::test]
async fn a_lease_on_another_users_session_does_not_make_it_run() {
    let mut world = bobs();
    world.agents.extend([agent("alice", "agent"), agent("bob", "agent")]);
    world.sessions.extend(["alice", "bob"].map(|user| session(user, "agent", "x", DAY)));
    let database = TestDynamoDb::with_export(&world.text()).await;
    for id in ["x", "bobs-session"] {
        let lease = database.store.acquire_lease("alice", id, "alices-runner", Duration::from_secs(600)).await;
        lease.unwrap().unwrap();
    }
    let running = |body: Value| -> Vec<bool> {
        body["sessions"].as_array().unwrap().iter().map(|row| row["is_running"].as_bool().unwrap()).collect()
    };
    let alices = send(&database, &HttpRequest::sessions("alice", "agent"), 200).await;
    assert_eq!(running(alices), [true]);
    for agent_id in ["agent", "bobs-agent"] {
        let bobs = send(&database, &HttpRequest::sessions("bob", agent_id), 200).await;
        assert!(!running(bobs).contains(&true), "{agent_id}");
    }
    // And it keeps nobody from running it who may.
    database.store.acquire_lease("bob", "x", "bobs-runner", Duration::from_secs(600)).await.unwrap().unwrap();
}
