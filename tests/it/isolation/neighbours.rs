//! Users who live in the same tables, and what each of them may see.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use agentscope_api::IdentitySource;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::{HttpRequest, with_claims};
use agentscope_tests::records::{World, agent, run, schedule, session, team, with};
use serde_json::{Value, json};

use crate::requests::respond;

/// A user's records under one id: an agent, a session of it, a team that the session leads, a
/// schedule that has run once.
///
/// Whatever is shown of them bears a mark that stands nowhere else.
#[derive(Debug, Clone, PartialEq)]
pub struct Household {
    pub user: String,
    pub id: String,
    /// Whether a run lease is held for the session.
    pub running: bool,
}

impl Household {
    pub fn new(user: impl Into<String>, id: impl Into<String>, running: bool) -> Self {
        Self { user: user.into(), id: id.into(), running }
    }

    /// The agent that works for the team.
    fn member(&self) -> String {
        format!("{}→member", self.id)
    }

    /// The member's session. Its id is read off an index and returned without another look, so it
    /// is nobody else's.
    fn work(&self, mark: &str) -> String {
        format!("{}→work {mark}", self.id)
    }

    fn run(&self) -> String {
        format!("{}→run", self.id)
    }

    fn add_to(&self, world: &mut World, mark: &str) {
        let Self { user, id, .. } = self;
        let (member, run_id) = (self.member(), self.run());
        let marked = |record, place| with(record, place, mark);
        for agent_id in [id, &member] {
            world.agents.push(marked(agent(user, agent_id), "/data/name"));
        }
        let own = with(session(user, id, id, "2026-01-01T00:00:00"), "/team_id", id.as_str());
        let sessions = [
            own,
            run(user, id, id, &run_id, "2026-01-02T00:00:00"),
            session(user, &member, &self.work(mark), "2026-01-03T00:00:00"),
        ];
        world.sessions.extend(sessions.map(|session| marked(session, "/config/name")));
        world.teams.push(marked(team(user, id, id, &[&member]), "/data/name"));
        world.schedules.push(marked(schedule(user, id), "/data/name"));
    }
}

/// Households in the same tables.
pub struct Neighbours {
    database: TestDynamoDb,
    households: HashMap<(String, String), (Household, String)>,
}

impl Neighbours {
    /// Writes the records of each household once.
    pub async fn settle(households: Vec<Household>) -> Self {
        let database = TestDynamoDb::start().await;
        let mut world = World::default();
        let mut placed = HashMap::<_, (Household, String)>::new();
        for (number, household) in households.into_iter().enumerate() {
            let key = (household.user.clone(), household.id.clone());
            if let Some((placed, _)) = placed.get(&key) {
                assert_eq!(*placed, household);
                continue;
            }
            let mark = format!("‹{number}›");
            household.add_to(&mut world, &mark);
            if household.running {
                let lease = database.store.acquire_lease(&household.user, &household.id, "r", Duration::from_secs(600));
                lease.await.unwrap().unwrap();
            }
            placed.insert(key, (household, mark));
        }
        let report = database.load(&world.text()).await;
        assert_eq!((report.problems, report.remarks), (Vec::new(), Vec::new()));
        Self { database, households: placed }
    }

    /// Requests this id from both routes as this user; expects the user's own records alone, or
    /// 404.
    pub async fn check(&self, identity: IdentitySource, user: &str, id: &str) {
        let header = match identity {
            // Control characters cannot be in a header, and blanks around an id are not part of
            // it.
            IdentitySource::Header if user.contains(char::is_control) || user.trim() != user => return,
            IdentitySource::Header => user,
            IdentitySource::Jwt { .. } | IdentitySource::AuthorizerFunction => "mallory",
        };
        for request in [HttpRequest::sessions(header, id), HttpRequest::schedule_sessions(header, id)] {
            let event = match identity {
                IdentitySource::Header => request.http_api(),
                IdentitySource::Jwt { .. } => with_claims(request.http_api(), json!({ "sub": user })),
                IdentitySource::AuthorizerFunction => {
                    let mut event = request.rest_api();
                    event["requestContext"]["authorizer"] = json!({ "user_id": user });
                    event
                }
            };
            self.check_response(identity, &event, user, id).await;
        }
    }

    async fn check_response(&self, identity: IdentitySource, event: &Value, user: &str, id: &str) {
        let is_schedule = event["rawPath"] != "/sessions/" && event["path"] != "/sessions/";
        let case = format!("user {user:?}, id {id:?}, schedule {is_schedule}, {identity:?}");
        let response = respond(&self.database.store, identity, event).await;
        let body: Value = serde_json::from_str(response.body()).unwrap();
        let Some((household, mark)) = self.households.get(&(user.to_owned(), id.to_owned())) else {
            let kind = if is_schedule { "Schedule" } else { "Agent" };
            assert_eq!(response.status(), 404, "{case}");
            assert_eq!(body, json!({ "detail": format!("{kind} '{id}' not found.") }), "{case}");
            return;
        };
        assert_eq!(response.status(), 200, "{case}: {body}");
        assert_eq!(marks(response.body()), BTreeSet::from([mark.as_str()]), "{case}");
        assert_eq!(owners(&body), BTreeSet::from([user]), "{case}");
        let expected = if is_schedule { household.expected_runs() } else { household.expected_sessions(mark) };
        assert_eq!(outline(&body), expected, "{case}");
    }
}

impl Household {
    fn expected_runs(&self) -> Value {
        json!([{ "session": self.run(), "agent": self.id, "schedule": self.id }])
    }

    fn expected_sessions(&self, mark: &str) -> Value {
        json!([
            { "session": self.run(), "agent": self.id, "schedule": self.id, "running": false, "team": null },
            {
                "session": self.id, "agent": self.id, "schedule": null, "running": self.running,
                "team": {
                    "id": self.id, "led by session": self.id, "led by agent": self.id,
                    "members": [[self.member(), self.work(mark)]],
                },
            },
        ])
    }
}

/// Every id in a response, and which sessions run.
fn outline(body: &Value) -> Value {
    let ids = |session: &Value| json!({ "session": session["id"], "agent": session["agent_id"], "schedule": session["source_schedule_id"] });
    let rows = body["sessions"].as_array().unwrap().iter().map(|row| {
        let Some(is_running) = row.get("is_running") else { return ids(row) };
        let mut outline = ids(&row["session"]);
        outline["running"] = is_running.clone();
        outline["team"] = match &row["team"] {
            Value::Null => Value::Null,
            detail => {
                let members = detail["members"].as_array().unwrap().iter();
                let members = members.map(|member| json!([member["agent"]["id"], member["session_id"]]));
                json!({
                    "id": detail["team"]["id"], "led by session": detail["team"]["session_id"],
                    "led by agent": detail["leader_agent"]["id"], "members": members.collect::<Vec<_>>(),
                })
            }
        };
        outline
    });
    let rows: Vec<_> = rows.collect();
    assert_eq!(body["total"], rows.len());
    json!(rows)
}

/// The marks anywhere in a response.
fn marks(body: &str) -> BTreeSet<&str> {
    body.match_indices('‹')
        .map(|(start, _)| &body[start..start + body[start..].find('›').unwrap() + '›'.len_utf8()])
        .collect()
}

/// Every `user_id` anywhere in a response.
fn owners(body: &Value) -> BTreeSet<&str> {
    match body {
        Value::Array(values) => values.iter().flat_map(owners).collect(),
        Value::Object(members) => {
            let own = members.get("user_id").and_then(Value::as_str);
            members.values().flat_map(owners).chain(own).collect()
        }
        _ => BTreeSet::new(),
    }
}
