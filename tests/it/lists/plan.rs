//! The cost of a list: the number of requests, and how many are sequential.

use std::collections::{BTreeMap, BTreeSet};

use agentscope_store::Store;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::proxy::{Call, DynamoDbProxy, Recorded, depth, keys};
use agentscope_tests::records::{World, agent, noise, run, schedule, session, team, with};
use serde_json::{Value, json};

use crate::requests;

/// Compresses to over 8 KB, so that it lies in a part.
const ONE_PART: usize = 16 * 1024;
/// Compresses to over 392 KB, so that it lies in two.
const TWO_PARTS: usize = 600 * 1024;

/// The database by way of a proxy.
async fn recorded(world: &World) -> (Store, DynamoDbProxy) {
    let database = TestDynamoDb::with_export(&world.text()).await;
    let proxy = DynamoDbProxy::delaying(&database.url).await;
    (database.store_at(&proxy.url), proxy)
}

/// How many requests of each kind.
fn kinds(sent: &[Recorded]) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for request in sent {
        *kinds.entry(kind(request)).or_default() += 1;
    }
    kinds
}

fn kind(Recorded { call: Call { operation, input, .. }, .. }: &Recorded) -> String {
    let table = |name: &str| name.rsplit('-').next().unwrap().to_owned();
    let subject = match operation.as_str() {
        "Query" => match input["IndexName"].as_str() {
            Some(index) => index.to_owned(),
            None if input["ExpressionAttributeValues"][":last"]["S"] == "changed$" => "changes".to_owned(),
            None => "leases".to_owned(),
        },
        "BatchGetItem" => {
            let (name, request) = input["RequestItems"].as_object().unwrap().iter().next().unwrap();
            match table(name).as_str() {
                "sessions" if request["Keys"][0].to_string().contains("#state#") => "parts".into(),
                "sessions" if request["ExpressionAttributeNames"].to_string().contains("\"bulk\"") => "bulks".into(),
                "sessions" if request["ProjectionExpression"].is_string() => "agents of sessions".into(),
                "sessions" => "heads".into(),
                other => other.into(),
            }
        }
        _ => table(input["TableName"].as_str().unwrap()),
    };
    format!("{operation} {subject}")
}

fn assert_plan<const N: usize>(sent: &[Recorded], deepest: usize, expected: [(&str, usize); N]) {
    let expected: BTreeMap<_, _> = expected.map(|(kind, count)| (kind.to_owned(), count)).into();
    assert_eq!(kinds(sent), expected);
    let keys = keys(sent);
    let distinct: BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len(), "something was read twice");
    assert!(depth(sent) <= deepest, "{} requests one after the other", depth(sent));
}

/// 300 sessions of an agent and 12 teams of 5 members, each with a session of its own. The members
/// of different teams are different agents. Every team has two of the 300 sessions.
fn big_world() -> World {
    let mut world = World { agents: vec![agent("alice", "lead")], ..World::default() };
    for number in 0..300 {
        let time = format!("2026-01-01T{:02}:{:02}:00", number / 60, number % 60);
        let team_id = (number < 24).then(|| format!("team {}", number % 12));
        let summary = match number {
            // Half of them have teams.
            0..50 => noise(number, ONE_PART),
            50 => noise(number, TWO_PARTS),
            _ => "short".into(),
        };
        let chat = session("alice", "lead", &format!("chat {number}"), &time);
        world.sessions.push(with(with(chat, "/team_id", team_id), "/state/summary", summary));
    }
    for number in 0..12 {
        let members: Vec<_> = (0..5).map(|member| format!("member {number}.{member}")).collect();
        for id in &members {
            world.agents.push(agent("alice", id));
            world.sessions.push(session("alice", id, &format!("work of {id}"), "2026-01-01T00:00:00"));
        }
        // Nine teams are led by the agent's own sessions, two by those of agents outside, one by a
        // member's.
        let leading = match number {
            0..9 => format!("chat {number}"),
            9 | 10 => {
                let outside = format!("outside {number}");
                world.agents.push(agent("alice", &outside));
                world.sessions.push(session("alice", &outside, &outside, "2026-01-01T00:00:00"));
                outside
            }
            _ => format!("work of {}", members[0]),
        };
        let members: Vec<_> = members.iter().map(String::as_str).collect();
        world.teams.push(team("alice", &format!("team {number}"), &leading, &members));
    }
    world
}

#[tokio::test]
async fn sessions_with_teams_take_four_round_trips_whatever_their_number() {
    let (store, proxy) = recorded(&big_world()).await;
    let rows = requests::sessions(&store, "lead").await;
    let sent = proxy.take();
    assert_plan(
        &sent,
        4,
        [
            // First the agent, its sessions' rows (small enough for one page) and the leases.
            ("GetItem agents", 1),
            ("Query leases", 1),
            ("Query agent_id-index", 1),
            // In the third round the newest sessions of 12 × 5 members.
            ("Query user_id-index", 1),
            // Then the bulks of 249 heads, 100 at a time, 50 + 2 parts, 40 at a time, and 12 teams.
            ("BatchGetItem bulks", 3),
            ("BatchGetItem parts", 2),
            ("BatchGetItem teams", 1),
            // Then the three sessions that lead from outside the list.
            ("BatchGetItem agents of sessions", 1),
            // In the third round the 60 members, in the fourth the two leaders that are neither
            // members nor the agent.
            ("BatchGetItem agents", 1 + 1),
        ],
    );
    let parts = keys(&sent).iter().filter(|key| key.contains("#state#")).count();
    assert_eq!(parts, 50 + 2);

    // And it was all there.
    assert_eq!(rows.len(), 300);
    for (index, row) in rows.iter().enumerate() {
        let number = 299 - index;
        assert_eq!(row["session"]["id"], format!("chat {number}"));
        let length = if number < 50 {
            ONE_PART
        } else if number == 50 {
            TWO_PARTS
        } else {
            "short".len()
        };
        assert_eq!(row["session"]["state"]["summary"].as_str().unwrap().len(), length);
        if number >= 24 {
            assert_eq!(row["team"], Value::Null);
            continue;
        }
        let leader = match number % 12 {
            0..9 => "lead",
            9 => "outside 9",
            10 => "outside 10",
            _ => "member 11.0",
        };
        assert_eq!(row["team"]["leader_agent"]["id"], leader);
        let members = row["team"]["members"].as_array().unwrap();
        assert_eq!(members.len(), 5);
        for (place, member) in members.iter().enumerate() {
            let id = format!("member {}.{place}", number % 12);
            assert_eq!((&member["agent"]["id"], &member["session_id"]), (&json!(id), &json!(format!("work of {id}"))));
        }
    }
}

