//! Servers that refuse commands or are not supported: the log names what is missing.

use std::time::Duration;

use agentscope_store::ListKey;
use agentscope_tests::records::{World, agent, session, with};
use agentscope_tests::redis::{TestRedis, key};

use crate::redis::process::{Ends, free_address, health};

const TIME: &str = "2026-01-01T00:00:00";

fn world() -> World {
    World { agents: vec![agent("alice", "a")], sessions: vec![session("alice", "a", "s", TIME)], ..World::default() }
}

/// Checks that reconciliation copies everything, and a change, without a subscription.
async fn by_comparison(ends: &mut Ends, url: &str) -> String {
    let own = std::mem::replace(&mut ends.redis.url, url.to_owned());
    let address = free_address();
    let follower = ends.follow(&["--reconcile-seconds", "1", "--listen", &address]);
    ends.redis.url = own;
    let mode = async || {
        let health = health(&address).await.unwrap_or_default();
        health["phase"] == "following" && health["mode"] == "comparison only"
    };
    ends.until("it compares", mode).await;
    let renamed = with(world().agents[0].clone(), "/data/name", "renamed");
    ends.redis.put(&World { agents: vec![renamed], ..World::default() });
    ends.settle().await;
    let log = follower.stop().await;
    let said = log.lines().filter(|line| line.contains("only reconciliations find changes")).collect::<Vec<_>>();
    assert!(said.len() == 1 && said[0].contains("&*") && said[0].contains("__keyspace@0__:agentscope"), "{log}");
    assert!(!log.contains("the connection to Redis is lost"), "{log}");
    log
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_channels_is_served_by_comparison() {
    let mut ends = Ends::with(&world()).await;
    let _: () = ends.redis.send(&["ACL", "SETUSER", "limited", "on", ">pw", "~*", "resetchannels", "+@all"]);
    let url = ends.redis.url.replace("redis://", "redis://limited:pw@");
    by_comparison(&mut ends, &url).await;
    // The command is refused.
    let _: () = ends.redis.send(&["ACL", "SETUSER", "limited", "&*", "-psubscribe"]);
    ends.redis.put(&world());
    by_comparison(&mut ends, &url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_subscriptions_is_served_by_comparison() {
    let mut ends = Ends::with(&World::default()).await;
    ends.redis = TestRedis::start_with(&["--rename-command", "PSUBSCRIBE", ""]);
    ends.redis.put(&world());
    let url = ends.redis.url.clone();
    by_comparison(&mut ends, &url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_notifications_the_mode_says_so() {
    let ends = Ends::with(&world()).await;
    let address = free_address();
    let follower = ends.follow(&["--configure", "--listen", &address]);
    let mode = async || health(&address).await.is_some_and(|health| health["mode"] == "notifications");
    ends.until("it is notified", mode).await;
    follower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_may_do_no_more_than_before_is_followed_still() {
    let mut ends = Ends::with(&world()).await;
    let rules = "~* resetchannels &* -@all +scan +get +strlen +exists +pttl +sismember +psubscribe +ping +config|get";
    let rules: Vec<_> = ["ACL", "SETUSER", "limited", "on", ">pw"].into_iter().chain(rules.split(' ')).collect();
    let _: () = ends.redis.send(&rules);
    let _: () = ends.redis.send(&["CONFIG", "SET", "notify-keyspace-events", "AK"]);
    let own = ends.redis.url.clone();
    ends.redis.url = own.replace("redis://", "redis://limited:pw@");
    let follower = ends.follow(&[]);
    ends.settle().await;
    ends.redis.url = own;
    let _: () = ends.redis.send(&["HSET", "agentscope:user:alice:agent:hash", "x", "1"]);
    let _: () = ends.redis.send(&["SREM", "agentscope:user:alice:agent:a:sessions", "s"]);
    ends.until("the list is followed", async || {
        ends.database.store.ids_of_list("alice", ListKey::Agent("a")).await.unwrap().is_empty()
    })
    .await;
    let log = follower.stop().await;
    for grant in ["+time", "+smembers"] {
        assert_eq!(log.lines().filter(|line| line.contains(grant)).count(), 1, "{grant}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_plainly() {
    let mut ends = Ends::with(&world()).await;
    let _: () = ends.redis.send(&["ACL", "SETUSER", "limited", "on", ">pw", "~*", "&*", "+@all"]);
    let plain = ends.redis.url.clone();
    ends.redis.url = plain.replace("redis://", "redis://limited:hunter2@");
    let (code, _, log) = ends.run(&["redis", "--once"]).await;
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("Redis refused the user or the password") && !log.contains("hunter2"), "{log}");
    ends.redis.url = plain.clone();
    let _: () = ends.redis.send(&["CONFIG", "SET", "requirepass", "secret"]);
    let (code, _, log) = ends.run(&["redis", "--once"]).await;
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("requires a user or a password"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_a_cluster_is_refused_with_its_name() {
    let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
    let mut nodes = [TestRedis::start_with(&options), TestRedis::start_with(&options)];
    for (node, slots) in nodes.iter().zip([("0", "8191"), ("8192", "16383")]) {
        let slots: Vec<_> =
            (slots.0.parse::<u32>().unwrap()..=slots.1.parse().unwrap()).map(|n| n.to_string()).collect();
        let mut command = vec!["CLUSTER", "ADDSLOTS"];
        command.extend(slots.iter().map(String::as_str));
        let _: () = node.send(&command);
    }
    let _: () = nodes[0].send(&["CLUSTER", "MEET", "127.0.0.1", &nodes[1].port().to_string()]);
    let mut ends = Ends::with(&World::default()).await;
    // A node that is joining may know all slots before it counts the shards. It is refused, too.
    let begun = std::time::Instant::now();
    while !nodes.iter().all(|node| node.send::<String>(&["CLUSTER", "INFO"]).contains("cluster_state:ok")) {
        assert!(begun.elapsed() < Duration::from_secs(120));
        std::mem::swap(&mut ends.redis, &mut nodes[1]);
        let (code, _, log) = ends.run(&["redis", "--once"]).await;
        std::mem::swap(&mut ends.redis, &mut nodes[1]);
        assert_eq!(code, Some(1), "{log}");
        assert!(log.contains("a node of a Redis Cluster"), "{log}");
    }
    for node in nodes {
        ends.redis = node;
        for (arguments, status) in [(&["redis", "--once"][..], 1), (&["verify"], 2)] {
            let (code, _, log) = ends.run(arguments).await;
            assert_eq!(code, Some(status), "{log}");
            assert!(log.contains("a node of a Redis Cluster with 2 shards"), "{log}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_one_shard_is_copied() {
    let mut ends = Ends::with(&World::default()).await;
    ends.redis = TestRedis::start_with(&["--cluster-enabled", "yes"]);
    let slots: Vec<_> = (0..16384).map(|slot| slot.to_string()).collect();
    let command: Vec<_> = ["CLUSTER", "ADDSLOTS"].into_iter().chain(slots.iter().map(String::as_str)).collect();
    let _: () = ends.redis.send(&command);
    let record = &world().agents[0];
    ends.until("the cluster serves", async || {
        let mut set = redis::cmd("SET");
        set.arg(key("agent", record)).arg(record.to_string());
        set.query::<()>(&mut ends.redis.connection()).is_ok()
    })
    .await;
    let summary = ends.once().await;
    assert!(summary.contains("1 written"), "{summary}");
}
