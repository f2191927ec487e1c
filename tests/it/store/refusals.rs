//! Records that do not fit the models are refused, and the refusal names the field.

use std::collections::BTreeSet;

use agentscope_model::{AgentRecord, InvalidRecord, Record, ScheduleRecord, SessionRecord, TeamRecord};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::records::{World, agent, parse, schedule, session, team, with};
use serde_json::{Value, json};

use crate::store::behind::count;

/// The path of what makes a record invalid, and the problem there.
fn refusal<T: Record + std::fmt::Debug>(text: &str) -> (String, String) {
    match parse::<T>(text).expect_err(text) {
        InvalidRecord::Field { path, problem } => (path, problem),
        later => panic!("{later}"),
    }
}

/// The fields whose values are kept although the release does not know them.
fn kept<T: Record>(text: &str) -> BTreeSet<String> {
    parse::<T>(text).unwrap_or_else(|error| panic!("{error}: {text}")).unknown_values().clone()
}

/// The session with a value in a place, which may be new.
fn changed(place: &str, value: &Value) -> String {
    let mut session = full();
    match session.pointer_mut(place) {
        Some(old) => *old = value.clone(),
        None => session = with(session, place, value.clone()),
    }
    session.to_string()
}

/// A session with everything in it that can be wrong.
fn full() -> Value {
    let rule = json!({ "tool_name": "Bash", "rule_content": null, "behavior": "allow", "source": "user" });
    let model = json!({ "type": "t", "credential_id": "c", "model": "m", "parameters": {} });
    let text = json!({ "type": "text", "text": "", "id": "" });
    let image =
        json!({ "type": "data", "id": "", "source": { "type": "url", "url": "https://u/", "media_type": "m" } });
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
fn a_value_that_the_service_cannot_work_with_is_named_by_its_path() {
    parse::<SessionRecord>(&full().to_string()).unwrap();
    let cases = [
        ("/id", json!(1), "id"),
        ("/created_at", json!("yesterday"), "created_at"),
        ("/created_at", json!("2026-02-30T00:00:00"), "created_at"),
        ("/created_at", json!("2026-01-01T25:00:00"), "created_at"),
        ("/team_id", json!(["t"]), "team_id"),
        ("/config", json!([]), "config"),
        ("/state", Value::Null, "state"),
        ("/state/summary", json!(1), "state.summary"),
        ("/state/context", json!({}), "state.context"),
        ("/state/context/0/content", json!("text"), "state.context[0].content"),
        ("/state/context/0/content/0", json!("text"), "state.context[0].content[0]"),
        ("/state/context/0/content/1/source", json!("u"), "state.context[0].content[1].source"),
        ("/state/context/0/content/3/output", json!(null), "state.context[0].content[3].output"),
        ("/state/permission_context/allow_rules/Bash", json!({}), "state.permission_context.allow_rules.Bash"),
        ("/state/tool_context/read_file_cache/0/lines", json!("a"), "state.tool_context.read_file_cache[0].lines"),
        ("/user_id", json!(1), "user_id"),
        ("/agent_id", Value::Null, "agent_id"),
        ("/state/permission_context", json!("all"), "state.permission_context"),
        ("/state/context/0/content/0/text", json!("\u{1}"), ""),
    ];
    for (place, value, path) in cases {
        // A text is a text, whatever it says.
        if path.is_empty() {
            assert_eq!(kept::<SessionRecord>(&changed(place, &value)), BTreeSet::new());
            continue;
        }
        let (found, problem) = refusal::<SessionRecord>(&changed(place, &value));
        assert_eq!(found, path, "{value}: {problem}");
        assert!(problem.contains("expected"), "{problem}");
    }
}

#[test]
fn a_value_that_the_release_does_not_know_is_kept_and_reported() {
    let cases = [
        ("/updated_at", json!("0000-01-01T00:00:00")),
        ("/source", json!("agent")),
        ("/source", Value::Null),
        ("/config/workspace_id", Value::Null),
        ("/config/chat_model_config/type", json!({})),
        ("/config/chat_model_config/parameters", json!([])),
        ("/state/summary/1/type", json!("tool_call")),
        ("/state/summary/0/text", json!(1)),
        ("/state/cur_iter", json!("one")),
        ("/state/context/1/role", json!("tool")),
        ("/state/context/1/metadata", json!(null)),
        ("/state/context/0/usage/output_tokens", json!(1.5)),
        ("/state/context/0/content/0/type", json!("video")),
        ("/state/context/0/content/0/type", json!(1)),
        ("/state/context/1/content/0/text", json!([])),
        ("/state/context/0/content/1/source/url", json!("")),
        ("/state/context/0/content/1/source/media_type", json!(1)),
        ("/state/context/0/content/2/state", json!("done")),
        ("/state/context/0/content/2/suggested_rules/0/behavior", json!("Allow")),
        ("/state/context/0/content/3/state", json!("pending")),
        ("/state/context/0/content/3/output/1/source/url", json!(1)),
        ("/state/context/0/content/4/hint/0/text", json!(1)),
        ("/state/permission_context/mode", json!("plan")),
        ("/state/permission_context/allow_rules/Bash/0/behavior", json!("maybe")),
        ("/state/tool_context/max_cache_files", json!(1)),
        ("/state/tool_context/max_cache_files", json!(-5)),
        ("/state/tool_context/max_cache_bytes", json!(10_000.0)),
        ("/state/tool_context/read_file_cache/0/lines/0", json!(1)),
        ("/state/tool_context/read_file_cache/0/bytes", json!("one")),
        ("/state/tasks_context/tasks/0/state", json!("done")),
    ];
    for (place, value) in cases {
        let text = changed(place, &value);
        let record = parse::<SessionRecord>(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
        let fields: Vec<_> = record.unknown_values.iter().collect();
        // `/state/context/1/role` is `state.context[].role`. A kind of block is told by its type.
        let field = place[1..].replace('/', ".").replace(".Bash", ".*");
        let field = without_indices(&field);
        assert_eq!(fields, [&field], "{place}: {value}");
        let json = record.outline.json + &record.conversation + &record.tool_context;
        assert!(json.contains(&value.to_string()), "{place}: {value} in {json}");
    }
}

/// A path with `[]` for each index.
fn without_indices(path: &str) -> String {
    let mut out = String::new();
    for part in path.split('.') {
        if part.parse::<usize>().is_ok() {
            out.push_str("[]");
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(part);
        }
    }
    out
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
        assert_eq!(refusal::<SessionRecord>(&session.to_string()), (path.to_owned(), problem));
    }
}

#[test]
fn agents_teams_and_schedules_are_refused_and_kept_by_path_too() {
    let agent = |place, value: Value| with(agent("u", "a"), place, value).to_string();
    let team = |place, value: Value| with(team("u", "t", "s", &[]), place, value).to_string();
    let schedule = |place, value: Value| with(schedule("u", "s"), place, value).to_string();
    let only = |field: &str| BTreeSet::from([field.to_owned()]);
    assert_eq!(refusal::<AgentRecord>(&agent("/data", json!({ "name": "n", "react_config": {} }))).0, "data");
    assert_eq!(refusal::<TeamRecord>(&team("/session_id", json!(null))).0, "session_id");
    assert_eq!(refusal::<TeamRecord>(&team("/data/member_ids", json!(["m", 1]))).0, "data.member_ids[1]");
    assert_eq!(refusal::<TeamRecord>(&team("/data", json!({}))).0, "data");
    assert_eq!(
        refusal::<ScheduleRecord>(&schedule("/data/chat_model_config", json!(null))).0,
        "data.chat_model_config"
    );
    for (place, value, field) in [
        ("/source", json!("agent"), "source"),
        ("/data/context_config/trigger_ratio", json!(0.9), "data.context_config.trigger_ratio"),
        ("/data/context_config/reserve_ratio", json!(0), "data.context_config.reserve_ratio"),
        ("/data/react_config/max_iters", json!(2.5), "data.react_config.max_iters"),
        ("/data/react_config/stop_on_reject", json!("maybe"), "data.react_config.stop_on_reject"),
    ] {
        assert_eq!(kept::<AgentRecord>(&agent(place, value)), only(field));
    }
    for (place, value, field) in [
        ("/data/started_at", json!("noon"), "data.started_at"),
        ("/data/permission_mode", json!("ask"), "data.permission_mode"),
        ("/data/source", json!("user"), "data.source"),
    ] {
        assert_eq!(kept::<ScheduleRecord>(&schedule(place, value)), only(field));
    }
}

#[test]
fn what_is_no_record_at_all_is_refused_as_a_whole() {
    for text in ["", "null", "[]", "\"x\"", "1", "nonsense"] {
        assert_eq!(refusal::<SessionRecord>(text).0, ".", "{text}");
    }
    // Half of a surrogate pair has no place in UTF-8.
    let session = full().to_string().replace("\"workspace\"", r#""\ud800""#);
    assert_eq!(refusal::<SessionRecord>(&session).0, "config.workspace_id");
    let session = full().to_string().replace("\"parameters\":{}", r#""parameters":{"a":["\udc00"]}"#);
    assert_eq!(refusal::<SessionRecord>(&session).0, "config.chat_model_config.parameters");
}

#[tokio::test]
async fn a_load_names_the_record_and_the_field_and_writes_the_rest() {
    let database = TestDynamoDb::start().await;
    let mut wrong = full();
    wrong["state"]["context"][1] = json!({ "role": "user", "content": [] });
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
        report.problems[1].starts_with(r#"sessions[1] (id "y"): state.context[1]: missing field"#),
        "{}",
        report.problems[1]
    );
    assert_eq!((report.problems.len(), count(&database).await), (2, 2));
}

#[test]
fn a_text_that_ends_too_soon_is_refused_as_a_whole() {
    for text in ["", "{", "{\"", "{\"id\"", "{\"id\":", "{\"config\":{", "{\"?\":1,\"config\":{\"name\""] {
        assert_eq!(refusal::<SessionRecord>(text).0, ".", "{text}");
    }
}
