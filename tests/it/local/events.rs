//! Every event that the project ships is respond over the sample data as its name says.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use agentscope_api::IdentitySource::Header;
use agentscope_api::{EventKind, EventSource, Identity, IdentitySource};
use agentscope_tests::dynamodb::TestDynamoDb;
use serde_json::Value;

use crate::requests::respond;

const SAMPLE: &str = include_str!("../../../xtask/sample/export.json");

const RELEASE_CAPTAIN: &[&str] = &["s-release-2-4", "s-hotfix-2-3-1", "s-ci-minutes", "s-announce-zh"];
const TRIAGE_BOT: &[&str] =
    &["s-triage-2026-03-12", "s-triage-2026-03-11", "s-triage-2026-03-10", "s-triage-2026-03-09", "s-triage-labels"];
const NIGHTLY_TRIAGE: &[&str] =
    &["s-triage-2026-03-12", "s-triage-2026-03-11", "s-triage-2026-03-10", "s-triage-2026-03-09"];

const SUBJECT: IdentitySource = IdentitySource::SUBJECT;

/// A load balancer that signs users in.
const SIGNED_IN: Identity =
    Identity { source: Header, header: "x-amzn-oidc-identity", events: EventSource::Only(EventKind::LoadBalancer) };

/// A REST API with a Cognito authorizer.
const COGNITO: Identity =
    Identity { source: SUBJECT, header: "x-user-id", events: EventSource::Only(EventKind::RestApi) };

/// A REST API with the product's authorizer function.
const AUTHORIZER: Identity = Identity { source: IdentitySource::AuthorizerFunction, ..COGNITO };

/// The response that an event gets.
enum Expected {
    /// 200 with these sessions, in this order.
    Sessions(&'static [&'static str]),
    /// Another status with this body.
    Error(u16, &'static str),
}
use Expected::{Error, Sessions};

const HEADER_MISSING: &str = r#"{"type":"missing","loc":["header","x-user-id"],"msg":"Field required","input":null}"#;
const LIMIT_TOO_LARGE: &str = r#"{"type":"less_than_equal","loc":["query","limit"],"msg":"Input should be less than or equal to 100","input":"101","ctx":{"le":100}}"#;
const AGENT_ID_MISSING: &str = r#"{"type":"missing","loc":["query","agent_id"],"msg":"Field required","input":null}"#;

