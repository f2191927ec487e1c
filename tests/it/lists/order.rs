//! The order of lists: newest first as instants, then by id.

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::records::{World, agent, run, schedule, session, team, with};

use crate::requests::{run_ids, session_ids, sessions};

/// An agent and a schedule, with these runs of both: ids and times.
async fn with_runs(runs: &[(&str, &str)]) -> TestDynamoDb {
    let world = World {
        agents: vec![agent("alice", "agent")],
        schedules: vec![schedule("alice", "schedule")],
        sessions: runs.iter().map(|(id, time)| run("alice", "agent", "schedule", id, time)).collect(),
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}

/// Both routes list the times in this order, in whichever order they came.
async fn assert_newest_first(times: &[&str]) {
    // The ids run against the order, so that it is not theirs.
    let ids: Vec<_> = (10..).map(|number| number.to_string()).take(times.len()).collect();
    let runs: Vec<_> = ids.iter().map(String::as_str).zip(times.iter().copied()).collect();
    for turn in [0, times.len() / 2, times.len() - 1] {
        let mut written = runs.clone();
        written.rotate_left(turn);
        let database = with_runs(&written).await;
        assert_eq!(session_ids(&database.store, "agent").await, ids);
        assert_eq!(run_ids(&database.store, "schedule").await, ids);
    }
}

#[tokio::test]
async fn naive_times_count_as_utc_and_offsets_as_what_they_are() {
    assert_newest_first(&[
        // As text, the order would be another one.
        "2026-01-01T05:00:00-08:00",
        "2026-01-01T12:30:00",
        "2026-01-01T20:00:00+08:00",
        "2026-01-01T11:59:59Z",
        "2026-01-01T17:00:00+05:30",
        "2026-01-02T00:00:00+14:00",
        "2025-12-31T22:00:00-11:30",
        "2026-01-01T09:00:00",
    ])
    .await;
}

#[tokio::test]
async fn microseconds_count() {
    assert_newest_first(&[
        "2026-01-01T00:00:01",
        "2026-01-01T00:00:00.999999Z",
        "2026-01-01T08:00:00.500001+08:00",
        "2026-01-01T00:00:00.500000",
        "2026-01-01T00:00:00.1",
        "2026-01-01T00:00:00.000010Z",
        "2026-01-01T00:00:00.000009",
        "2026-01-01T00:00:00",
        "2025-12-31T23:59:59.999999",
    ])
    .await;
}

/// With offsets the ends of the calendar lie in the years 0 and 10000 of UTC.
#[tokio::test]
async fn the_first_and_the_last_day_of_the_calendar_are_in_order() {
    assert_newest_first(&[
        "9999-12-31T23:59:59.999999-23:59",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T20:00:00-08:00",
        "9999-12-31T23:59:59.999999",
        "9999-12-31T23:59:59+01:00",
        "2026-01-01T00:00:00",
        "1969-12-31T23:59:59Z",
        "0999-01-01T00:00:00",
        "0001-01-01T00:00:00-00:01",
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00.000001+00:01",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00+23:59",
    ])
    .await;
}

/// Times are said in several ways but are one, so ids decide, in the direction of the list: the
/// greatest first, by bytes.
#[tokio::test]
async fn sessions_that_were_created_at_once_are_in_the_order_of_their_ids() {
    let times =
        ["2026-01-01T00:00:00", "2026-01-01T00:00:00Z", "2026-01-01T08:00:00+08:00", "2025-12-31T19:00:00-05:00"];
    let ids = ["\u{10000}", "\u{ffff}", "é", "e\u{301}", "b", "a~", "a#", "a", "B", "10", "1", "#", "%", " "];
    let mut expected = ids;
    expected.sort_by(|one, other| other.as_bytes().cmp(one.as_bytes()));
    let mut world = World {
        agents: vec![agent("alice", "agent")],
        schedules: vec![schedule("alice", "schedule")],
        ..World::default()
    };
    for (index, id) in ids.iter().enumerate() {
        world.sessions.push(run("alice", "agent", "schedule", id, times[index % times.len()]));
    }
    let database = TestDynamoDb::with_export(&world.text()).await;
    for _ in 0..2 {
        assert_eq!(session_ids(&database.store, "agent").await, expected);
        assert_eq!(run_ids(&database.store, "schedule").await, expected);
    }
    // Written again the other way round, nothing moves.
    world.sessions.reverse();
    assert!(database.load(&world.text()).await.problems.is_empty());
    assert_eq!(session_ids(&database.store, "agent").await, expected);
    assert_eq!(run_ids(&database.store, "schedule").await, expected);
}

/// What a team says of a member is what stands first in the member's own list.
#[tokio::test]
async fn of_a_members_sessions_that_were_created_at_once_the_first_in_its_list_is_the_newest() {
    let leading = with(session("alice", "agent", "leading", "2026-01-01T00:00:00"), "/team_id", "team");
    let mut world = World {
        agents: vec![agent("alice", "agent"), agent("alice", "member")],
        sessions: vec![leading],
        teams: vec![team("alice", "team", "leading", &["member", "agent"])],
        ..World::default()
    };
    for id in ["b", "#", "é", "a", "z"] {
        world.sessions.push(session("alice", "member", id, "2026-01-01T00:00:00"));
        world.sessions.push(session("alice", "agent", &format!("l{id}"), "2026-01-01T00:00:00"));
    }
    let database = TestDynamoDb::with_export(&world.text()).await;
    let listed = sessions(&database.store, "agent").await;
    let row = listed.iter().find(|row| row["session"]["id"] == "leading").unwrap();
    assert_eq!(row["team"]["members"][0]["session_id"], session_ids(&database.store, "member").await[0]);
    assert_eq!(row["team"]["members"][1]["session_id"], session_ids(&database.store, "agent").await[0]);
}

#[tokio::test]
async fn a_session_whose_creation_time_is_rewritten_moves_and_is_listed_once() {
    let days = ["2026-01-04T00:00:00", "2026-01-03T00:00:00", "2026-01-02T00:00:00", "2026-01-01T00:00:00"];
    let database = with_runs(&days.map(|day| (day, day))).await;
    for (time, expected) in [
        ("2026-01-05T00:00:00", [days[2], days[0], days[1], days[3]]),
        ("2026-01-03T12:00:00Z", [days[0], days[2], days[1], days[3]]),
        ("0001-01-01T00:00:00", [days[0], days[1], days[3], days[2]]),
        ("2026-01-02T00:00:00", days),
    ] {
        let world = World { sessions: vec![run("alice", "agent", "schedule", days[2], time)], ..World::default() };
        assert!(database.load(&world.text()).await.problems.is_empty());
        assert_eq!(session_ids(&database.store, "agent").await, expected, "{time}");
        assert_eq!(run_ids(&database.store, "schedule").await, expected, "{time}");
    }
}

#[tokio::test]
async fn a_session_that_changes_agents_and_schedules_moves_from_list_to_list() {
    let database = with_runs(&[("stays", "2026-01-02T00:00:00"), ("moves", "2026-01-01T00:00:00")]).await;
    let moved = session("alice", "another", "moves", "2026-01-01T00:00:00");
    let another = World {
        agents: vec![agent("alice", "another")],
        schedules: vec![schedule("alice", "another")],
        sessions: vec![moved.clone()],
        ..World::default()
    };
    assert!(database.load(&another.text()).await.problems.is_empty());
    assert_eq!(session_ids(&database.store, "agent").await, ["stays"]);
    assert_eq!(session_ids(&database.store, "another").await, ["moves"]);
    assert_eq!(run_ids(&database.store, "schedule").await, ["stays"]);
    assert_eq!(run_ids(&database.store, "another").await, Vec::<String>::new());

    let moved = with(moved, "/source_schedule_id", "another");
    let scheduled = World { sessions: vec![moved], ..World::default() };
    assert!(database.load(&scheduled.text()).await.problems.is_empty());
    assert_eq!(run_ids(&database.store, "another").await, ["moves"]);
}

/// More than two batches of 100 keys.
#[tokio::test]
async fn all_of_250_sessions_are_listed_once_and_in_order() {
    let time = |number: usize| format!("2026-01-01T{:02}:{:02}:00", number / 60, number % 60);
    let id = |number: usize| format!("session {}", number * 7919 % 1000);
    let mut world = World {
        agents: vec![agent("alice", "agent")],
        schedules: vec![schedule("alice", "schedule")],
        ..World::default()
    };
    world.sessions.extend((0..250).map(|number| run("alice", "agent", "schedule", &id(number), &time(number))));
    let database = TestDynamoDb::with_export(&world.text()).await;
    let expected: Vec<_> = (0..250).rev().map(id).collect();
    assert_eq!(session_ids(&database.store, "agent").await, expected);
    assert_eq!(run_ids(&database.store, "schedule").await, expected);
}
