//! Ids as long as a key may be, and longer, and empty ones.
//!
//! DynamoDB takes 1 to 2048 bytes in a partition key and 1 to 1024 in a sort key, and refuses a
//! request that names another. An id that cannot exist is one that does not exist: 404.

use agentscope_api::IdentitySource;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::{HttpRequest, with_claims};
use agentscope_tests::records::{World, agent, noise, run, schedule, session, team, with};
use serde_json::{Value, json};

use crate::requests::respond;

/// Longer than a hash key of an index may be, and than most would think of.
const FAR_TOO_LONG: usize = 70_000;

async fn send(database: &TestDynamoDb, user: &str, request: &HttpRequest) -> (u16, Value) {
    let event = with_claims(request.http_api(), json!({ "sub": user }));
    let response = respond(&database.store, IdentitySource::SUBJECT, &event).await;
    (response.status().as_u16(), serde_json::from_str(response.body()).unwrap())
}

/// The sessions of an agent, or the status.
async fn sessions(database: &TestDynamoDb, user: &str, agent_id: &str) -> Result<Vec<String>, u16> {
    let (status, body) = send(database, user, &HttpRequest::sessions("mallory", agent_id)).await;
    ids_of(status, &body, |row| &row["session"]["id"])
}

/// The sessions of a schedule, or the status.
async fn runs(database: &TestDynamoDb, user: &str, schedule_id: &str) -> Result<Vec<String>, u16> {
    let (status, body) = send(database, user, &HttpRequest::schedule_sessions("mallory", schedule_id)).await;
    ids_of(status, &body, |row| &row["id"])
}

fn ids_of(status: u16, body: &Value, id: impl Fn(&Value) -> &Value) -> Result<Vec<String>, u16> {
    let ids = || body["sessions"].as_array().unwrap().iter().map(|row| id(row).as_str().unwrap().to_owned()).collect();
    if status == 200 { Ok(ids()) } else { Err(status) }
}

fn a(length: usize) -> String {
    "a".repeat(length)
}

fn ids(ids: [&str; 1]) -> Result<Vec<String>, u16> {
    Ok(ids.map(str::to_owned).into())
}

#[tokio::test]
async fn a_user_id_of_2048_bytes_is_a_user_and_a_longer_one_is_nobody() {
    let database = TestDynamoDb::start().await;
    let longest = a(2048);
    let umlauts = "ü".repeat(1024);
    let mut world = World::default();
    for user in [&longest, &umlauts] {
        world.agents.push(agent(user, "agent"));
        world.schedules.push(schedule(user, "schedule"));
    }
    assert_eq!(database.load(&world.text()).await.problems, Vec::<String>::new());
    for user in [&longest, &umlauts] {
        assert_eq!(sessions(&database, user, "agent").await, Ok(vec![]));
        assert_eq!(runs(&database, user, "schedule").await, Ok(vec![]));
    }
    // An id that is cut off at the limit is the id of the user above.
    for nobody in [a(2049), a(2047), umlauts.clone() + "a", "ü".repeat(1025), a(FAR_TOO_LONG)] {
        assert_eq!(sessions(&database, &nobody, "agent").await, Err(404), "{} bytes", nobody.len());
        assert_eq!(runs(&database, &nobody, "schedule").await, Err(404), "{} bytes", nobody.len());
    }
}

#[tokio::test]
async fn an_agent_or_schedule_id_of_1024_bytes_is_found_and_a_longer_one_is_not() {
    let database = TestDynamoDb::start().await;
    let lengths = [1024, 1025, 2048, 2049, FAR_TOO_LONG];
    let mut world = World {
        agents: vec![agent("alice", &a(1024))],
        schedules: vec![schedule("alice", &a(1024))],
        ..World::default()
    };
    // Sessions may name agents and schedules that cannot exist.
    for length in lengths {
        world.sessions.push(session("alice", &a(length), &format!("chat {length}"), "2026-01-01T00:00:00"));
        world.sessions.push(run("alice", "any", &a(length), &format!("run {length}"), "2026-01-01T00:00:00"));
    }
    assert_eq!(database.load(&world.text()).await.problems, Vec::<String>::new());
    assert_eq!(sessions(&database, "alice", &a(1024)).await, ids(["chat 1024"]));
    assert_eq!(runs(&database, "alice", &a(1024)).await, ids(["run 1024"]));
    for length in lengths.into_iter().skip(1) {
        assert_eq!(sessions(&database, "alice", &a(length)).await, Err(404), "{length} bytes");
        assert_eq!(runs(&database, "alice", &a(length)).await, Err(404), "{length} bytes");
    }
}

