//! Lists that are too large because of their teams: each session of a team shows it whole.

use std::pin::pin;

use agentscope_api::{IdentitySource, ListOptions, ListOutcome, Request, list_response};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::lists::list_sessions;
use agentscope_tests::records::{World, agent, noise, parse, session, team, with};
use futures::poll;

use crate::contract::large::{recommends_what_works, refusal, send};

const ENCODINGS: [&str; 4] = ["identity", "zstd", "br", "gzip"];

/// Sessions of alice's agent `a`, newest first `s000`, `s001`, …, each in a team of its own of the
/// given ones.
async fn database(sessions: usize, teams: &[Vec<String>], instructions: impl Fn(&str) -> String) -> TestDynamoDb {
    let members = teams.iter().flatten().collect::<std::collections::BTreeSet<_>>();
    let member = |id: &&String| with(agent("alice", id), "/data/system_prompt", instructions(id));
    let session = |number: usize| {
        let created_at = format!("2026-01-01T00:{:02}:{:02}", 59 - number / 60, 59 - number % 60);
        let session = session("alice", "a", &format!("s{number:03}"), &created_at);
        with(session, "/team_id", format!("t{}", number % teams.len()))
    };
    let team = |(number, members): (usize, &Vec<String>)| {
        let members: Vec<_> = members.iter().map(String::as_str).collect();
        team("alice", &format!("t{number}"), "s000", &members)
    };
    let world = World {
        agents: std::iter::once(agent("alice", "a")).chain(members.iter().map(member)).collect(),
        teams: teams.iter().enumerate().map(team).collect(),
        sessions: (0..sessions).map(session).collect(),
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number:02}")).collect()
}

fn seed(id: &str) -> u64 {
    id.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte))
}

fn list() -> HttpRequest {
    HttpRequest::sessions("alice", "a")
}

/// 2.3 GB of JSON.
#[tokio::test]
async fn a_large_team_of_many_sessions_is_refused_in_every_encoding() {
    let database = database(300, &[names("m", 20)], |_| "all work and no play ".repeat(18_000)).await;
    for accept in ENCODINGS {
        for query in ["", "limit=100&view=summary", "view=summary"] {
            let smaller = recommends_what_works(&database.store, &list(), query, accept).await;
            let expected: &[_] =
                if accept == "identity" { &["limit=1", "accept-encoding: gzip"] } else { &["limit=1"] };
            assert_eq!(smaller, expected, "{query} {accept}");
        }
    }
}

#[tokio::test]
async fn what_no_request_can_get_is_said_plainly() {
    let database = database(3, &[names("m", 20)], |id| noise(seed(id), 380_000)).await;
    for accept in ENCODINGS {
        let detail = refusal(&send(&database.store, &list(), "", accept).await, accept);
        assert!(detail.contains("No part of it can be returned"), "{detail}");
        assert_eq!(send(&database.store, &list(), "limit=1", accept).await.status(), 413);
    }
}

/// Many teams that are distinct, of agents that are the same: 700 MB.
#[tokio::test]
async fn agents_that_are_in_many_teams_count_in_each() {
    let teams: Vec<_> = (0..100).map(|_| names("m", 20)).collect();
    let database = database(100, &teams, |id| noise(seed(id), 20_000).repeat(18)).await;
    for accept in ENCODINGS {
        recommends_what_works(&database.store, &list(), "", accept).await;
    }
}

/// A list of moderate size tells how many sessions fit, with their teams.
#[tokio::test]
async fn the_recommended_page_counts_teams() {
    let database = database(100, &[names("m", 5)], |id| noise(seed(id), 60_000)).await;
    for (accept, expected) in [("identity", "limit=9"), ("gzip", "limit=14")] {
        assert_eq!(recommends_what_works(&database.store, &list(), "", accept).await, [expected], "{accept}");
    }
}

#[tokio::test]
async fn teams_of_more_agents_than_are_read_for_a_list_are_refused() {
    let teams = [names("gone-", 6_000), names("lost-", 6_000)];
    let world = database(4, &[names("m", 1)], |_| String::new()).await;
    for (number, members) in teams.iter().enumerate() {
        let members: Vec<_> = members.iter().map(String::as_str).collect();
        let record = team("alice", &format!("t{number}"), "s000", &members).to_string();
        world.store.put_team(&parse(&record).unwrap()).await.unwrap();
    }
    let second = with(session("alice", "a", "second", "2026-01-01T00:00:00"), "/team_id", "t1");
    world.store.put_session(&parse(&second.to_string()).unwrap()).await.unwrap();
    let detail = refusal(&send(&world.store, &list(), "", "gzip").await, "gzip");
    assert!(detail.contains("12000 agents"), "{detail}");
    assert_eq!(recommends_what_works(&world.store, &list(), "", "gzip").await, ["limit=1"]);
}

/// Rendering and compressing yield, so that the time budget of the request can end them.
#[tokio::test]
async fn other_futures_run_while_a_response_is_rendered_and_compressed() {
    let database = database(60, &[names("m", 2)], |_| "all work and no play ".repeat(18_000)).await;
    let list = list_sessions(&database.store, "alice", "a").await.unwrap().unwrap();
    let megabytes = list.size_hint() >> 20;
    assert!(megabytes > 40);
    for accept in ["zstd", "br", "gzip"] {
        let mut request = HttpRequest::sessions("alice", "a");
        request.headers.push(("accept-encoding".into(), accept.into()));
        let request = Request::from_event(&request.http_api().to_string()).unwrap();
        // Everything has been read: from here on, there is nothing else to wait for.
        let read = async |_: &ListOptions| Ok(Some(ListOutcome::List(list.clone())));
        let options = ListOptions::default();
        let mut response = pin!(list_response(&request, IdentitySource::Header, &options, read));
        let mut yields = 0;
        while poll!(&mut response).is_pending() {
            yields += 1;
            tokio::task::yield_now().await;
        }
        assert!(yields >= megabytes, "{accept}: {yields} in {megabytes} MB");
    }
}
