//! Any record of the four kinds.

use agentscope_model::number;
use proptest::prelude::*;
use proptest::sample::select;

use crate::store::any_json::{Node, integer, number as json_number, object_of, value};
use crate::store::any_sample::{
    Field, Sample, Samples, just, list, map, name, nullable, one_of, optional, record, required, same, text, time,
};

/// A record with a tag, which may be absent: a field that only its kind has tells it then.
fn block(tag: &'static str, quoted: &'static str, mut fields: Vec<Field>) -> Samples {
    fields.insert(0, optional("type", quoted, just(Node::text(tag))));
    record(fields)
}

/// What is read back as AgentScope prints it. `tests/contract/values.json` holds that to the
/// reference itself.
fn printed(value: impl Strategy<Value = Node> + 'static, print: fn(&str) -> Option<String>) -> Samples {
    value
        .prop_map(move |sent| {
            let text = sent.compact();
            // What AgentScope does not read is kept.
            Sample { kept: Node::raw(print(&text).unwrap_or(text)), sent }
        })
        .boxed()
}

fn free_form() -> Samples {
    printed(object_of(value()), number::free_form_as_spelled)
}

fn float() -> Samples {
    printed(json_number(), number::float_as_spelled)
}

fn whole() -> Samples {
    printed(integer(), number::integer)
}

