//! Records that do not fit the models are refused, and the refusal names the field.

use agentscope_shared::model::{AgentRecord, Misfit, ScheduleRecord, SessionRecord, TeamRecord};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::records::{World, agent, parse, schedule, session, team, with};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::behind::count;

fn refusal<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> Misfit {
    parse::<T>(text).expect_err(text)
}

/// A session with everything in it that can be wrong.
fn full() -> Value {
    let rule = json!({ "tool_name": "Bash", "rule_content": null, "behavior": "allow", "source": "user" });
    let model = json!({ "type": "t", "credential_id": "c", "model": "m", "parameters": {} });
    let text = json!({ "type": "text", "text": "", "id": "" });
    let image = json!({ "type": "data", "id": "", "source": { "type": "url", "url": "u", "media_type": "m" } });
    let call = json!({ "type": "tool_call", "id": "", "name": "", "input": "", "suggested_rules": [rule] });
    let result = json!({ "type": "tool_result", "id": "", "name": "", "output": [text, image] });
    let hint = json!({ "type": "hint", "id": "", "hint": [text] });
    let message = json!({
        "name": "", "role": "user", "id": "", "created_at": "", "content": [text, image, call, result, hint],
        "usage": { "input_tokens": 1, "output_tokens": 1 },
    });
    let file = json!({ "lines": [""], "updated_at": 1.0, "bytes": 1.0, "file_path": "" });
    let session = session("alice", "a", "x", "2026-01-01T00:00:00");
    let session = with(session, "/config/chat_model_config", model);
    let session = with(session, "/state/context", json!([message, message]));
    let session = with(session, "/state/summary", json!([text, image]));
    let session =
        with(session, "/state/permission_context", json!({ "mode": "default", "allow_rules": { "Bash": [rule] } }));
    let session = with(session, "/state/tool_context", json!({ "read_file_cache": [file] }));
    let task = json!({ "subject": "", "description": "", "metadata": {}, "created_at": "", "id": "" });
    with(session, "/state/tasks_context", json!({ "tasks": [task] }))
}

