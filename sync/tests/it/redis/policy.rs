//! The role in `ecs.yaml` allows exactly the calls that the process makes.

use agentscope_tests::policy::{allowed, needed};
use agentscope_tests::proxy::DynamoDbProxy;
use agentscope_tests::records::{World, agent, noise, run, schedule, session, team, with};
use agentscope_tests::redis::{key, lists, lock};
use agentscope_tests::template::Template;

use crate::redis::process::Ends;

const TIME: &str = "2026-01-01T00:00:00";

#[tokio::test(flavor = "multi_thread")]
async fn the_role_allows_what_the_process_does_and_nothing_else() {
    let large = with(session("alice", "a", "large", TIME), "/state/summary", noise(1, 900_000));
    let world = World {
        agents: vec![agent("alice", "a")],
        sessions: vec![run("alice", "a", "daily", "small", TIME), large],
        teams: vec![team("alice", "t", "small", &["a"])],
        schedules: vec![schedule("alice", "daily")],
        running: vec!["small".into()],
    };
    let mut ends = Ends::with(&world).await;
    let proxy = DynamoDbProxy::recording(&ends.database.url).await;
    ends.url = Some(proxy.url.clone());
    let follower = ends.follow(&["--configure"]);
    ends.settle().await;
    let changed = with(world.sessions[1].clone(), "/state/summary", noise(2, 900_000));
    ends.redis.put(&World { sessions: vec![changed.clone()], ..World::default() });
    let _: () = ends.redis.send(&["DEL", &lock("small")]);
    ends.settle().await;
    let small = &world.sessions[0]["id"];
    for list in lists(&world.sessions[0]) {
        let _: () = ends.redis.send(&["SREM", &list, small.as_str().unwrap()]);
    }
    ends.settle().await;
    for session in &world.sessions {
        ends.redis.delete_session(session);
    }
    for (kind, record) in [("agent", &world.agents[0]), ("team", &world.teams[0]), ("schedule", &world.schedules[0])] {
        let _: () = ends.redis.send(&["DEL", &key(kind, record)]);
    }
    ends.settle().await;
    follower.stop().await;
    assert_eq!(needed(&proxy.calls(), ends.database.store.names()), allowed(&Template::sync(&[]), "TaskRole"));
}