fn expected() -> Vec<(&'static str, Identity, Expected)> {
    let inputs = |inputs: &[&str]| -> &'static str { format!(r#"{{"detail":[{}]}}"#, inputs.join(",")).leak() };
    let with_defaults = vec![
        ("list-sessions", Header, Sessions(RELEASE_CAPTAIN)),
        ("list-sessions-without-slash", Header, Sessions(RELEASE_CAPTAIN)),
        ("list-sessions-page", Header, Sessions(&["s-release-2-4", "s-hotfix-2-3-1"])),
        ("list-sessions-wrong-limit", Header, Error(422, inputs(&[LIMIT_TOO_LARGE]))),
        ("list-sessions-no-team", Header, Sessions(&["s-rollup-index"])),
        ("list-sessions-another-user", Header, Sessions(&["s-reading-list"])),
        ("list-sessions-encoded-agent-id", Header, Sessions(TRIAGE_BOT)),
        ("list-sessions-jwt", SUBJECT, Sessions(RELEASE_CAPTAIN)),
        ("list-sessions-jwt-without-claims", SUBJECT, Error(401, r#"{"detail":"Not authenticated"}"#)),
        ("list-sessions-missing-header", Header, Error(422, inputs(&[HEADER_MISSING]))),
        ("list-sessions-empty-header", Header, Error(401, r#"{"detail":"X-User-ID header is required."}"#)),
        ("list-sessions-missing-agent-id", Header, Error(422, inputs(&[AGENT_ID_MISSING]))),
        ("list-sessions-missing-both", Header, Error(422, inputs(&[HEADER_MISSING, AGENT_ID_MISSING]))),
        ("list-sessions-unknown-agent", Header, Error(404, r#"{"detail":"Agent 'nobody' not found."}"#)),
        ("list-sessions-foreign-agent", Header, Error(404, r#"{"detail":"Agent 'release-captain' not found."}"#)),
        ("list-sessions-post", Header, Error(405, r#"{"detail":"Method Not Allowed"}"#)),
        ("list-sessions-no-such-route", Header, Error(404, r#"{"detail":"Not Found"}"#)),
        ("list-sessions-malformed", Header, Error(400, r#"{"detail":"Bad Request"}"#)),
        ("list-sessions-function-url", Header, Sessions(RELEASE_CAPTAIN)),
        ("list-sessions-base-path", Header, Sessions(RELEASE_CAPTAIN)),
        ("list-sessions-rest-api", Header, Sessions(RELEASE_CAPTAIN)),
        ("list-schedule-sessions", Header, Sessions(NIGHTLY_TRIAGE)),
        ("list-schedule-sessions-with-slash", Header, Sessions(NIGHTLY_TRIAGE)),
        ("list-schedule-sessions-jwt", SUBJECT, Sessions(NIGHTLY_TRIAGE)),
        ("list-schedule-sessions-missing-header", Header, Error(422, inputs(&[HEADER_MISSING]))),
        ("list-schedule-sessions-unknown-schedule", Header, Error(404, r#"{"detail":"Schedule 'hourly' not found."}"#)),
        (
            "list-schedule-sessions-foreign-schedule",
            Header,
            Error(404, r#"{"detail":"Schedule 'nightly-triage' not found."}"#),
        ),
        ("list-schedule-sessions-function-url", Header, Sessions(NIGHTLY_TRIAGE)),
        ("list-schedule-sessions-rest-api", Header, Sessions(NIGHTLY_TRIAGE)),
        ("list-schedule-sessions-rest-api-base-path", Header, Sessions(NIGHTLY_TRIAGE)),
        ("list-sessions-alb", Header, Sessions(RELEASE_CAPTAIN)),
        ("list-sessions-alb-multi-value", Header, Sessions(RELEASE_CAPTAIN)),
        ("list-sessions-alb-missing-header", Header, Error(422, inputs(&[HEADER_MISSING]))),
        ("list-sessions-alb-malformed", Header, Error(400, r#"{"detail":"Bad Request"}"#)),
        ("list-schedule-sessions-alb", Header, Sessions(NIGHTLY_TRIAGE)),
        ("list-schedule-sessions-alb-multi-value", Header, Sessions(NIGHTLY_TRIAGE)),
    ];
    let others = [
        ("list-sessions-alb-signed-in", SIGNED_IN, Sessions(RELEASE_CAPTAIN)),
        ("list-sessions-rest-api-cognito", COGNITO, Sessions(RELEASE_CAPTAIN)),
        ("list-sessions-rest-api-authorizer", AUTHORIZER, Sessions(RELEASE_CAPTAIN)),
        ("list-schedule-sessions-rest-api-authorizer", AUTHORIZER, Sessions(NIGHTLY_TRIAGE)),
    ];
    with_defaults.into_iter().map(|(name, source, expected)| (name, source.into(), expected)).chain(others).collect()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events")
}

#[tokio::test]
async fn every_sample_event_gets_the_response_that_its_name_states() {
    let database = TestDynamoDb::with_export(SAMPLE).await;
    for (name, identity, expected) in expected() {
        let event = fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
        let event: Value = serde_json::from_str(&event).unwrap();
        let response = respond(&database.store, identity, &event).await;
        let status = response.status().as_u16();
        match expected {
            Error(code, body) => assert_eq!((status, response.body().as_str()), (code, body), "{name}"),
            Sessions(ids) => {
                assert_eq!(status, 200, "{name}");
                let body: Value = serde_json::from_str(response.body()).unwrap();
                let sessions = body["sessions"].as_array().unwrap().iter();
                let respond: Vec<_> =
                    sessions.map(|session| session.get("session").unwrap_or(session)["id"].as_str().unwrap()).collect();
                assert_eq!(respond, ids, "{name}");
                // A page says where the next one is instead.
                let is_page = event["rawQueryString"].as_str().is_some_and(|query| query.contains("limit="));
                let total = if is_page { Value::Null } else { ids.len().into() };
                assert_eq!(body["total"], total, "{name}");
                assert_eq!(body["next_cursor"].is_string(), is_page, "{name}");
            }
        }
    }
}

#[test]
fn every_event_that_is_shipped_is_tried() {
    let shipped: BTreeSet<_> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let tried: BTreeSet<_> = expected().iter().map(|(name, ..)| format!("{name}.json").into()).collect();
    assert_eq!(shipped, tried);
}

#[tokio::test]
async fn the_sample_shows_a_running_team() {
    let database = TestDynamoDb::with_export(SAMPLE).await;
    let event = fs::read_to_string(folder().join("list-sessions.json")).unwrap();
    let response = respond(&database.store, Header, &serde_json::from_str(&event).unwrap()).await;
    let body: Value = serde_json::from_str(response.body()).unwrap();
    let newest = &body["sessions"][0];
    assert_eq!(newest["is_running"], true);
    assert_eq!(newest["team"]["team"]["id"], "t-release");
    assert_eq!(newest["team"]["leader_agent"]["id"], "release-captain");
    let members = newest["team"]["members"].as_array().unwrap();
    let sessions: Vec<_> = members.iter().map(|member| member["session_id"].as_str().unwrap()).collect();
    assert_eq!(sessions, ["s-changelog-writer", "s-test-runner", "s-docs-checker"]);
}