#[test]
fn a_value_that_does_not_fit_is_named_by_its_path() {
    parse::<SessionRecord>(&full().to_string()).unwrap();
    let cases = [
        ("/id", json!(1), "id"),
        ("/created_at", json!("yesterday"), "created_at"),
        ("/created_at", json!("2026-02-30T00:00:00"), "created_at"),
        ("/created_at", json!("2026-01-01T25:00:00"), "created_at"),
        ("/updated_at", json!("0000-01-01T00:00:00"), "updated_at"),
        ("/updated_at", json!(1_767_225_600), "updated_at"),
        ("/source", json!("agent"), "source"),
        ("/source", Value::Null, "source"),
        ("/team_id", json!(["t"]), "team_id"),
        ("/config", json!([]), "config"),
        ("/config/workspace_id", Value::Null, "config.workspace_id"),
        ("/config/chat_model_config/type", json!({}), "config.chat_model_config.type"),
        ("/config/chat_model_config/parameters", json!([]), "config.chat_model_config.parameters"),
        ("/state", Value::Null, "state"),
        ("/state/summary", json!(1), "state.summary"),
        ("/state/summary/1/type", json!("tool_call"), "state.summary[1]"),
        ("/state/summary/0/text", json!(1), "state.summary[0].text"),
        ("/state/cur_iter", json!(1.0), "state.cur_iter"),
        ("/state/cur_iter", json!("1"), "state.cur_iter"),
        ("/state/context", json!({}), "state.context"),
        ("/state/context/1/role", json!("tool"), "state.context[1].role"),
        ("/state/context/1/metadata", json!(null), "state.context[1].metadata"),
        ("/state/context/0/usage/output_tokens", json!(1.5), "state.context[0].usage.output_tokens"),
        ("/state/context/0/content", json!("text"), "state.context[0].content"),
        ("/state/context/0/content/0", json!("text"), "state.context[0].content[0]"),
        ("/state/context/0/content/0/type", json!("video"), "state.context[0].content[0]"),
        ("/state/context/0/content/0/type", json!(1), "state.context[0].content[0].type"),
        ("/state/context/1/content/0/text", json!([]), "state.context[1].content[0].text"),
        ("/state/context/0/content/1/source", json!("u"), "state.context[0].content[1].source"),
        ("/state/context/0/content/1/source/url", json!(""), "state.context[0].content[1].source.url"),
        ("/state/context/0/content/1/source/media_type", json!(1), "state.context[0].content[1].source.media_type"),
        ("/state/context/0/content/2/state", json!("done"), "state.context[0].content[2].state"),
        ("/state/context/0/content/2/suggested_rules/0/behavior", json!("Allow"), {
            "state.context[0].content[2].suggested_rules[0].behavior"
        }),
        ("/state/context/0/content/3/state", json!("pending"), "state.context[0].content[3].state"),
        ("/state/context/0/content/3/output", json!(null), "state.context[0].content[3].output"),
        ("/state/context/0/content/3/output/1/source/url", json!(1), {
            "state.context[0].content[3].output[1].source.url"
        }),
        ("/state/context/0/content/4/hint/0/text", json!(1), "state.context[0].content[4].hint[0].text"),
        ("/state/permission_context/mode", json!("plan"), "state.permission_context.mode"),
        ("/state/permission_context/allow_rules/Bash/0/behavior", json!("maybe"), {
            "state.permission_context.allow_rules.Bash[0].behavior"
        }),
        ("/state/permission_context/allow_rules/Bash", json!({}), "state.permission_context.allow_rules.Bash"),
        ("/state/tool_context/max_cache_files", json!(1), "state.tool_context.max_cache_files"),
        ("/state/tool_context/max_cache_files", json!(-5), "state.tool_context.max_cache_files"),
        ("/state/tool_context/max_cache_bytes", json!(10_000.0), "state.tool_context.max_cache_bytes"),
        ("/state/tool_context/read_file_cache/0/lines", json!("a"), "state.tool_context.read_file_cache[0].lines"),
        ("/state/tool_context/read_file_cache/0/lines/0", json!(1), "state.tool_context.read_file_cache[0].lines[0]"),
        ("/state/tool_context/read_file_cache/0/bytes", json!("1"), "state.tool_context.read_file_cache[0].bytes"),
        ("/state/tasks_context/tasks/0/state", json!("done"), "state.tasks_context.tasks[0].state"),
        ("/state/tasks_context/tasks/0/blocked_by", json!([1]), "state.tasks_context.tasks[0].blocked_by[0]"),
    ];
    for (place, value, path) in cases {
        let mut session = full();
        *session.pointer_mut(place).unwrap_or(&mut Value::Null) = value.clone();
        // Fields that the full record does not have are added.
        if full().pointer(place).is_none() {
            session = with(session, place, value.clone());
        }
        let misfit = refusal::<SessionRecord>(&session.to_string());
        assert_eq!(misfit.path, path, "{value}: {misfit}");
        assert!(!misfit.problem.is_empty() && !misfit.problem.contains('\u{1}'), "{misfit}");
    }
}

#[test]
fn a_required_field_that_is_missing_is_named_with_the_record_that_lacks_it() {
    for (object, field, path) in [
        ("", "user_id", "."),
        ("", "agent_id", "."),
        ("", "config", "."),
        ("/config", "workspace_id", "config"),
        ("/config/chat_model_config", "type", "config.chat_model_config"),
        ("/config/chat_model_config", "credential_id", "config.chat_model_config"),
        ("/config/chat_model_config", "model", "config.chat_model_config"),
        ("/config/chat_model_config", "parameters", "config.chat_model_config"),
        ("/state/context/1", "name", "state.context[1]"),
        ("/state/context/1", "content", "state.context[1]"),
        ("/state/context/1", "role", "state.context[1]"),
        ("/state/context/0/content/0", "text", "state.context[0].content[0]"),
        ("/state/context/0/content/1", "source", "state.context[0].content[1]"),
        ("/state/context/0/content/1/source", "media_type", "state.context[0].content[1].source"),
        ("/state/context/0/content/2", "input", "state.context[0].content[2]"),
        ("/state/context/0/content/3", "output", "state.context[0].content[3]"),
        ("/state/context/0/content/4", "hint", "state.context[0].content[4]"),
        ("/state/permission_context/allow_rules/Bash/0", "source", "state.permission_context.allow_rules.Bash[0]"),
        ("/state/tool_context/read_file_cache/0", "file_path", "state.tool_context.read_file_cache[0]"),
        ("/state/tasks_context/tasks/0", "subject", "state.tasks_context.tasks[0]"),
    ] {
        let mut session = full();
        session.pointer_mut(object).unwrap().as_object_mut().unwrap().remove(field).unwrap();
        let problem = format!("missing field `{field}`");
        assert_eq!(refusal::<SessionRecord>(&session.to_string()), Misfit { path: path.into(), problem });
    }
}

