//! AgentScope's own lists decide which lists a session is on, not the session's record.

use agentscope_store::{Changes, ListKey};
use agentscope_tests::records::{World, agent, run, schedule, session, team, with};
use agentscope_tests::redis::lists;

use crate::redis::process::Ends;

const TIME: &str = "2026-01-01T00:00:00";

fn world() -> World {
    let listed = with(session("alice", "a", "listed", TIME), "/team_id", "t");
    World {
        agents: vec![agent("alice", "a")],
        sessions: vec![listed, run("alice", "a", "daily", "unlisted", "2026-01-02T00:00:00")],
        teams: vec![team("alice", "t", "unlisted", &["a"])],
        schedules: vec![schedule("alice", "daily")],
        ..World::default()
    }
}

/// The sessions on the agent's list, and those on the schedule's list.
async fn listed(ends: &Ends) -> (Vec<String>, Vec<String>) {
    let store = &ends.database.store;
    let of_agent = store.ids_of_list("alice", ListKey::Agent("a")).await.unwrap();
    (of_agent, store.ids_of_list("alice", ListKey::Schedule("daily")).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_on_no_list_is_found_by_its_id_alone() {
    let world = world();
    let ends = Ends::with(&world).await;
    for list in lists(&world.sessions[1]) {
        let _: () = ends.redis.send(&["SREM", &list, "unlisted"]);
    }
    ends.once().await;
    assert_eq!(listed(&ends).await, (vec!["listed".to_owned()], vec![]));
    // AgentScope finds the leader of a team in this way.
    let agents = ends
        .database
        .store
        .agents_of_sessions("alice", vec!["unlisted".to_owned()], &Changes::default())
        .await
        .unwrap();
    assert_eq!(agents["unlisted"], "a");
    // It is not the newest session of any agent.
    let newest = ends.database.store.newest_sessions("alice", vec!["a".to_owned()], &Changes::default()).await.unwrap();
    assert_eq!(newest["a"], "listed");
    let others = ["b", "c", "d"].map(str::to_owned);
    let members = [&["a".to_owned()][..], &others].concat();
    let (newest, _) = ends.database.store.newest_sessions_at_once("alice", members, &Changes::default()).await.unwrap();
    assert_eq!(newest["a"], "listed");
    // A session that is added to a list is found there.
    let _: () = ends.redis.send(&["SADD", "agentscope:user:alice:agent:a:sessions", "unlisted"]);
    let summary = ends.once().await;
    assert!(summary.contains("1 written"), "{summary}");
    assert_eq!(listed(&ends).await, (vec!["unlisted".to_owned(), "listed".to_owned()], vec![]));
    ends.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_comes_to_its_lists_late_is_followed_there() {
    let mut world = world();
    let late = world.sessions.remove(1);
    let ends = Ends::with(&world).await;
    let follower = ends.follow(&["--configure"]);
    ends.settle().await;
    // As AgentScope does it, with a delay in between.
    let key = agentscope_tests::redis::key("session", &late);
    let _: () = ends.redis.send(&["SET", &key, &late.to_string()]);
    let store = &ends.database.store;
    let is_there = async || {
        let ids = vec!["unlisted".to_owned()];
        !store.agents_of_sessions("alice", ids, &Changes::default()).await.unwrap().is_empty()
    };
    ends.until("the session is there", is_there).await;
    assert_eq!(listed(&ends).await, (vec!["listed".to_owned()], vec![]));
    for list in lists(&late) {
        let _: () = ends.redis.send(&["SADD", &list, "unlisted"]);
    }
    let both = async || listed(&ends).await.0.len() == 2 && listed(&ends).await.1.len() == 1;
    ends.until("it is on both lists", both).await;
    follower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_list_is_followed() {
    let ids = ["s0", "s1", "s2", "s3", "s4"];
    let sessions = ids.map(|id| run("alice", "a", "daily", id, TIME)).to_vec();
    let world = World {
        agents: vec![agent("alice", "a"), agent("alice", "b")],
        sessions,
        schedules: vec![schedule("alice", "daily")],
        ..World::default()
    };
    let ends = Ends::with(&world).await;
    let follower = ends.follow(&["--configure"]);
    ends.settle().await;
    let list = "agentscope:user:alice:agent:a:sessions";
    let of_schedule = "agentscope:user:alice:schedule:daily:sessions";
    let is = |agent: usize, schedule: usize| {
        let ends = &ends;
        move || async move {
            let (of_agent, of_schedule) = listed(ends).await;
            (of_agent.len(), of_schedule.len()) == (agent, schedule)
        }
    };
    let all = ["s0", "s1", "s2", "s3", "s4"];
    let steps: [&[&str]; 12] = [
        &["SREM", list, "s0"],
        &["SREM", of_schedule, "s0", "s1"],
        &["SPOP", list],
        &["SMOVE", of_schedule, "elsewhere", "s4"],
        &["SUNIONSTORE", list, list, of_schedule],
        &["SDIFFSTORE", of_schedule, list, of_schedule],
        &["RENAME", list, "kept"],
        &["RENAME", "kept", list],
        &["DEL", of_schedule],
        &[&["SADD", of_schedule], &all[..]].concat(),
        &["UNLINK", list],
        &[&["SADD", list, "no-such-session"], &all[..]].concat(),
    ];
    for command in steps {
        let _: redis::Value = ends.redis.send(command);
        let left = |list: &str| ends.redis.send::<Vec<String>>(&["SMEMBERS", list]);
        let count = |list: &str| left(list).iter().filter(|id| *id != "no-such-session").count();
        let (agent, schedule) = (count(list), count(of_schedule));
        ends.until(&format!("{command:?} is followed"), is(agent, schedule)).await;
    }
    // A list that expires.
    let _: () = ends.redis.send(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]);
    let _: () = ends.redis.send(&["PEXPIRE", list, "1500"]);
    ends.until("the list has ended", is(0, 5)).await;
    ends.settle().await;
    let log = follower.stop().await;
    assert!(!log.contains("could not be brought up to date"), "{log}");
}
