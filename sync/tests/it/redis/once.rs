//! After `--once`, the tables store what Redis stores and nothing else.

use std::collections::BTreeSet;

use agentscope_store::ListKey;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::golden::world;
use agentscope_tests::proxy::DynamoDbProxy;
use agentscope_tests::records::{World, agent, noise, run, schedule, session, team, with};
use agentscope_tests::redis::key;
use serde_json::{Value, json};

use crate::redis::process::{Ends, Item};

const TIME: &str = "2026-01-01T00:00:00";

/// Some records of each kind, whose users and ids contain separators of Redis keys.
fn some() -> World {
    let long = with(session("alice", "a", "long", TIME), "/state/summary", noise(1, 1 << 20));
    World {
        agents: vec![
            agent("alice", "a"),
            agent("alice:agent:b", "a"),
            agent("alice", "b:session:c"),
            agent("ü #%", "☃"),
        ],
        sessions: vec![
            session("alice", "a", "s", TIME),
            long,
            session("alice:agent:b", "a", "d", TIME),
            run("alice:session:x", "a", "daily", "s:session:s", TIME),
        ],
        teams: vec![team("alice", "t", "s", &["a"])],
        schedules: vec![schedule("alice:session:x", "daily")],
        running: vec!["s".into(), "no-such-session".into()],
    }
}