#[tokio::test]
async fn an_empty_id_is_nobodys() {
    let database = TestDynamoDb::start().await;
    let world = World {
        agents: vec![agent("alice", "agent")],
        sessions: vec![
            session("alice", "", "no agent", "2026-01-01T00:00:00"),
            run("alice", "agent", "", "no schedule", "2026-01-01T00:00:00"),
        ],
        ..World::default()
    };
    assert_eq!(database.load(&world.text()).await.problems, Vec::<String>::new());
    assert_eq!(sessions(&database, "alice", "").await, Err(404));
    assert_eq!(runs(&database, "alice", "").await, Err(404));
    assert_eq!(sessions(&database, "alice", "agent").await, ids(["no schedule"]));
}

/// A listing is made of the user's id, a `#`, an instant of 27 characters, another `#` and the
/// session's id, in 1024 bytes.
#[tokio::test]
async fn a_user_id_that_leaves_a_listing_room_for_one_byte_has_sessions() {
    let database = TestDynamoDb::start().await;
    let users = [a(994), "#".repeat(331) + "a"];
    let mut world = World::default();
    for user in &users {
        world.agents.push(agent(user, "agent"));
        world.schedules.push(schedule(user, "schedule"));
        world.sessions.push(run(user, "agent", "schedule", "s", "2026-01-01T00:00:00"));
        world.sessions.push(session(user, "agent", "ss", "2026-01-01T00:00:00"));
    }
    let report = database.load(&world.text()).await;
    let refused =
        |index| format!("sessions[{index}] (id \"ss\"): user_id: it and the id are together too long for a key");
    assert_eq!(report.problems, [refused(1), refused(3)]);
    for user in &users {
        assert_eq!(sessions(&database, user, "agent").await, ids(["s"]));
        assert_eq!(runs(&database, user, "schedule").await, ids(["s"]));
    }
}

/// Too long for a listing even before a session's id is added, in every way: the user's lists are
/// empty.
#[tokio::test]
async fn a_user_id_that_leaves_a_listing_no_room_has_empty_lists() {
    let database = TestDynamoDb::start().await;
    let users = [a(995), a(1022), a(1023), a(1024), "#".repeat(341), "#".repeat(342), "#".repeat(2048)];
    let mut world = World::default();
    for user in &users {
        world.agents.push(agent(user, "agent"));
        world.schedules.push(schedule(user, "schedule"));
    }
    assert_eq!(database.load(&world.text()).await.problems, Vec::<String>::new());
    for user in &users {
        assert_eq!(sessions(&database, user, "agent").await, Ok(vec![]), "{} bytes", user.len());
        assert_eq!(runs(&database, user, "schedule").await, Ok(vec![]), "{} bytes", user.len());
    }
}

