//! Loads exports with `agentscope-sync load`.

mod command;
mod files;

use std::collections::HashMap;
use std::path::PathBuf;

use agentscope_store::{ListKey, keys};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::golden::world;
use agentscope_tests::records::{World, agent, schedule, session, team};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use self::command::Load;
use self::files::small;

fn contract() -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/contract/world.json.gz").display().to_string()
}

async fn items(database: &TestDynamoDb) -> usize {
    let mut count = 0;
    for table in database.store.names().definitions() {
        let mut start = None;
        loop {
            let page =
                database.client.scan().table_name(&table.name).set_exclusive_start_key(start).send().await.unwrap();
            let is_mark = |item: &HashMap<String, AttributeValue>| {
                item.get("item").is_some_and(|key| key.as_s().unwrap().starts_with(keys::CHANGE_PREFIX))
            };
            count += page.items().iter().filter(|item| !is_mark(item)).count();
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_loaded_plain_or_gzipped_and_twice_is_as_once() {
    let database = TestDynamoDb::start().await;
    let (code, summary, errors) = Load::new(&[&contract()]).into(&database).run();
    assert_eq!(code, Some(0), "{errors}");
    // One running id names two sessions, and another names none.
    assert!(summary.contains("108 agents, 320 sessions, 30 teams, 32 schedules"), "{summary}");
    assert!(errors.contains(r#"running "no-such-session""#), "{errors}");
    let once = items(&database).await;
    assert!(once > 490);

    let (code, again, errors) = Load::new(&["-"]).into(&database).input(world()).run();
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(again.replace("-:", ""), summary.replace(&format!("{}:", contract()), ""));
    assert_eq!(items(&database).await, once);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_does_not_fit_is_named_and_the_others_are_loaded() {
    let database = TestDynamoDb::start().await;
    let mut broken = session("alice", "a", "broken", "2026-01-01T00:00:00");
    broken["state"]["context"] = json!([
        { "name": "alice", "role": "user", "content": [] },
        { "name": "agent", "role": "assistant", "content": [{ "type": "tool_call", "id": "1", "name": "Bash" }] },
    ]);
    let mut nameless = agent("alice", "nameless");
    nameless["data"].as_object_mut().unwrap().remove("name");
    let world = World {
        agents: vec![agent("alice", "a"), nameless],
        sessions: vec![
            session("alice", "a", "good", "2026-01-01T00:00:00"),
            broken,
            session("alice", "a", "late", "yesterday"),
            session("alice", "a", "", "2026-01-01T00:00:00"),
            session("alice", "a", &"x".repeat(2000), "2026-01-01T00:00:00"),
        ],
        teams: vec![team("alice", "t", "good", &["a"]), json!("no team")],
        schedules: vec![schedule("alice", "s"), json!({ "id": "empty" })],
        running: vec!["good".into()],
    };
    let (code, summary, errors) = Load::new(&["-"]).into(&database).input(world.text()).run();
    assert_eq!(code, Some(1));
    assert!(summary.contains("1 agents, 1 sessions, 1 teams, 1 schedules, 1 running; 7 problems"), "{summary}");
    for expected in [
        r#"agents[1] (id "nameless"): data: missing field `name`"#,
        r#"sessions[1] (id "broken"): state.context[1].content[0]: missing field `input`"#,
        r#"sessions[2] (id "late"): created_at: invalid type: a string, expected a date and time in ISO 8601"#,
        r#"sessions[3] (id ""): id: it is empty"#,
        r#"sessions[4] (id "xxx"#,
        r"teams[1] (no id): .: invalid type: a string, expected an object",
        r#"schedules[1] (id "empty"): .: missing field `user_id`"#,
    ] {
        assert!(errors.contains(expected), "{expected} is not in {errors}");
    }
    assert!(database.store.agent("alice", "a").await.unwrap().is_some());
    assert_eq!(database.store.ids_of_list("alice", ListKey::Agent("a")).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_with_numbers_that_are_not_finite_is_loaded_and_named() {
    let database = TestDynamoDb::start().await;
    let mut odd = session("alice", "a", "odd", "2026-01-01T00:00:00");
    odd["state"]["tool_context"] = json!({ "max_cache_bytes": "Infinity", "activated_groups": ["NaN"] });
    odd["config"]["chat_model_config"] = json!({
        "type": "t", "credential_id": "c", "model": "m", "parameters": { "a": "NaN", "b": ["-Infinity", "1e400"] },
    });
    let mut beyond = session("alice", "a", "beyond", "2026-01-01T00:00:00");
    beyond["state"]["tool_context"] = json!({ "max_cache_bytes": "NaN" });
    let mut text = World {
        agents: vec![agent("alice", "a")],
        sessions: vec![odd, beyond, session("alice", "a", "NaN", "2026-01-01T00:00:00")],
        ..World::default()
    }
    .text();
    // Python writes these numbers without quotes. In a list of strings and as an id, they are
    // strings.
    for bare in [
        r#""max_cache_bytes":"Infinity""#,
        r#""a":"NaN""#,
        r#""b":["-Infinity","1e400"]"#,
        r#""max_cache_bytes":"NaN""#,
    ] {
        assert_eq!(text.matches(bare).count(), 1, "{text}");
        let (key, value) = bare.split_once(':').unwrap();
        text = text.replace(bare, &format!("{key}:{}", value.replace('"', "")));
    }
    let (code, summary, errors) = Load::new(&["-"]).into(&database).input(text).run();
    assert_eq!(code, Some(0), "{errors}");
    assert!(summary.contains("1 agents, 3 sessions"), "{summary} {errors}");
    assert!(errors.contains(r#"sessions[0] (id "odd"): 4 numbers are not finite"#), "{errors}");
    assert!(errors.contains(r#"sessions[1] (id "beyond"): state.tool_context.max_cache_bytes"#), "{errors}");
    let sessions = database.sessions(ListKey::Agent("a")).await;
    let json = |id: &str| {
        let mut json = Vec::new();
        sessions.iter().find(|session| session.head.id == id).unwrap().append_json(&mut json).unwrap();
        String::from_utf8(json).unwrap()
    };
    assert!(json("odd").contains(r#""parameters":{"a":null,"b":[null,null]}"#), "{}", json("odd"));
    for id in ["odd", "beyond"] {
        assert!(json(id).contains(r#""max_cache_bytes":null"#), "{}", json(id));
    }
    assert!(!errors.contains("sessions[2]"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_writes_nothing_and_asks_nobody() {
    let nobody = "http://127.0.0.1:1";
    let (code, summary, _) = Load::new(&["--check", "--endpoint-url", nobody, &contract()]).run();
    assert_eq!(code, Some(0));
    assert!(summary.contains("valid: 108 agents, 320 sessions"), "{summary}");
    let broken = World { agents: vec![json!({})], ..World::default() };
    let (code, _, errors) = Load::new(&["--check", "-"]).input(broken.text()).run();
    assert_eq!(code, Some(1));
    assert!(errors.contains("agents[0] (no id): .: missing field `user_id`"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn running_sessions_get_leases_that_a_later_load_gives_back() {
    let database = TestDynamoDb::start().await;
    let mut world = World {
        agents: vec![agent("alice", "a"), agent("bob", "a")],
        sessions: vec![
            session("alice", "a", "one", "2026-01-01T00:00:00"),
            session("alice", "a", "two", "2026-01-01T00:00:00"),
            session("bob", "a", "one", "2026-01-01T00:00:00"),
        ],
        running: vec!["one".into()],
        ..World::default()
    };
    let load = |world: &World| {
        let load = Load::new(&["--lease-seconds", "60", "-"]).into(&database).input(world.text());
        assert_eq!(load.run().0, Some(0));
    };
    load(&world);
    for user in ["alice", "bob"] {
        let leases = database.store.leases(user).await.unwrap();
        assert_eq!(leases.len(), 1);
        assert_eq!(leases[0].session_id, "one");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        assert!((now + 30..=now + 60).contains(&leases[0].expires_at));
    }
    world.running = vec!["two".into()];
    load(&world);
    assert_eq!(database.store.activity("alice").await.unwrap().running, ["two".to_owned()].into());
    assert!(database.store.activity("bob").await.unwrap().running.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_on_this_machine_is_reached_directly_where_there_is_a_proxy() {
    let database = TestDynamoDb::start().await;
    let mut load = Load::new(&["-"]).into(&database).input(small().text());
    load.variables = ["HTTP_PROXY", "https_proxy", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:9")).to_vec();
    let (code, summary, errors) = load.run();
    assert_eq!(code, Some(0), "{errors}");
    assert!(summary.contains("1 sessions"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_missing_ends_the_load() {
    let database = TestDynamoDb::start().await;
    let names = database.store.names();
    database.client.delete_table().table_name(&names.agents).send().await.unwrap();
    let world = World { agents: vec![agent("alice", "a")], ..World::default() };
    let (code, _, errors) = Load::new(&["-"]).into(&database).input(world.text()).run();
    assert_eq!(code, Some(1));
    assert!(errors.contains("ResourceNotFoundException"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_records_with_one_id_the_last_counts() {
    let database = TestDynamoDb::start().await;
    let mut last = agent("alice", "a");
    last["data"]["name"] = json!("the last");
    let world = World { agents: vec![agent("alice", "a"), agent("bob", "a"), last], ..World::default() };
    let (code, summary, errors) = Load::new(&["-"]).into(&database).input(world.text()).run();
    assert_eq!(code, Some(0));
    assert!(summary.contains("2 agents"), "{summary}");
    assert!(errors.contains(r#"agents[2] (id "a"): replaces agents[0]"#), "{errors}");
    let agent = database.store.agent("alice", "a").await.unwrap().unwrap();
    let record: Value = serde_json::from_str(&agent.json).unwrap();
    let data = &record["data"];
    assert_eq!(data["name"], "the last");
}