/// The items without the attributes that differ from write to write.
fn comparable(items: Vec<Item>) -> BTreeSet<String> {
    let text = |mut item: Item| {
        for name in ["version", "content_hash", "holder", "expires_at"] {
            item.remove(name);
        }
        if let Some(item) = item.get_mut("item") {
            // The key of a part contains the version.
            let key = item.as_s().unwrap().clone();
            if let Some((head, rest)) = key.split_once("#state#") {
                let number = rest.rsplit('#').next().unwrap();
                *item = aws_sdk_dynamodb::types::AttributeValue::S(format!("{head}#state#{number}"));
            }
        }
        format!("{item:?}")
    };
    items.into_iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_redis_holds_is_what_a_load_of_the_same_records_makes() {
    let export: Value = serde_json::from_str(&world()).unwrap();
    let list = |name: &str| export[name].as_array().unwrap().clone();
    let world = World {
        agents: list("agents"),
        sessions: list("sessions"),
        teams: list("teams"),
        schedules: list("schedules"),
        running: list("running").iter().map(|id| id.as_str().unwrap().to_owned()).collect(),
    };
    let mut ends = Ends::with(&world).await;
    let summary = ends.once().await;
    assert!(summary.starts_with("490 records: 490 written, 0 deleted, 0 unchanged, 0 skipped"), "{summary}");
    let followed = comparable(ends.items().await);
    ends.database = TestDynamoDb::with_export(&world.text()).await;
    assert_eq!(followed, comparable(ends.items().await));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_where_nothing_has_changed() {
    let mut ends = Ends::with(&some()).await;
    ends.once().await;
    let before = ends.items().await;
    let proxy = DynamoDbProxy::recording(&ends.database.url).await;
    ends.url = Some(proxy.url.clone());
    let summary = ends.once().await;
    assert!(
        summary.contains("10 records: 0 written, 0 deleted, 10 unchanged, 0 skipped; 0 leases set, 0 ended"),
        "{summary}"
    );
    let operations: BTreeSet<_> = proxy.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["BatchGetItem", "Scan"].map(str::to_owned).into());
    assert_eq!(before, ends.items().await);
    // With --rewrite, every record is written.
    let (code, summary, log) = ends.run(&["redis", "--once", "--rewrite"]).await;
    assert_eq!(code, Some(0), "{log}");
    assert!(summary.contains("10 written"), "{summary}");
    assert_eq!(comparable(before), comparable(ends.items().await));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_is_written_and_what_is_gone_is_deleted() {
    let mut world = some();
    let ends = Ends::with(&world).await;
    // Items that another program has written are deleted, too.
    let other = World {
        agents: vec![agent("mallory", "m")],
        sessions: vec![session("mallory", "m", "n", TIME)],
        ..World::default()
    };
    assert!(ends.database.load(&other.text()).await.problems.is_empty());
    ends.once().await;
    let gone = world.sessions.remove(1);
    ends.redis.delete_session(&gone);
    let _: () = ends.redis.send(&["DEL", &key("agent", &world.agents.remove(2)), "agentscope:session:lock:s"]);
    world.agents[0]["data"]["name"] = json!("another name");
    ends.redis.put(&World { agents: vec![world.agents[0].clone()], ..World::default() });
    let summary = ends.once().await;
    assert!(
        summary.contains("8 records: 1 written, 2 deleted, 7 unchanged, 0 skipped; 0 leases set, 1 ended"),
        "{summary}"
    );
    world.running.clear();
    let expected = TestDynamoDb::with_export(&world.text()).await;
    let expected = Ends { database: expected, ..Ends::with(&World::default()).await };
    assert_eq!(comparable(ends.items().await), comparable(expected.items().await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_does_not_fit_is_named_and_its_last_good_version_stays() {
    let world = some();
    let ends = Ends::with(&world).await;
    ends.once().await;
    let before = comparable(ends.items().await);
    let [agent_key, session_key] = [key("agent", &world.agents[0]), key("session", &world.sessions[0])];
    let violation = with(world.agents[0].clone(), "/data", json!({ "password": "hunter2" }));
    let _: () = ends.redis.send(&["SET", &agent_key, &violation.to_string()]);
    let _: () = ends.redis.send(&["SET", &session_key, "hunter2"]);
    // A record under the key of another one, a record without ids, and a value that is not a
    // string.
    let _: () = ends.redis.send(&["SET", "agentscope:user:alice:team:other", &world.teams[0].to_string()]);
    let _: () = ends.redis.send(&["SET", "agentscope:user:alice:schedule:none", "{}"]);
    let _: () = ends.redis.send(&["RPUSH", "agentscope:user:alice:schedule:list", "hunter2"]);
    for arguments in [&["redis", "--once"][..], &["redis", "--once", "--strict"]] {
        let (code, summary, log) = ends.run(arguments).await;
        assert_eq!(code, Some(1), "{summary}{log}");
        assert_eq!(summary.contains("5 skipped"), arguments.len() == 2, "{summary}");
        if arguments.len() == 2 {
            for (key, problem) in [
                (agent_key.as_str(), "data: missing field `name`"),
                (&session_key, "it is not the JSON of a record"),
                ("agentscope:user:alice:team:other", r#"the key is not that of its id \"t\" and user_id \"alice\""#),
                ("agentscope:user:alice:schedule:none", "missing field `id`"),
                ("agentscope:user:alice:schedule:list", "it holds a list"),
            ] {
                assert!(
                    log.lines().any(|line| line.contains(key) && line.contains(problem)),
                    "{key}: {problem} in {log}"
                );
            }
        }
        assert!(!log.contains("hunter2") && !summary.contains("hunter2"), "{log}");
    }
    assert_eq!(before, comparable(ends.items().await));
    ends.redis.put(&World { agents: vec![world.agents[0].clone()], ..World::default() });
    assert!(ends.run(&["redis", "--once"]).await.1.contains("4 skipped"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_redis_is_taken_for_a_mistake() {
    let ends = Ends::with(&some()).await;
    ends.once().await;
    let before = ends.items().await;
    let _: () = ends.redis.send(&["FLUSHALL"]);
    let _: () = ends.redis.send(&["SET", "somebody:else", "x"]);
    let (code, _, log) = ends.run(&["redis", "--once"]).await;
    assert_eq!(code, Some(1));
    assert!(log.contains("Redis has no AgentScope records") && log.contains("--allow-empty"), "{log}");
    assert_eq!(before, ends.items().await);
    let (code, summary, log) = ends.run(&["redis", "--once", "--allow-empty"]).await;
    assert_eq!(code, Some(0), "{log}");
    assert!(summary.contains("0 records: 0 written, 10 deleted"), "{summary}");
    assert_eq!(ends.items().await, Vec::<Item>::new());
    // Empty on both sides is valid.
    assert!(ends.once().await.contains("0 records: 0 written, 0 deleted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_may_have_other_names_and_another_database() {
    let ends = Ends::with(&World::default()).await;
    let mut connection = ends.redis.connection();
    redis::cmd("SELECT").arg(3).query::<()>(&mut connection).unwrap();
    let set = |connection: &mut redis::Connection, key: &str, text: &str| {
        redis::cmd("SET").arg(key).arg(text).query::<()>(connection).unwrap();
    };
    set(&mut connection, "x/alice/sessions/s", &session("alice", "a", "s", TIME).to_string());
    set(&mut connection, "x/alice/agents/a", &agent("alice", "a").to_string());
    set(&mut connection, "lock s", "token");
    redis::cmd("SADD").arg("x/alice/of/a").arg("s").query::<()>(&mut connection).unwrap();
    let arguments = [
        "redis",
        "--once",
        "--db",
        "3",
        "--session-key",
        "x/{user_id}/sessions/{session_id}",
        "--agent-key",
        "x/{user_id}/agents/{agent_id}",
        "--session-index-key",
        "x/{user_id}/of/{agent_id}",
        "--lock-key",
        "lock {sid}",
    ];
    let (code, summary, log) = ends.run(&arguments).await;
    assert_eq!(code, Some(0), "{log}");
    assert!(summary.contains("2 records: 2 written") && summary.contains("1 leases set"), "{summary}");
    assert_eq!(ends.database.store.ids_of_list("alice", ListKey::Agent("a")).await.unwrap().len(), 1);
    assert_eq!(ends.database.store.activity("alice").await.unwrap().running.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_reached_is_said_without_its_password() {
    let mut ends = Ends::with(&some()).await;
    let (code, _, log) = ends.run(&["redis", "--once", "--agent-key", "no template"]).await;
    assert_eq!(code, Some(2), "{log}");
    let database = ends.database.store.names().agents.clone();
    ends.database.client.delete_table().table_name(&database).send().await.unwrap();
    let (code, _, log) = ends.run(&["redis", "--once"]).await;
    assert_eq!(code, Some(1));
    assert!(log.contains("ResourceNotFoundException"), "{log}");
    for (url, said) in [
        ("redis://somebody:hunter2@127.0.0.1:1", "Redis at 127.0.0.1:1 cannot be reached"),
        ("http://somebody:hunter2@127.0.0.1", "the address of Redis is invalid"),
        ("hunter2", "the address of Redis is invalid"),
    ] {
        ends.redis.url = url.to_owned();
        for (command, status) in [(&["redis", "--once"][..], 1), (&["verify"], 2)] {
            let (code, _, log) = ends.run(command).await;
            assert_eq!(code, Some(status), "{log}");
            assert!(log.contains(said) && !log.contains("hunter2"), "{log}");
        }
    }
}
