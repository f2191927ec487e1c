//! Values that the set release does not know: they are listed as they came, and no list is lost
//! for them.

use agentscope_model::Release;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, run, schedule, team, with};
use serde_json::{Value, json};

use crate::requests::send;

/// A text that no release knows.
const NEWER: &str = "of_a_newer_release";

/// A session with something of every closed set, of a schedule and with a team.
fn session() -> Value {
    let rule = json!({ "tool_name": "Bash", "rule_content": null, "behavior": "allow", "source": "user" });
    let call = json!({ "type": "tool_call", "id": "", "name": "", "input": "", "suggested_rules": [rule] });
    let result = json!({ "type": "tool_result", "id": "", "name": "", "output": "" });
    let data = json!({ "type": "data", "id": "", "source": { "type": "base64", "data": "", "media_type": "" } });
    let message = json!({
        "name": "", "role": "user", "id": "", "created_at": "", "content": [call, result, data, { "type": "text", "text": "" }],
    });
    let session = run("alice", "a", "s", "x", "2026-01-01T00:00:00");
    let session = with(session, "/state/context", json!([message]));
    let session =
        with(session, "/state/permission_context", json!({ "mode": "default", "ask_rules": { "Bash": [rule] } }));
    let task =
        json!({ "subject": "", "description": "", "metadata": {}, "created_at": "", "id": "", "state": "pending" });
    let session = with(session, "/state/tasks_context", json!({ "tasks": [task] }));
    with(session, "/team_id", "t")
}

/// Both lists over a world with this session, agent and team.
async fn lists(release: Release, session: Value, agent: Value, team: Value) -> [String; 2] {
    let database = TestDynamoDb::start().await.of_release(release);
    let world = World {
        agents: vec![agent],
        teams: vec![team],
        schedules: vec![schedule("alice", "s")],
        sessions: vec![session],
        ..World::default()
    };
    let report = database.load(&world.text()).await;
    assert_eq!(report.problems, Vec::<String>::new(), "{release}");
    assert!(report.remarks.iter().any(|remark| remark.contains("does not know this value")), "{release}: {report:?}");
    assert!(report.remarks.iter().all(|remark| !remark.contains(NEWER)), "{release}: {report:?}");
    let mut bodies = Vec::new();
    for request in [HttpRequest::sessions("alice", "a"), HttpRequest::schedule_sessions("alice", "s")] {
        let response = send(&database.store, &request).await;
        assert_eq!(response.status(), 200, "{release}");
        bodies.push(response.into_body());
    }
    bodies.try_into().unwrap()
}

fn an_agent() -> Value {
    agent("alice", "a")
}

fn a_team() -> Value {
    team("alice", "t", "x", &[])
}

#[tokio::test]
async fn a_session_with_an_unknown_value_is_listed_with_it() {
    let content = "/state/context/0/content";
    let both = [
        "/state/context/0/role".to_owned(),
        format!("{content}/0/type"),
        format!("{content}/0/state"),
        format!("{content}/0/suggested_rules/0/behavior"),
        format!("{content}/1/state"),
        format!("{content}/2/source/type"),
        "/state/permission_context/mode".to_owned(),
        "/state/permission_context/ask_rules/Bash/0/behavior".to_owned(),
        "/state/tasks_context/tasks/0/state".to_owned(),
    ];
    let old = ["/source".to_owned()];
    let new = [
        "/state/context/0/finished_reason".to_owned(),
        "/state/context/0/error/type".to_owned(),
        "/origin/type".to_owned(),
    ];
    for (release, places) in
        [(Release::V2_0_1, [&both[..], &old].concat()), (Release::NEWEST, [&both[..], &new].concat())]
    {
        for place in places {
            let mut session = session();
            if place.starts_with("/origin") {
                session = with(session, "/origin", json!({ "schedule_id": "s" }));
            }
            if place.contains("/error/") {
                session = with(session, "/state/context/0/error", json!({ "message": "" }));
            }
            // A session whose origin is not known is on no schedule's list.
            let is_on_schedule = !place.starts_with("/origin");
            let [sessions, runs] = lists(release, with(session, &place, NEWER), an_agent(), a_team()).await;
            let is_trimmed = release.trims_sessions() && place.starts_with("/state/context");
            assert_eq!(sessions.contains(NEWER), !is_trimmed, "{release} {place}: {sessions}");
            assert_eq!(runs.contains(NEWER), is_on_schedule, "{release} {place}: {runs}");
        }
    }
}

#[tokio::test]
async fn an_agent_or_a_team_with_an_unknown_value_is_shown_with_it() {
    for (release, place) in [(Release::V2_0_1, "/source"), (Release::NEWEST, "/source")] {
        let [sessions, _] = lists(release, session(), with(an_agent(), place, NEWER), a_team()).await;
        assert!(sessions.contains(NEWER), "{release} {place}: {sessions}");
    }
    let ratio = with(an_agent(), "/data/context_config", json!({ "trigger_ratio": 0.97 }));
    let [sessions, _] = lists(Release::NEWEST, session(), ratio, a_team()).await;
    assert!(sessions.contains(r#""trigger_ratio":0.97"#), "{sessions}");
    let entry = json!([{ "owner_id": "alice", "agent_id": "a", "session_id": "x", "role": NEWER }]);
    let [sessions, _] = lists(Release::NEWEST, session(), an_agent(), with(a_team(), "/data/members", entry)).await;
    assert!(sessions.contains(NEWER) && sessions.contains(r#""members":[{"agent":"#), "{sessions}");
}

#[tokio::test]
async fn records_of_a_later_release_are_left_out_and_counted_together() {
    let database = TestDynamoDb::start().await.of_release(Release::V2_0_7);
    let later = with(session(), "/origin", json!({ "type": "user" }));
    let world = World {
        agents: vec![an_agent(), with(agent("alice", "b"), "/data/chat_config", json!({}))],
        sessions: vec![later, with(session(), "/id", "y")],
        ..World::default()
    };
    let report = database.load(&world.text()).await;
    assert_eq!(report.later, Some((2, Release::V2_0_10)));
    assert_eq!((report.agents, report.sessions, report.problems), (1, 1, Vec::new()));
}
