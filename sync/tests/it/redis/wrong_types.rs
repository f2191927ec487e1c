//! Keys whose values have the wrong type are named in the log. AgentScope's other keys are not.

use agentscope_store::ListKey;
use agentscope_tests::proxy::DynamoDbProxy;
use agentscope_tests::records::{World, agent, run, schedule, session};
use serde_json::json;

use crate::redis::process::{Ends, free_address, health};

const TIME: &str = "2026-01-01T00:00:00";

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_another_kind_is_named_once_and_counted() {
    let world = World {
        agents: vec![agent("alice", "a")],
        sessions: vec![session("alice", "a", "s", TIME), run("alice", "a", "broken", "t", TIME)],
        schedules: vec![schedule("alice", "broken")],
        ..World::default()
    };
    let ends = Ends::with(&world).await;
    let wrong = [
        (&["HSET", "agentscope:user:alice:session:hash", "x", "1"][..], "a hash"),
        (&["RPUSH", "agentscope:user:alice:agent:list", "x"], "a list"),
        (&["SADD", "agentscope:user:alice:team:set", "x"], "a set"),
        (&["ZADD", "agentscope:user:alice:schedule:zset", "1", "x"], "a zset"),
        (&["XADD", "agentscope:user:alice:session:stream", "*", "x", "1"], "a stream"),
        (&["SET", "agentscope:user:alice:schedule:broken:sessions", "x"], "a string"),
    ];
    for (command, _) in wrong {
        let _: redis::Value = ends.redis.send(command);
    }
    let address = free_address();
    let follower = ends.follow(&["--configure", "--reconcile-seconds", "1", "--listen", &address]);
    let skipped = async || health(&address).await.is_some_and(|health| health["skipped"] == 6);
    ends.until("six keys are skipped", skipped).await;
    ends.until("the others are copied", async || {
        ends.database.store.ids_of_list("alice", ListKey::Agent("a")).await.unwrap().len() == 2
    })
    .await;
    // Long enough for two more reconciliations.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    // A corrected key no longer counts.
    let _: () = ends.redis.send(&["DEL", "agentscope:user:alice:team:set"]);
    let skipped = async || health(&address).await.is_some_and(|health| health["skipped"] == 5);
    ends.until("five keys are skipped", skipped).await;
    let log = follower.stop().await;
    for (command, kind) in wrong {
        let named = log.lines().filter(|line| line.contains(&format!("{:?}", command[1])) && line.contains("skipped"));
        let named: Vec<_> = named.collect();
        assert!(named.len() == 1 && named[0].contains(&format!("it holds {kind}")), "{command:?}: {named:?}");
    }
    let (code, differences, _) = ends.run(&["verify"]).await;
    assert_eq!((code, differences.matches("invalid: ").count()), (Some(1), 4), "{differences}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_keys_of_agentscope_cause_no_write_and_no_line() {
    let world = World {
        agents: vec![agent("alice", "a")],
        sessions: vec![session("alice", "a", "s", TIME)],
        ..World::default()
    };
    let mut ends = Ends::with(&world).await;
    ends.once().await;
    let put = || {
        for command in [
            &["RPUSH", "agentscope:user:alice:session:s:messages", "x"][..],
            &["SADD", "agentscope:user:alice:session:s:message_ids", "x"],
            &["EXPIRE", "agentscope:user:alice:session:s:message_ids", "100"],
            &["SADD", "agentscope:user:alice:agents", "a"],
            &["SADD", "agentscope:user:alice:teams", "t"],
            &["SADD", "agentscope:user:alice:schedules", "daily"],
            &["SADD", "agentscope:schedules", "daily"],
            &["HSET", "agentscope:user:alice:mcp_names", "x", "1"],
            &["HSET", "agentscope:user:alice:skill_names", "x", "1"],
        ] {
            let _: redis::Value = ends.redis.send(command);
        }
    };
    put();
    let proxy = DynamoDbProxy::recording(&ends.database.url).await;
    let address = free_address();
    let through = Ends { url: Some(proxy.url.clone()), ..ends };
    let follower = through.follow(&["--configure", "--reconcile-seconds", "1", "--listen", &address]);
    let is_well = async || health(&address).await.is_some_and(|health| health["phase"] == "following");
    through.until("it follows", is_well).await;
    ends = Ends { url: None, ..through };
    let put = || {
        for command in [
            &["RPUSH", "agentscope:user:alice:session:s:messages", "y"][..],
            &["SADD", "agentscope:user:alice:session:s:message_ids", "y"],
            &["SREM", "agentscope:user:alice:session:s:message_ids", "x"],
            &["DEL", "agentscope:user:alice:agents"],
        ] {
            let _: redis::Value = ends.redis.send(command);
        }
    };
    put();
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert_eq!(health(&address).await.unwrap()["skipped"], json!(0));
    let log = follower.stop().await;
    assert!(!log.contains("skipped a") && !log.contains("passed over a key"), "{log}");
    let calls = proxy.calls();
    let writes: Vec<_> = calls.iter().map(|call| call.operation.as_str()).collect();
    assert!(!writes.iter().any(|name| ["PutItem", "DeleteItem", "BatchWriteItem"].contains(name)), "{writes:?}");
}
