//! Every kind of change that is visible in a response changes the entity tag.

use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{agent, noise, session, team, with};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use crate::caching::change::Change;
use crate::caching::world::{chat, database, lists, time};
use crate::requests::{send_conditional, tagged, with_query};

/// Which of the lists show a change: both, `/sessions/` alone, or neither.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    Everywhere,
    WithTeams,
    Nowhere,
}

/// Every way to request the lists. The first of each is the one of which a change says whether it
/// is shown.
fn ways() -> [Vec<HttpRequest>; 2] {
    let queries = ["", "view=summary", "limit=3&count=1"];
    lists().map(|list| queries.iter().map(|query| with_query(&list, query)).collect())
}

/// Makes the changes one after the other. Each shows where it should, and wherever it does the tag
/// is another.
async fn change_the_tag(changes: Vec<(&str, Shown, Change)>) {
    let database = database().await;
    let store = &database.store;
    let [sessions, runs] = ways();
    let mut known = Vec::new();
    for request in sessions.iter().chain(&runs) {
        known.push(tagged(store, request).await);
    }
    for (name, shown, change) in changes {
        change.make(&database).await;
        for (place, request) in sessions.iter().chain(&runs).enumerate() {
            let about = format!("{name}: {request:?}");
            let (tag, body) = tagged(store, request).await;
            let (old_tag, old_body) = &known[place];
            let is_sessions = place < sessions.len();
            if place % sessions.len() == 0 {
                let expected = shown == Shown::Everywhere || shown == Shown::WithTeams && is_sessions;
                assert_eq!(body != *old_body, expected, "{about}");
            }
            let again = send_conditional(store, request, old_tag).await;
            if body != *old_body {
                assert_ne!(tag, *old_tag, "{about}");
                assert!(again.status() == 200 && *again.body() == body, "{about}: {}", again.status());
            }
            assert_eq!(again.status() == 304, tag == *old_tag, "{about}");
            assert_eq!(send_conditional(store, request, &tag).await.status(), 304, "{about}");
            known[place] = (tag, body);
        }
    }
}

#[tokio::test]
async fn every_field_of_a_session_counts() {
    let call = |state: &str| {
        let call = json!({ "type": "tool_call", "id": "c", "name": "t", "input": "{}", "state": state });
        json!([{ "name": "n", "role": "assistant", "content": [call], "id": "i", "created_at": "" }])
    };
    let mut record = chat(3);
    let mut changes = Vec::new();
    for (place, value) in [
        ("/updated_at", json!("2026-02-01T00:00:00")),
        // The same instant, but not the same text.
        ("/updated_at", json!("2026-02-01T00:00:00Z")),
        ("/created_at", json!("2026-01-01T00:00:00.5")),
        ("/created_at", json!("2026-01-01T00:00:00.500000Z")),
        ("/source", json!("user")),
        ("/team_id", json!("ours")),
        ("/team_id", json!("none")),
        ("/team_id", json!(null)),
        ("/config/name", json!("renamed")),
        ("/config/workspace_id", json!("moved")),
        ("/config/newer", json!("field")),
        ("/config/chat_model_config", json!({ "type": "t", "credential_id": "c", "model": "m", "parameters": {} })),
        ("/state/session_id", json!("another")),
        ("/state/reply_id", json!("reply")),
        ("/state/cur_iter", json!(1)),
        ("/state/summary", json!("summary")),
        ("/state/summary", json!(noise(7, 20_000))),
        ("/state/summary", json!(noise(8, 20_000))),
        ("/state/context", call("asking")),
        ("/state/context", call("submitted")),
        ("/state/context", call("finished")),
        ("/state/permission_context", json!({ "mode": "explore" })),
        ("/state/tool_context", json!({ "activated_groups": ["g"] })),
        (
            "/state/tasks_context",
            json!({ "tasks": [{ "subject": "s", "description": "", "metadata": {}, "created_at": "", "id": "" }] }),
        ),
        ("/state/newer", json!(1)),
        ("/state/newer", json!(1.0)),
        ("/newer", json!("field")),
        ("/newer", json!(noise(9, 600_000))),
        ("/newer", json!(noise(10, 600_000))),
    ] {
        record = with(record, place, value);
        changes.push((place, Shown::Everywhere, Change::Session(record.clone())));
    }
    changes.push((
        "/source_schedule_id",
        Shown::Everywhere,
        Change::Session(with(record.clone(), "/source_schedule_id", "t")),
    ));
    changes.push((
        "/agent_id",
        Shown::WithTeams,
        Change::Session(with(with(record, "/source_schedule_id", "t"), "/agent_id", "m1")),
    ));
    change_the_tag(changes).await;
}