#[tokio::test]
async fn a_page_of_sessions_with_one_team_takes_three_round_trips() {
    let mut world = World { agents: vec![agent("alice", "lead")], ..World::default() };
    for number in 0..30 {
        let chat = session("alice", "lead", &format!("chat {number}"), "2026-01-01T00:00:00");
        world.sessions.push(with(chat, "/team_id", "team"));
    }
    let members = ["a", "b", "c", "d", "lead"];
    world.agents.extend(members.map(|id| agent("alice", id)).into_iter().take(4));
    world.teams.push(team("alice", "team", "chat 0", &members));
    let (store, proxy) = recorded(&world).await;
    assert_eq!(requests::sessions(&store, "lead").await.len(), 30);
    // All states are small and the agent leads the team itself: no parts, no other leading
    // session, no fourth round.
    assert_plan(
        &proxy.take(),
        3,
        [
            ("GetItem agents", 1),
            ("Query leases", 1),
            // The newest sessions of the four members that are not the agent itself.
            ("Query agent_id-index", 1),
            ("Query user_id-index", 1),
            ("BatchGetItem bulks", 1),
            ("BatchGetItem teams", 1),
            ("BatchGetItem agents", 1),
        ],
    );
}

/// The newest sessions of a few members are requested one by one; those of more members among the
/// user's newest sessions, and one by one where they are not among these.
#[tokio::test]
async fn members_whose_sessions_are_old_are_found_without_another_round_trip() {
    for (members, at_once, one_by_one) in [(3, 0, 3), (4, 1, 4)] {
        let mut world = World { agents: vec![agent("alice", "lead")], ..World::default() };
        for number in 0..100 {
            let time = format!("2026-01-01T{:02}:{:02}:00", number / 60, number % 60);
            world.sessions.push(with(session("alice", "lead", &format!("chat {number}"), &time), "/team_id", "team"));
        }
        let ids: Vec<_> = (0..members).map(|number| format!("member {number}")).collect();
        for id in &ids {
            world.agents.push(agent("alice", id));
            world.sessions.push(session("alice", id, &format!("older work of {id}"), "2024-01-01T00:00:00"));
            world.sessions.push(session("alice", id, &format!("work of {id}"), "2025-01-01T00:00:00"));
        }
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        world.teams.push(team("alice", "team", "chat 0", &ids));
        let (store, proxy) = recorded(&world).await;
        let rows = requests::sessions(&store, "lead").await;
        for (member, id) in rows[0]["team"]["members"].as_array().unwrap().iter().zip(ids) {
            assert_eq!(member["session_id"], format!("work of {id}"));
        }
        let sent = proxy.take();
        let kinds = kinds(&sent);
        assert_eq!(kinds.get("Query user_id-index").copied().unwrap_or_default(), at_once, "{kinds:?}");
        assert_eq!(kinds["Query agent_id-index"], 1 + one_by_one, "{kinds:?}");
        assert!(depth(&sent) <= 4, "{} requests one after the other", depth(&sent));
    }
}

#[tokio::test]
async fn an_agent_without_sessions_takes_one_round_trip_whether_it_exists_or_not() {
    let world = World { agents: vec![agent("alice", "lead")], ..World::default() };
    let (store, proxy) = recorded(&world).await;
    assert_eq!(requests::sessions(&store, "lead").await.len(), 0);
    assert_plan(&proxy.take(), 1, [("GetItem agents", 1), ("Query leases", 1), ("Query agent_id-index", 1)]);
}

#[tokio::test]
async fn runs_of_a_schedule_take_two_round_trips_whatever_their_number() {
    let mut world = World { schedules: vec![schedule("alice", "schedule")], ..World::default() };
    for number in 0..300 {
        let time = format!("2026-01-01T{:02}:{:02}:00", number / 60, number % 60);
        let run = run("alice", &format!("agent {}", number % 7), "schedule", &format!("run {number}"), &time);
        let summary = if number < 50 { noise(number, ONE_PART) } else { "short".into() };
        // Teams are not shown here, so they are not read either.
        world.sessions.push(with(with(run, "/team_id", "team"), "/state/summary", summary));
    }
    world.teams.push(team("alice", "team", "run 0", &["agent 0"]));
    let (store, proxy) = recorded(&world).await;
    let expected: Vec<_> = (0..300).rev().map(|number| format!("run {number}")).collect();
    assert_eq!(requests::run_ids(&store, "schedule").await, expected);
    assert_plan(
        &proxy.take(),
        2,
        [
            // First the schedule, its runs' rows and the latest changes.
            ("GetItem schedules", 1),
            ("Query source_schedule_id-index", 1),
            ("Query changes", 1),
            // Then the bulks of 250 heads, 100 at a time, and 50 parts, 40 at a time.
            ("BatchGetItem bulks", 3),
            ("BatchGetItem parts", 2),
        ],
    );
}
