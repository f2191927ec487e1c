//! The function's role in `template.yaml` allows the calls that the binary makes, and no other.

use std::process::Stdio;

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::function::{Function, environment};
use agentscope_tests::policy::{allowed, needed, send_every_variant};
use agentscope_tests::proxy::DynamoDbProxy;
use agentscope_tests::records::{World, noise, run, schedule, with};
use agentscope_tests::template::Template;

/// Runs of which states have parts, and that belong to a team.
fn world() -> World {
    let mut world = World { schedules: vec![schedule("alice", "nightly")], ..World::default() };
    for number in 0..6 {
        let run = run("alice", "agent", "nightly", &format!("run {number}"), "2026-01-01T00:00:00");
        world.sessions.push(with(with(run, "/team_id", "team"), "/state/summary", noise(number, 32 * 1024)));
    }
    world.running.push("run 1".to_owned());
    world
}

#[tokio::test]
async fn the_role_allows_what_the_function_does_and_nothing_else() {
    let database = TestDynamoDb::with_export(&world().text()).await;
    let proxy = DynamoDbProxy::recording(&database.url).await;
    let mut environment = environment(&database, "header");
    environment.push(("AWS_ENDPOINT_URL_DYNAMODB", proxy.url.clone()));
    let mut function = Function::start(env!("CARGO_BIN_EXE_list-schedule-sessions"), environment, Stdio::null()).await;
    send_every_variant(&mut function, &HttpRequest::schedule_sessions("alice", "nightly")).await;
    for refused in [HttpRequest::schedule_sessions("alice", "other"), HttpRequest::schedule_sessions("bob", "nightly")]
    {
        assert_eq!(function.call(&refused.http_api()).await.0, 404);
    }
    // The first request of all was the binary's own, at its start.
    assert_eq!(proxy.calls()[0].operation, "GetItem");
    assert_eq!(
        needed(&proxy.calls(), database.store.names()),
        allowed(&Template::with(&[]), "ListScheduleSessionsRole")
    );
}