#[tokio::test]
async fn sessions_that_come_and_go_count() {
    let new = |id, second| with(with(chat(3), "/id", id), "/created_at", time(second));
    change_the_tag(vec![
        ("a newest session", Shown::Everywhere, Change::Session(new("newest", 50))),
        ("an oldest session", Shown::Everywhere, Change::Session(new("oldest", 0))),
        ("one between", Shown::Everywhere, Change::Session(new("between", 1))),
        ("no oldest session", Shown::Everywhere, Change::NoSession("oldest")),
        ("no newest session", Shown::Everywhere, Change::NoSession("newest")),
        ("no session with parts", Shown::Everywhere, Change::NoSession("s0")),
        ("none that was not there", Shown::Nowhere, Change::NoSession("newest")),
        ("the newest again", Shown::Everywhere, Change::Session(new("newest", 50))),
        ("the last three", Shown::Everywhere, Change::NoSession("s1")),
        ("the last two", Shown::Everywhere, Change::NoSession("s2")),
        ("the last", Shown::Everywhere, Change::NoSession("s3")),
    ])
    .await;
}

#[tokio::test]
async fn whether_a_session_runs_counts() {
    const LATER: u64 = 4_000_000_000;
    change_the_tag(vec![
        ("taken", Shown::WithTeams, Change::Lease("s1", LATER)),
        ("renewed", Shown::Nowhere, Change::Lease("s1", LATER + 1)),
        ("another taken", Shown::WithTeams, Change::Lease("s0", LATER)),
        ("released", Shown::WithTeams, Change::NoLease("s1")),
        ("ended", Shown::WithTeams, Change::Lease("s0", 1_000_000_000)),
        ("taken again", Shown::WithTeams, Change::Lease("s0", LATER)),
        // Two sessions change places: as many run as before.
        ("released for another", Shown::WithTeams, Change::NoLease("s2")),
        ("taken for another", Shown::WithTeams, Change::Lease("s3", LATER)),
        ("of a session that is not listed", Shown::Nowhere, Change::Lease("m1 new", LATER)),
    ])
    .await;
}

#[tokio::test]
async fn teams_count() {
    let ours = |members: &[&str]| team("alice", "ours", "s0", members);
    change_the_tag(vec![
        ("renamed", Shown::WithTeams, Change::Team(with(ours(&["m1", "m2"]), "/data/name", "renamed"))),
        ("described", Shown::WithTeams, Change::Team(with(ours(&["m1", "m2"]), "/data/description", "described"))),
        ("updated", Shown::WithTeams, Change::Team(with(ours(&["m1", "m2"]), "/updated_at", "2026-02-01T00:00:00"))),
        ("a newer field", Shown::WithTeams, Change::Team(with(ours(&["m1", "m2"]), "/newer", "field"))),
        ("a newer field inside", Shown::WithTeams, Change::Team(with(ours(&["m1", "m2"]), "/data/newer", "field"))),
        ("other order", Shown::WithTeams, Change::Team(ours(&["m2", "m1"]))),
        ("a member less", Shown::WithTeams, Change::Team(ours(&["m2"]))),
        ("a member more", Shown::WithTeams, Change::Team(ours(&["m2", "m1"]))),
        ("a member twice", Shown::WithTeams, Change::Team(ours(&["m2", "m1", "m1"]))),
        ("the listed agent a member", Shown::WithTeams, Change::Team(ours(&["m2", "lead"]))),
        ("led by another session", Shown::WithTeams, Change::Team(team("alice", "ours", "of boss", &["m2"]))),
        ("led by none", Shown::WithTeams, Change::Team(team("alice", "ours", "nope", &["m2"]))),
        ("gone", Shown::WithTeams, Change::NoTeam("ours")),
        ("back", Shown::WithTeams, Change::Team(ours(&["m1", "m2"]))),
        ("another team", Shown::Nowhere, Change::Team(team("alice", "unseen", "s0", &["m1"]))),
    ])
    .await;
}

