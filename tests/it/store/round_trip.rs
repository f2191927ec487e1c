//! Whatever record goes in comes out equal, byte for byte, wherever it is shown.

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::requests::send;
use crate::store::any_json::{Node, Spelling, spelling, string};
use crate::store::any_record::{agent, schedule, session, team};
use crate::store::any_sample::Sample;
use crate::store::behind::text as attribute;

/// The records of one user: an agent, a team with it, a schedule, and sessions that all three have
/// to do with.
#[derive(Debug, Clone)]
struct World {
    user_id: String,
    agent_id: String,
    team_id: String,
    schedule_id: String,
    agent: Sample,
    team: Sample,
    schedule: Sample,
    /// Oldest first.
    sessions: Vec<Sample>,
    spelling: Spelling,
}

/// Ids of the records of one kind: never empty, since they are keys.
fn id(prefix: &'static str) -> impl Strategy<Value = String> {
    string().prop_map(move |rest| format!("{prefix}{rest}"))
}

fn world() -> impl Strategy<Value = World> {
    // Each case has a user of its own, who cannot see what the others left. The name has to fit a
    // header.
    let user_id = any::<u64>().no_shrink().prop_map(|number| format!("user:{number} #50%25/é"));
    (user_id, id("agent"), id("team"), id("schedule"), 1..4_usize, spelling()).prop_flat_map(
        |(user_id, agent_id, team_id, schedule_id, count, spelling)| {
            let session = |number| session(number, &user_id, &agent_id, &schedule_id, &team_id);
            let sessions: Vec<_> = (0..count).map(session).collect();
            let agent = agent(&user_id, &agent_id);
            let team = team(&user_id, &team_id, &agent_id);
            (agent, team, schedule(&user_id, &schedule_id), sessions).prop_map(
                move |(agent, team, schedule, sessions)| World {
                    user_id: user_id.clone(),
                    agent_id: agent_id.clone(),
                    team_id: team_id.clone(),
                    schedule_id: schedule_id.clone(),
                    agent,
                    team,
                    schedule,
                    sessions,
                    spelling,
                },
            )
        },
    )
}

fn member(node: &Node, key: &str) -> Node {
    let Node::Object(members) = node else { panic!("{node:?}") };
    members.iter().find(|(name, _)| name == key).unwrap().1.clone()
}

impl World {
    fn export(&self) -> String {
        let list = |records: &[Sample]| Node::List(records.iter().map(|record| record.sent.clone()).collect());
        Node::Object(vec![
            ("agents".into(), list(std::slice::from_ref(&self.agent))),
            ("teams".into(), list(std::slice::from_ref(&self.team))),
            ("schedules".into(), list(std::slice::from_ref(&self.schedule))),
            ("sessions".into(), list(&self.sessions)),
        ])
        .spelled(self.spelling)
    }

    fn runs(&self) -> String {
        let sessions: Vec<_> = self.sessions.iter().rev().map(|session| session.kept.compact()).collect();
        format!(r#"{{"sessions":[{}],"total":{}}}"#, sessions.join(","), sessions.len())
    }

    fn views(&self) -> String {
        let agent = self.agent.kept.compact();
        let newest = format!("session {}", self.sessions.len() - 1);
        let worker = format!(r#"{{"agent":{agent},"session_id":"{newest}"}}"#);
        let team = self.team.kept.compact();
        let team = format!(r#"{{"team":{team},"leader_agent":{agent},"members":[{worker},{worker}]}}"#);
        let views = self.sessions.iter().rev().map(|Sample { kept, .. }| {
            let is_in_it = member(kept, "team_id").compact() == Node::text(&self.team_id).compact();
            let team = if is_in_it { &team } else { "null" };
            format!(r#"{{"session":{},"is_running":false,"team":{team}}}"#, kept.compact())
        });
        let views: Vec<_> = views.collect();
        format!(r#"{{"sessions":[{}],"total":{}}}"#, views.join(","), views.len())
    }
}

async fn goes_round(database: &TestDynamoDb, world: &World) -> Result<(), TestCaseError> {
    // A case that fails is tried again with less in it.
    for number in 0..3 {
        database.store.delete_session(&world.user_id, &format!("session {number}")).await.unwrap();
    }
    let report = database.load(&world.export()).await;
    prop_assert_eq!(report.problems, Vec::<String>::new());
    for (request, expected) in [
        (HttpRequest::schedule_sessions(&world.user_id, &world.schedule_id), world.runs()),
        (HttpRequest::sessions(&world.user_id, &world.agent_id), world.views()),
    ] {
        let response = send(&database.store, &request).await;
        prop_assert_eq!(response.status().as_u16(), 200);
        prop_assert_eq!(response.into_body(), expected);
    }
    // No route shows a schedule.
    let table = &database.store.names().schedules;
    let get = database.client.get_item().table_name(table);
    let get = get.key("user_id", attribute(&world.user_id)).key("id", attribute(&world.schedule_id));
    let item = get.send().await.unwrap().item.unwrap();
    prop_assert_eq!(item["json"].as_s().unwrap(), &world.schedule.kept.compact());
    Ok(())
}

#[test]
fn whatever_goes_in_comes_out_byte_for_byte() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(TestDynamoDb::start());
    let config = Config { cases: 64, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    let result = TestRunner::new(config).run(&world(), |world| runtime.block_on(goes_round(&database, &world)));
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
