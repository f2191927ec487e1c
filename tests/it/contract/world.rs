//! The data of the contract tests.

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::records::{World, agent, run, schedule, session};

/// Agent `a` and schedule `s` of `alice`, a session `1`, and a session `2` that the schedule
/// started.
pub async fn database() -> TestDynamoDb {
    let world = World {
        agents: vec![agent("alice", "a")],
        schedules: vec![schedule("alice", "s")],
        sessions: vec![
            session("alice", "a", "1", "2026-01-01T00:00:00"),
            run("alice", "a", "s", "2", "2026-01-02T00:00:00"),
        ],
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}