#[tokio::test]
async fn sessions_whose_ids_fit_no_key_are_refused_by_name_and_others_are_loaded() {
    let database = TestDynamoDb::start().await;
    // The keys of a session's parts leave 964 bytes for its id, and a `#` of it takes three. So
    // states lie in parts here.
    let longest = [a(964), "#".repeat(321) + "a"];
    let refused = [
        (String::new(), "id: it is empty"),
        (a(965), "id: it is too long for a key"),
        ("#".repeat(322), "id: it is too long for a key"),
        (a(1025), "id: 1025 bytes, expected at most 1024"),
    ];
    let mut world = World { agents: vec![agent("alice", "agent")], ..World::default() };
    let ids = refused.iter().map(|(id, _)| id).chain(&longest);
    world.sessions.extend(ids.map(|id| {
        let chat = session("alice", "agent", id, "2026-01-01T00:00:00");
        with(chat, "/state/summary", noise(1, 16 * 1024))
    }));
    world.sessions.push(session("", "agent", "no user", "2026-01-01T00:00:00"));
    world.sessions.push(session(&a(2049), "agent", "no such user", "2026-01-01T00:00:00"));

    let report = database.load(&world.text()).await;
    let mut expected: Vec<_> = refused
        .iter()
        .enumerate()
        .map(|(index, (id, problem))| format!("sessions[{index}] (id {id:?}): {problem}"))
        .collect();
    expected.push("sessions[6] (id \"no user\"): user_id: it is empty".into());
    expected.push("sessions[7] (id \"no such user\"): user_id: 2049 bytes, expected at most 2048".into());
    assert_eq!(report.problems, expected);
    assert_eq!(report.sessions, 2);
    let mut listed = sessions(&database, "alice", "agent").await.unwrap();
    listed.sort();
    assert_eq!(listed, ["#".repeat(321) + "a", a(964)]);
}

#[tokio::test]
async fn agents_teams_and_schedules_whose_ids_fit_no_key_are_refused_by_name() {
    let database = TestDynamoDb::start().await;
    let world = World {
        agents: vec![agent("alice", &a(1025)), agent("", "agent"), agent("alice", "")],
        teams: vec![team("alice", &a(1025), "s", &[]), team(&a(2049), "team", "s", &[]), team("alice", "", "s", &[])],
        schedules: vec![schedule("alice", &a(FAR_TOO_LONG)), schedule("", "schedule"), schedule("alice", "schedule")],
        ..World::default()
    };
    let report = database.load(&world.text()).await;
    let long = a(1025);
    assert_eq!(
        report.problems,
        [
            format!("agents[0] (id \"{long}\"): id: 1025 bytes, expected at most 1024"),
            "agents[1] (id \"agent\"): user_id: it is empty".into(),
            "agents[2] (id \"\"): id: it is empty".into(),
            format!("teams[0] (id \"{long}\"): id: 1025 bytes, expected at most 1024"),
            "teams[1] (id \"team\"): user_id: 2049 bytes, expected at most 2048".into(),
            "teams[2] (id \"\"): id: it is empty".into(),
            format!("schedules[0] (id \"{}\"): id: 70000 bytes, expected at most 1024", a(FAR_TOO_LONG)),
            "schedules[1] (id \"schedule\"): user_id: it is empty".into(),
        ]
    );
    assert_eq!(runs(&database, "alice", "schedule").await, Ok(vec![]));
}

#[tokio::test]
async fn a_team_that_names_ids_that_fit_no_key_is_shown_without_them() {
    let database = TestDynamoDb::start().await;
    let lengths = [0, 1025, 2049, FAR_TOO_LONG];
    let members: Vec<_> = lengths.map(a).into();
    let members: Vec<_> = members.iter().map(String::as_str).chain(["agent"]).collect();
    let mut world = World { agents: vec![agent("alice", "agent")], ..World::default() };
    for length in lengths {
        let team_id = format!("team {length}");
        for (id, team_id) in [(&team_id, team_id.clone()), (&format!("none {length}"), a(length))] {
            let chat = session("alice", "agent", id, "2026-01-01T00:00:00");
            world.sessions.push(with(chat, "/team_id", team_id));
        }
        world.teams.push(team("alice", &team_id, &a(length), &members));
    }
    assert_eq!(database.load(&world.text()).await.problems, Vec::<String>::new());
    let (status, body) = send(&database, "alice", &HttpRequest::sessions("mallory", "agent")).await;
    assert_eq!(status, 200);
    assert_eq!(body["total"], 8);
    for row in body["sessions"].as_array().unwrap() {
        let id = row["session"]["id"].as_str().unwrap();
        if id.starts_with("none") {
            assert_eq!(row["team"], Value::Null, "{id}");
        } else {
            assert_eq!(row["team"]["leader_agent"], Value::Null, "{id}");
            assert_eq!(row["team"]["members"].as_array().unwrap().len(), 1, "{id}");
            assert_eq!(row["team"]["members"][0]["agent"]["id"], "agent", "{id}");
        }
    }
}