#[test]
fn agents_teams_and_schedules_are_refused_by_path_too() {
    let path = |misfit: Misfit| misfit.path;
    let agent = |place, value: Value| path(refusal::<AgentRecord>(&with(agent("u", "a"), place, value).to_string()));
    assert_eq!(agent("/source", json!("agent")), "source");
    assert_eq!(agent("/data", json!({ "name": "n", "react_config": {} })), "data");
    assert_eq!(agent("/data/context_config/trigger_ratio", json!(0.9)), "data.context_config.trigger_ratio");
    assert_eq!(agent("/data/context_config/reserve_ratio", json!(0)), "data.context_config.reserve_ratio");
    assert_eq!(agent("/data/react_config/max_iters", json!(2.5)), "data.react_config.max_iters");
    assert_eq!(agent("/data/react_config/stop_on_reject", json!("no")), "data.react_config.stop_on_reject");
    let team =
        |place, value: Value| path(refusal::<TeamRecord>(&with(team("u", "t", "s", &[]), place, value).to_string()));
    assert_eq!(team("/session_id", json!(null)), "session_id");
    assert_eq!(team("/data/member_ids", json!(["m", 1])), "data.member_ids[1]");
    assert_eq!(team("/data", json!({})), "data");
    let schedule =
        |place, value: Value| path(refusal::<ScheduleRecord>(&with(schedule("u", "s"), place, value).to_string()));
    assert_eq!(schedule("/data/started_at", json!("noon")), "data.started_at");
    assert_eq!(schedule("/data/chat_model_config", json!(null)), "data.chat_model_config");
    assert_eq!(schedule("/data/permission_mode", json!("ask")), "data.permission_mode");
    assert_eq!(schedule("/data/source", json!("user")), "data.source");
}

#[test]
fn what_is_no_record_at_all_is_refused_as_a_whole() {
    for text in ["", "null", "[]", "\"x\"", "1", "nonsense"] {
        assert_eq!(refusal::<SessionRecord>(text).path, ".", "{text}");
    }
    // Half of a surrogate pair has no place in UTF-8.
    let session = full().to_string().replace("\"workspace\"", r#""\ud800""#);
    assert_eq!(refusal::<SessionRecord>(&session).path, "config.workspace_id");
    let session = full().to_string().replace("\"parameters\":{}", r#""parameters":{"a":["\udc00"]}"#);
    assert_eq!(refusal::<SessionRecord>(&session).path, "config.chat_model_config.parameters");
}

#[test]
fn no_record_can_counterfeit_the_path_of_its_fault() {
    let session = with(full(), "/state/permission_context/mode", "\u{1}elsewhere\u{1}all is well\u{1}");
    let misfit = refusal::<SessionRecord>(&session.to_string());
    assert_eq!(misfit.path, "state.permission_context.mode", "{misfit}");

    let mut session = full();
    session["state"]["context"][0]["content"][2]["state"] = json!("\u{1}elsewhere\u{1}all is well\u{1}");
    let misfit = refusal::<SessionRecord>(&session.to_string());
    assert_eq!(misfit.path, "state.context[0].content[2].state", "{misfit}");
}

#[tokio::test]
async fn a_load_names_the_record_and_the_field_and_writes_the_rest() {
    let database = TestDynamoDb::start().await;
    let wrong = with(full(), "/state/context/1/role", "tool");
    let nameless = json!({ "user_id": "alice", "data": {} });
    let world = World {
        agents: vec![agent("alice", "a"), nameless],
        sessions: vec![full(), with(wrong, "/id", "y")],
        ..World::default()
    };
    let report = database.load(&world.text()).await;
    assert_eq!((report.agents, report.sessions), (1, 1));
    assert_eq!(report.problems[0], "agents[1] (no id): data: missing field `name`");
    assert!(
        report.problems[1].starts_with(r#"sessions[1] (id "y"): state.context[1].role: "#),
        "{}",
        report.problems[1]
    );
    assert_eq!((report.problems.len(), count(&database).await), (2, 2));
}

#[test]
fn a_text_that_ends_too_soon_is_refused_where_it_ends() {
    let cases = [
        ("", "."),
        ("{", "."),
        ("{\"", "."),
        ("{\"id\"", "."),
        ("{\"id\":", "id"),
        ("{\"config\":{", "config"),
        ("{\"?\":1,\"config\":{\"name\"", "config"),
    ];
    for (text, path) in cases {
        assert_eq!(refusal::<SessionRecord>(text).path, path, "{text}");
    }
}