#[tokio::test]
async fn agents_of_teams_count() {
    change_the_tag(vec![
        ("a member's name", Shown::WithTeams, Change::Agent(with(agent("alice", "m1"), "/data/name", "renamed"))),
        (
            "a member's prompt",
            Shown::WithTeams,
            Change::Agent(with(agent("alice", "m2"), "/data/system_prompt", "new")),
        ),
        ("a member's source", Shown::WithTeams, Change::Agent(with(agent("alice", "m2"), "/source", "team"))),
        ("a member's newer field", Shown::WithTeams, Change::Agent(with(agent("alice", "m2"), "/newer", 1))),
        ("the listed agent", Shown::WithTeams, Change::Agent(with(agent("alice", "lead"), "/data/name", "renamed"))),
        ("a leader", Shown::WithTeams, Change::Agent(with(agent("alice", "boss"), "/data/name", "renamed"))),
        ("no member", Shown::WithTeams, Change::NoAgent("m2")),
        ("the member back", Shown::WithTeams, Change::Agent(agent("alice", "m2"))),
        ("no leader", Shown::WithTeams, Change::NoAgent("boss")),
        ("the leader back", Shown::WithTeams, Change::Agent(agent("alice", "boss"))),
        ("a member that was missing", Shown::WithTeams, Change::Agent(agent("alice", "gone"))),
        ("an agent of no team", Shown::Nowhere, Change::Agent(with(agent("alice", "idle"), "/data/name", "renamed"))),
    ])
    .await;
}

#[tokio::test]
async fn sessions_of_other_agents_count_where_teams_show_them() {
    let of = |agent_id, id, second| session("alice", agent_id, id, &time(second));
    change_the_tag(vec![
        ("a member's newest", Shown::WithTeams, Change::Session(of("m1", "m1 newest", 40))),
        ("a member's oldest", Shown::Nowhere, Change::Session(of("m1", "m1 oldest", 0))),
        ("the newest gone", Shown::WithTeams, Change::NoSession("m1 newest")),
        ("the only one gone", Shown::WithTeams, Change::NoSession("of m2")),
        ("the only one back", Shown::WithTeams, Change::Session(of("m2", "of m2", 0))),
        (
            "what a member's session says",
            Shown::Nowhere,
            Change::Session(with(of("m2", "of m2", 0), "/config/name", "x")),
        ),
        ("the leading session of another agent", Shown::WithTeams, Change::Session(of("m2", "of boss", 0))),
        ("the leading session gone", Shown::WithTeams, Change::NoSession("of boss")),
        ("a session of an agent of no team", Shown::Nowhere, Change::Session(of("idle", "idle", 0))),
    ])
    .await;
}

/// Two users whose sessions have the same ids, and even the same versions, as where a table was
/// copied.
#[tokio::test]
async fn whose_list_it_is_counts() {
    let database = database().await;
    for table in [&database.store.names().sessions, &database.store.names().agents, &database.store.names().schedules] {
        let items = database.client.scan().table_name(table).send().await.unwrap().items.unwrap();
        for mut item in items {
            item.insert("user_id".into(), AttributeValue::S("bobby".into()));
            if let Some(listing) =
                item.get("listing").map(|listing| listing.as_s().unwrap().replace("alice#", "bobby#"))
            {
                item.insert("listing".into(), AttributeValue::S(listing));
            }
            // A name of the same length, so that all places in the JSON stay.
            if let Some(json) = item.get("json").map(|json| json.as_s().unwrap().replace(r#""alice""#, r#""bobby""#)) {
                item.insert("json".into(), AttributeValue::S(json));
            }
            database.client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
        }
    }
    for request in ways().concat() {
        let mut of_bob = request.clone();
        of_bob.headers[0].1 = "bobby".into();
        let ((tag, body), (bobs_tag, bobs_body)) =
            (tagged(&database.store, &request).await, tagged(&database.store, &of_bob).await);
        assert_ne!(body, bobs_body);
        assert_ne!(tag, bobs_tag);
        assert_eq!(send_conditional(&database.store, &of_bob, &tag).await.status(), 200);
    }
}