fn text_block() -> Samples {
    block("text", r#""text""#, vec![required("text", text()), required("id", text())])
}

fn data_block() -> Samples {
    let url = same("https://[a-z]{1,9}\\.example/[a-z0-9/]{0,9}".prop_map(Node::text));
    let source = prop_oneof![
        block("base64", r#""base64""#, vec![required("data", text()), required("media_type", text())]),
        block("url", r#""url""#, vec![required("url", url), required("media_type", text())]),
    ];
    let fields = vec![required("id", text()), required("source", source.boxed()), nullable("name", text())];
    block("data", r#""data""#, fields)
}

/// Plain text, or text and data blocks.
fn content() -> Samples {
    prop_oneof![text(), list(prop_oneof![text_block(), data_block()])].boxed()
}

fn rule() -> Samples {
    record(vec![
        required("tool_name", text()),
        required("rule_content", prop_oneof![just(Node::raw("null")), text()].boxed()),
        required("behavior", name(&["allow", "deny", "ask", "passthrough"])),
        required("source", text()),
    ])
}

fn any_block() -> Samples {
    let call = vec![
        required("id", text()),
        required("name", text()),
        required("input", text()),
        optional("state", r#""pending""#, name(&["pending", "asking", "allowed", "submitted", "finished"])),
        optional("suggested_rules", "[]", list(rule())),
    ];
    let states = &["success", "error", "interrupted", "denied", "running"];
    let result = vec![
        required("id", text()),
        required("name", text()),
        required("output", content()),
        optional("state", r#""running""#, name(states)),
    ];
    let hint = vec![required("hint", content()), required("id", text()), nullable("source", text())];
    prop_oneof![
        text_block(),
        data_block(),
        block("thinking", r#""thinking""#, vec![required("thinking", text()), required("id", text())]),
        block("hint", r#""hint""#, hint),
        block("tool_call", r#""tool_call""#, call),
        block("tool_result", r#""tool_result""#, result),
    ]
    .boxed()
}

fn message() -> Samples {
    let usage = record(vec![required("input_tokens", whole()), required("output_tokens", whole())]);
    record(vec![
        required("name", text()),
        required("content", list(any_block())),
        required("role", name(&["user", "assistant", "system"])),
        required("id", text()),
        optional("metadata", "{}", free_form()),
        required("created_at", text()),
        nullable("finished_at", text()),
        nullable("usage", usage),
    ])
}

fn task() -> Samples {
    record(vec![
        required("subject", text()),
        required("description", text()),
        required("metadata", free_form()),
        required("created_at", text()),
        optional("state", r#""pending""#, name(&["pending", "in_progress", "completed"])),
        required("id", text()),
        nullable("owner", text()),
        optional("blocks", "[]", list(text())),
        optional("blocked_by", "[]", list(text())),
    ])
}

fn state() -> Samples {
    const PERMISSIONS: &str =
        r#"{"mode":"default","working_directories":{},"allow_rules":{},"deny_rules":{},"ask_rules":{}}"#;
    const TOOLS: &str =
        r#"{"max_cache_files":100,"max_cache_bytes":25000.0,"read_file_cache":[],"activated_groups":[]}"#;
    let directory = record(vec![required("path", text()), required("source", text())]);
    let permissions = record(vec![
        optional("mode", r#""default""#, name(&["default", "accept_edits", "explore", "bypass", "dont_ask"])),
        optional("working_directories", "{}", map(directory)),
        optional("allow_rules", "{}", map(list(rule()))),
        optional("deny_rules", "{}", map(list(rule()))),
        optional("ask_rules", "{}", map(list(rule()))),
    ]);
    let file = record(vec![
        required("lines", list(text())),
        required("updated_at", float()),
        required("bytes", float()),
        required("file_path", text()),
    ]);
    let tools = record(vec![
        optional("max_cache_files", "100", one_of(&["2", "100", "123456789012345678901234567890"])),
        optional("max_cache_bytes", "25000.0", one_of(&["10000.5", "25000.0", "30000.0", "1e+300"])),
        optional("read_file_cache", "[]", list(file)),
        optional("activated_groups", "[]", list(text())),
    ]);
    record(vec![
        required("session_id", text()),
        optional("summary", r#""""#, content()),
        optional("context", "[]", list(message())),
        required("reply_id", text()),
        optional("cur_iter", "0", whole()),
        optional("permission_context", PERMISSIONS, permissions),
        optional("tool_context", TOOLS, tools),
        optional("tasks_context", r#"{"tasks":[]}"#, record(vec![optional("tasks", "[]", list(task()))])),
    ])
}

fn model() -> Samples {
    record(vec![
        required("type", text()),
        required("credential_id", text()),
        required("model", text()),
        required("parameters", free_form()),
    ])
}

/// The default of release 2.0.1.
const SUMMARY_SCHEMA: &str = include_str!("../../../shared/model/src/kinds/texts/summary_schema-2.0.1.json");

pub fn agent(user_id: &str, id: &str) -> Samples {
    let ratios = || one_of(&["0.8", "1e-7", "0.1", "0.8999999999999999"]);
    let context = record(vec![
        optional("trigger_ratio", "0.8", ratios()),
        optional("reserve_ratio", "0.1", ratios()),
        required("compression_prompt", text()),
        required("summary_template", text()),
        optional("summary_schema", SUMMARY_SCHEMA, free_form()),
        optional("tool_result_limit", "3000", whole()),
    ]);
    let react = record(vec![
        optional("max_iters", "20", whole()),
        optional("stop_on_reject", "false", just(Node::raw("true"))),
    ]);
    let data = record(vec![
        required("id", text()),
        required("name", text()),
        optional("system_prompt", r#""You're a helpful assistant.""#, text()),
        required("context_config", context),
        required("react_config", react),
    ]);
    record(vec![
        required("id", just(Node::text(id))),
        required("updated_at", time(1)),
        required("created_at", time(2)),
        required("user_id", just(Node::text(user_id))),
        optional("source", r#""user""#, name(&["user", "team"])),
        required("data", data),
    ])
}

pub fn team(user_id: &str, id: &str, agent_id: &str) -> Samples {
    let data = record(vec![
        required("name", text()),
        optional("description", r#""""#, text()),
        // The agent is a member, twice: so it comes back in the members, too.
        required("member_ids", just(Node::List([agent_id, "nobody", "", agent_id].map(Node::text).into()))),
    ]);
    record(vec![
        required("id", just(Node::text(id))),
        required("updated_at", time(1)),
        required("created_at", time(2)),
        required("user_id", just(Node::text(user_id))),
        required("session_id", just(Node::text("session 0"))),
        required("data", data),
    ])
}

pub fn schedule(user_id: &str, id: &str) -> Samples {
    let data = record(vec![
        required("name", text()),
        optional("description", r#""""#, text()),
        optional("enabled", "true", just(Node::raw("false"))),
        optional("timezone", r#""UTC""#, text()),
        required("cron_expression", text()),
        required("started_at", time(3)),
        nullable("ended_at", time(4)),
        required("chat_model_config", model()),
        optional("stateful", "false", just(Node::raw("true"))),
        optional("permission_mode", r#""dont_ask""#, name(&["default", "dont_ask"])),
        optional("source", r#""USER""#, name(&["USER", "AGENT"])),
        optional("source_session_id", r#""""#, text()),
    ]);
    record(vec![
        required("id", just(Node::text(id))),
        required("updated_at", time(1)),
        required("created_at", time(2)),
        required("user_id", just(Node::text(user_id))),
        required("agent_id", text()),
        required("data", data),
    ])
}

pub fn session(number: usize, user_id: &str, agent_id: &str, schedule_id: &str, team_id: &str) -> Samples {
    let config = record(vec![
        required("workspace_id", text()),
        required("name", text()),
        nullable("chat_model_config", model()),
        nullable("fallback_chat_model_config", model()),
    ]);
    let teams = [team_id, "", "nobody's"].map(Node::text);
    record(vec![
        required("id", just(Node::text(format!("session {number}")))),
        required("updated_at", time(1)),
        // Days apart, so that no offset changes their order.
        required("created_at", time(1 + 3 * number)),
        required("user_id", just(Node::text(user_id))),
        required("agent_id", just(Node::text(agent_id))),
        optional("source", r#""user""#, name(&["user", "schedule"])),
        required("source_schedule_id", just(Node::text(schedule_id))),
        nullable("team_id", same(select(teams.to_vec()))),
        required("config", config),
        required("state", state()),
    ])
}
