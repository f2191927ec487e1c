//! What is not described is found: real responses, each changed in one place.

use agentscope_api::IdentitySource::Header;
use agentscope_model::Release;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use lambda_http::Response;
use serde_json::{Value, json};

use crate::openapi::described::is_described;
use crate::requests::respond;

const SESSIONS: &str = "/sessions/";
const SCHEDULE: &str = "/schedule/{schedule_id}/sessions";
const SAMPLE: &str = include_str!("../../../xtask/sample/export.json");

/// Responses of both routes over the sample data, and errors.
async fn real() -> Vec<(&'static str, Response<String>)> {
    let database = TestDynamoDb::with_export(SAMPLE).await;
    let mut real = Vec::new();
    for (path, request) in [
        (SESSIONS, HttpRequest::sessions("alice", "release-captain")),
        (SCHEDULE, HttpRequest::schedule_sessions("alice", "nightly-triage")),
        (SESSIONS, HttpRequest::sessions("alice", "nobody")),
        (SESSIONS, HttpRequest::get(SESSIONS, "limit=101", "alice")),
        (SESSIONS, HttpRequest::get(SESSIONS, "agent_id=release-captain&view=summary&limit=1", "alice")),
    ] {
        real.push((path, respond(&database.store, Header, &request.http_api()).await));
    }
    real
}

/// The response with its body changed at one place.
fn with(response: &Response<String>, pointer: &str, value: Value) -> Response<String> {
    changed(response, |body| *body.pointer_mut(pointer).unwrap() = value)
}

/// The response without a member of its body.
fn without(response: &Response<String>, pointer: &str) -> Response<String> {
    let (outer, name) = pointer.rsplit_once('/').unwrap();
    changed(response, |body| drop(body.pointer_mut(outer).unwrap().as_object_mut().unwrap().remove(name).unwrap()))
}

fn and(response: &Response<String>, outer: &str, name: &str) -> Response<String> {
    changed(response, |body| {
        drop(body.pointer_mut(outer).unwrap().as_object_mut().unwrap().insert(name.into(), json!(1)))
    })
}

fn changed(response: &Response<String>, change: impl FnOnce(&mut Value)) -> Response<String> {
    let mut body = serde_json::from_str(response.body()).unwrap();
    change(&mut body);
    response.clone().map(|_| body.to_string())
}

fn with_header(response: &Response<String>, name: &'static str, value: &'static str) -> Response<String> {
    let mut response = response.clone();
    response.headers_mut().insert(name, value.parse().unwrap());
    response
}

fn without_header(response: &Response<String>, name: &str) -> Response<String> {
    let mut response = response.clone();
    response.headers_mut().remove(name).unwrap();
    response
}

fn with_status(response: &Response<String>, status: u16) -> Response<String> {
    let mut response = response.clone();
    *response.status_mut() = status.try_into().unwrap();
    response
}

#[tokio::test]
async fn a_response_that_is_changed_in_one_place_does_not_match_the_document() {
    let real = real().await;
    let [(_, list), (_, runs), (_, missing), (_, wrong), (_, page)] = real.as_slice() else { unreachable!() };
    for (path, response) in &real {
        assert_eq!(is_described(Release::V2_0_1, path, response), Ok(()));
    }
    let row = "/sessions/0/session";
    for (number, (path, response)) in [
        (SESSIONS, with(list, "/sessions/0/is_running", json!("yes"))),
        (SESSIONS, with(list, "/total", json!(-1))),
        (SESSIONS, with(list, "/total", json!(null))),
        (SESSIONS, without(list, "/sessions")),
        (SESSIONS, without(list, "/sessions/0/team")),
        (SESSIONS, and(list, "", "page")),
        (SESSIONS, and(list, "/sessions/0", "user")),
        (SESSIONS, and(list, "/sessions/0/team", "user")),
        (SESSIONS, and(list, "/sessions/0/team/members/0", "user")),
        (SESSIONS, without(list, "/sessions/0/team/leader_agent")),
        (SESSIONS, without(list, "/sessions/0/team/members/0/agent/data/system_prompt")),
        (SESSIONS, with(list, "/sessions/0/team/members/0/agent/data/context_config/trigger_ratio", json!("0.9"))),
        (SESSIONS, with(list, &format!("{row}/created_at"), json!("2026-03-12 08:02:11"))),
        (SESSIONS, with(list, &format!("{row}/source"), json!(["team"]))),
        (SESSIONS, without(list, &format!("{row}/team_id"))),
        (SESSIONS, without(list, &format!("{row}/config/fallback_chat_model_config"))),
        (SESSIONS, with(list, &format!("{row}/state/cur_iter"), json!(1.5))),
        (SESSIONS, with(list, &format!("{row}/state/context/0/role"), json!(1))),
        (SESSIONS, with(list, &format!("{row}/state/context/0/content/0/type"), json!("thinking"))),
        (SESSIONS, without(list, &format!("{row}/state/context/0/content/0/type"))),
        (SESSIONS, with(list, &format!("{row}/state/permission_context/mode"), json!({}))),
        (SESSIONS, with(page, "/sessions/0/status", json!("waiting"))),
        (SESSIONS, with(page, "/next_cursor", json!(1))),
        (SCHEDULE, with(runs, "/sessions/0/source_schedule_id", json!(1))),
        (SCHEDULE, without(runs, "/sessions/0/state/tasks_context/tasks")),
        (SCHEDULE, list.clone()),
        (SESSIONS, runs.clone()),
        (SESSIONS, with(missing, "/detail", json!(["Agent 'nobody' not found."]))),
        (SESSIONS, and(missing, "", "message")),
        (SESSIONS, with(wrong, "/detail", json!([]))),
        (SESSIONS, with(wrong, "/detail", json!("wrong"))),
        (SESSIONS, without(wrong, "/detail/0/loc")),
        (SESSIONS, with(wrong, "/detail/0/loc", json!(["query"]))),
        (SESSIONS, with_status(missing, 410)),
        (SESSIONS, with_status(missing, 304)),
        (SESSIONS, with_status(list, 422)),
        (SESSIONS, with_header(list, "content-type", "text/html")),
        (SESSIONS, without_header(list, "content-type")),
        (SESSIONS, without_header(list, "etag")),
        (SESSIONS, with_header(list, "etag", "\"strong\"")),
        (SESSIONS, with_header(list, "cache-control", "public")),
        (SESSIONS, with_header(list, "vary", "*")),
        (SESSIONS, with_header(list, "content-encoding", "deflate")),
        (SESSIONS, with_header(list, "x-powered-by", "us")),
        (SESSIONS, without_header(missing, "cache-control")),
        (SESSIONS, with_header(missing, "etag", "W/\"0-0\"")),
        (SESSIONS, list.clone().map(|body| body[1..].to_owned())),
        (SESSIONS, list.clone().map(|_| String::new())),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(
            is_described(Release::V2_0_1, path, &response).is_err(),
            "change {number}: {:?} {}",
            response.headers(),
            response.body()
        );
    }
}

/// Fields of a newer AgentScope are passed on, wherever they are in a record.
#[tokio::test]
async fn a_record_may_have_more_fields() {
    let real = real().await;
    let (_, list) = &real[0];
    for outer in ["/sessions/0/session", "/sessions/0/session/state/context/0/content/0", "/sessions/0/team/team/data"]
    {
        assert_eq!(is_described(Release::V2_0_1, SESSIONS, &and(list, outer, "of_a_newer_version")), Ok(()), "{outer}");
    }
}
