//! The function's role in `template.yaml` allows the calls that the binary makes, and no other.

use std::process::Stdio;

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::function::{Function, environment};
use agentscope_tests::policy::{allowed, needed, send_every_variant};
use agentscope_tests::proxy::DynamoDbProxy;
use agentscope_tests::records::{World, agent, noise, session, team, with};
use agentscope_tests::template::Template;

/// Sessions of which states have parts; a team of three, whose newest sessions are requested one
/// by one; a team of six, whose are requested at once; both led by a session of an agent that is
/// not listed.
fn world() -> World {
    let mut world = World { agents: vec![agent("alice", "lead"), agent("alice", "boss")], ..World::default() };
    let time = "2026-01-01T00:00:00";
    for number in 0..6 {
        let chat = session("alice", "lead", &format!("chat {number}"), time);
        let chat = with(chat, "/team_id", if number < 3 { "small" } else { "large" });
        world.sessions.push(with(chat, "/state/summary", noise(number, 32 * 1024)));
        world.agents.push(agent("alice", &format!("member {number}")));
        world.sessions.push(session("alice", &format!("member {number}"), &format!("work {number}"), time));
    }
    world.sessions.push(session("alice", "boss", "meeting", time));
    let members: Vec<_> = (0..6).map(|number| format!("member {number}")).collect();
    let members: Vec<_> = members.iter().map(String::as_str).collect();
    world.teams.push(team("alice", "small", "meeting", &members[..3]));
    world.teams.push(team("alice", "large", "meeting", &members));
    world.running.push("chat 1".to_owned());
    world
}

#[tokio::test]
async fn the_role_allows_what_the_function_does_and_nothing_else() {
    let database = TestDynamoDb::with_export(&world().text()).await;
    let proxy = DynamoDbProxy::recording(&database.url).await;
    let mut environment = environment(&database, "header");
    environment.push(("AWS_ENDPOINT_URL_DYNAMODB", proxy.url.clone()));
    let mut function = Function::start(env!("CARGO_BIN_EXE_list-sessions"), environment, Stdio::null()).await;
    send_every_variant(&mut function, &HttpRequest::sessions("alice", "lead")).await;
    for refused in [HttpRequest::sessions("alice", "nobody"), HttpRequest::sessions("mallory", "lead")] {
        assert_eq!(function.call(&refused.http_api()).await.0, 404);
    }
    // The first request of all was the binary's own, at its start.
    assert_eq!(proxy.calls()[0].operation, "GetItem");
    assert_eq!(needed(&proxy.calls(), database.store.names()), allowed(&Template::with(&[]), "ListSessionsRole"));
}
