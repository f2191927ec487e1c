//! The data of the caching tests.

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, noise, run, schedule, session, team, with};
use serde_json::Value;

/// Compresses to over 8 KB, so that it lies in a part.
const ONE_PART: usize = 16 * 1024;

/// Both lists of the small world.
pub fn lists() -> [HttpRequest; 2] {
    [HttpRequest::sessions("alice", "lead"), HttpRequest::schedule_sessions("alice", "s")]
}

pub fn time(second: usize) -> String {
    format!("2026-01-01T00:00:{second:02}")
}

/// One of alice's sessions `s0` to `s3`. The first two have a state in a part, and a team.
pub fn chat(number: usize) -> Value {
    let session = run("alice", "lead", "s", &format!("s{number}"), &time(number));
    if number < 2 {
        let session = with(session, "/team_id", ["ours", "theirs"][number]);
        return with(session, "/state/summary", noise(number as u64, ONE_PART));
    }
    session
}

/// Agent `lead` and schedule `s` with four sessions; one team that the agent leads, and one in
/// which it works for `boss`. It contains everything that a response can show.
pub fn world() -> World {
    World {
        agents: ["lead", "boss", "m1", "m2", "idle"].map(|id| agent("alice", id)).into(),
        schedules: vec![schedule("alice", "s")],
        sessions: (0..4)
            .map(chat)
            .chain([
                session("alice", "boss", "of boss", &time(0)),
                session("alice", "m1", "m1 old", &time(1)),
                session("alice", "m1", "m1 new", &time(2)),
                session("alice", "m2", "of m2", &time(0)),
            ])
            .collect(),
        teams: vec![
            team("alice", "ours", "s0", &["m1", "m2"]),
            team("alice", "theirs", "of boss", &["lead", "m1", "gone"]),
        ],
        running: vec!["s2".into()],
    }
}

pub async fn database() -> TestDynamoDb {
    TestDynamoDb::with_export(&world().text()).await
}
