//! Logs contain nothing of unauthenticated requests and of malformed DynamoDB responses.

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::emf;
use agentscope_tests::events::{HttpRequest, with_claims};
use agentscope_tests::function::{Function, Outcome, environment};
use agentscope_tests::proxy::{Action, DynamoDbProxy};
use agentscope_tests::records::{World, agent, session, with};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_list-sessions");

/// What must not be seen again.
const MARK: &str = "s3cret";

/// An environment in which the binary is as talkative as it can be made.
fn talkative(database: &TestDynamoDb, identity: &str) -> Vec<(&'static str, String)> {
    let mut environment = environment(database, identity);
    environment.push(("AWS_LAMBDA_LOG_LEVEL", "TRACE".to_owned()));
    environment.push(("RUST_LOG", "trace".to_owned()));
    environment.push(("RUST_BACKTRACE", "full".to_owned()));
    environment
}

/// Users, agents and sessions with the mark in every text.
fn world() -> String {
    let mut session = session("s3cret user", "s3cret agent", "s3cret session", "2026-01-01T00:00:00");
    session = with(session, "/state/summary", "s3cret summary");
    let agents = vec![agent("s3cret user", "s3cret agent"), agent("alice", "a")];
    World { agents, sessions: vec![session], ..World::default() }.text()
}

/// A request with the mark wherever a client can put it.
fn marked(user_id: &str, agent_id: &str) -> HttpRequest {
    let mut request = HttpRequest::sessions(user_id, agent_id);
    request.query += "&s3cret=s3cret&cursor=s3cret&view=s3cret&limit=s3cret&count=s3cret";
    for name in
        ["authorization", "cookie", "if-none-match", "accept-encoding", "user-agent", "x-s3cret", "x-amzn-trace-id"]
    {
        request.headers.push((name.into(), "s3cret".into()));
    }
    request
}

fn hostile_events() -> Vec<String> {
    let mut events = Vec::new();
    let plain = HttpRequest::sessions("s3cret user", "s3cret agent");
    let requests = [
        plain.clone(),
        marked("s3cret user", "s3cret agent"),
        marked("alice", "s3cret"),
        marked(" ", "s3cret"),
        HttpRequest::sessions("s3cret", "a"),
        HttpRequest::sessions("s3cret\u{1b}[2J", "a"),
        HttpRequest::sessions(&"s3cret".repeat(2000), &"s3cret".repeat(2000)),
        HttpRequest::get("/s3cret", "s3cret", "s3cret"),
        HttpRequest::get("/sessions/", "s3cret", "s3cret"),
        HttpRequest::get("/sessions/", "agent_id=%FFs3cret&limit=s3cret", "s3cret"),
        HttpRequest { method: "S3CRET-s3cret".into(), ..plain.clone() },
        HttpRequest { method: "s3cret s3cret".into(), ..plain },
    ];
    for request in requests {
        for mut event in [request.http_api(), request.function_url(), request.rest_api()] {
            event["body"] = json!("s3cret");
            event["cookies"] = json!(["s3cret=s3cret"]);
            events.push(event.to_string());
            events.push(with_claims(event.clone(), json!({ "sub": "s3cret", "email": ["s3cret"] })).to_string());
            events.push(with_claims(event.clone(), json!("s3cret")).to_string());
            for pointer in
                ["/headers", "/requestContext/http", "/requestContext/stage", "/rawQueryString", "/pathParameters"]
            {
                for value in [json!("s3cret"), json!({ "s3cret": ["s3cret\n"] }), json!(["s3cret"])] {
                    let mut event = event.clone();
                    if let Some(member) = event.pointer_mut(pointer) {
                        *member = value;
                        events.push(event.to_string());
                    }
                }
            }
        }
    }
    events.extend(
        [
            r#""s3cret""#,
            r#"{"s3cret":"s3cret"}"#,
            r#"{"version":"2.0","s3cret":1}"#,
            r#"{"version":["s3cret"]}"#,
            r#"{"version":"2.0","rawPath":"\ud800s3cret"}"#,
            r#"{"version":"2.0","headers":{"s3cret s3cret":"s3cret"},"requestContext":{"http":{"method":"GET"}}}"#,
            // No event that Lambda passes on: it is no JSON.
            "s3cret",
            r#"{"version":"2.0","s3cret"#,
        ]
        .map(str::to_owned),
    );
    events
}

fn is_clean(output: &str, about: &str) {
    let line = output.lines().find(|line| line.to_lowercase().contains(MARK));
    assert!(line.is_none(), "{about}: {}", line.unwrap_or_default());
}

#[tokio::test]
async fn nothing_that_a_caller_sends_is_written_down() {
    let database = TestDynamoDb::with_export(&world()).await;
    for identity in ["header", "jwt"] {
        let events = hostile_events();
        assert!(events.len() > 200);
        let (mut responses, mut lines) = (0, 0);
        // What a process writes stays in the pipe until it ends, which has no room for all of it.
        for events in events.chunks(20) {
            let mut function = Function::start_recorded(BINARY, talkative(&database, identity)).await;
            function.trace(Some("Root=s3cret;Self=s3cret"));
            for event in events {
                match function.invoke(event).await {
                    Outcome::Response(_) => responses += 1,
                    Outcome::Error(_) => assert!(serde_json::from_str::<Value>(event).is_err(), "{event}"),
                }
            }
            let output = function.stop().await;
            is_clean(&output, identity);
            lines += emf::lines(&output).len();
        }
        assert_eq!(responses, lines);
    }
}

/// Responses of DynamoDB that are truncated or malformed contain users' data.
#[tokio::test]
async fn nothing_of_a_dynamodb_response_is_logged() {
    let database = TestDynamoDb::with_export(&world()).await;
    let item = r#"{"Item":{"data":{"S":"s3cret"}},"Items":[{"data":{"S":"s3cret"}}]"#;
    let fates = [
        Action::RespondText(200, item),
        Action::RespondText(200, "s3cret"),
        Action::RespondText(200, r#"{"Item":{"s3cret":{"s3cret":"s3cret"}},"Items":{"s3cret":1}}"#),
        Action::RespondText(200, r#"{"Item":{"data":{"N":"s3cret"}},"Items":[{"data":{"BOOL":"s3cret"}}]}"#),
        Action::RespondText(400, item),
        Action::RespondText(500, "<html>s3cret</html>"),
        Action::ResetMidway,
        Action::CloseMidway,
    ];
    for action in fates {
        let about = format!("{action:?}");
        let proxy = DynamoDbProxy::with_actions(&database.url, move |_| action.clone()).await;
        let mut environment = talkative(&database, "header");
        environment.push(("AWS_ENDPOINT_URL_DYNAMODB", proxy.url.clone()));
        let mut function = Function::start_recorded(BINARY, environment).await;
        let (status, _, body) = function.call(&HttpRequest::sessions("s3cret user", "s3cret agent").http_api()).await;
        assert!(status >= 500, "{about}: {body}");
        assert!(!body.contains(MARK), "{about}: {body}");
        let output = function.stop().await;
        is_clean(&output, &about);
        // That something went wrong is said all the same.
        assert!(output.lines().any(|line| line.contains("\"level\":\"ERROR\"")), "{about}: {output}");
    }
}
