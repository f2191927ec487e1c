//! What stands for the fields that a record lacks.

use crate::requests::body;
use agentscope_model::{ScheduleRecord, SessionRecord, Timestamp};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{json_of, parse};
use serde_json::Value;

/// The least that an export may hold, but for ids and times, which would be made up.
const MINIMAL: &str = r#"{
    "agents": [{"id":"a","created_at":"2026-01-01T00:00:00","updated_at":"2026-01-02T00:00:00","user_id":"alice",
        "data":{"id":"d","name":"n","context_config":{},"react_config":{}}}],
    "teams": [{"id":"t","created_at":"2026-01-01T00:00:00","updated_at":"2026-01-02T00:00:00","user_id":"alice",
        "session_id":"s","data":{"name":"n"}}],
    "sessions": [
        {"id":"s","created_at":"2026-01-01T00:00:00","updated_at":"2026-01-02T00:00:00","user_id":"alice","agent_id":"a",
            "team_id":"t","config":{"workspace_id":"w","name":"n"},"state":{"session_id":"own","reply_id":"r"}},
        {"id":"bare","created_at":"2025-01-01T00:00:00","updated_at":"2025-01-02T00:00:00","user_id":"alice",
            "agent_id":"a","config":{"workspace_id":"w","name":"n"},"state":{"session_id":"own","reply_id":"r",
            "permission_context":{},"tool_context":{},"tasks_context":{}}}
    ]
}"#;

const STATE: &str = concat!(
    r#""state":{"session_id":"own","summary":"","context":[],"reply_id":"r","cur_iter":0,"#,
    r#""permission_context":{"mode":"default","working_directories":{},"allow_rules":{},"deny_rules":{},"ask_rules":{}},"#,
    r#""tool_context":{"max_cache_files":100,"max_cache_bytes":25000.0,"read_file_cache":[],"activated_groups":[]},"#,
    r#""tasks_context":{"tasks":[]}}"#,
);

const AGENT: &str = concat!(
    r#"{"id":"a","updated_at":"2026-01-02T00:00:00","created_at":"2026-01-01T00:00:00","user_id":"alice","#,
    r#""source":"user","data":{"id":"d","name":"n","system_prompt":"You're a helpful assistant.","#,
    r#""context_config":{"trigger_ratio":0.8,"reserve_ratio":0.1,"compression_prompt":"<system-hint>You have been "#,
    r#"working on the task described above but have not yet completed it. Now write a continuation summary that will "#,
    r#"allow you to resume work efficiently in a future context window where the conversation history will be replaced "#,
    r#"with this summary. Your summary should be structured, concise, and actionable.</system-hint>","#,
    r##""summary_template":"<system-info>Here is a summary of your previous work\n# Task Overview\n{task_overview}\n\n"##,
    r##"# Current State\n{current_state}\n\n# Important Discoveries\n{important_discoveries}\n\n# Next Steps\n"##,
    r##"{next_steps}\n\n# Context to Preserve\n{context_to_preserve}</system-info>","##,
    r#""summary_schema":"#,
    include_str!("../../../shared/model/src/kinds/texts/summary_schema-2.0.1.json"),
    r#","tool_result_limit":3000},"react_config":{"max_iters":20,"stop_on_reject":false}}}"#,
);

#[tokio::test]
async fn absent_fields_of_sessions_agents_and_teams_are_shown_with_the_references_defaults() {
    let database = TestDynamoDb::with_export(MINIMAL).await;
    let session = |id: &str, year: u32, team: &str| {
        format!(
            concat!(
                r#"{{"id":"{id}","updated_at":"{year}-01-02T00:00:00","created_at":"{year}-01-01T00:00:00","#,
                r#""user_id":"alice","agent_id":"a","source":"user","source_schedule_id":null,"team_id":{team},"#,
                r#""config":{{"workspace_id":"w","name":"n","chat_model_config":null,"#,
                r#""fallback_chat_model_config":null}},{state}}}"#,
            ),
            id = id,
            year = year,
            team = team,
            state = STATE,
        )
    };
    let team = format!(
        concat!(
            r#"{{"team":{{"id":"t","updated_at":"2026-01-02T00:00:00","created_at":"2026-01-01T00:00:00","#,
            r#""user_id":"alice","session_id":"s","data":{{"name":"n","description":"","member_ids":[]}}}},"#,
            r#""leader_agent":{},"members":[]}}"#,
        ),
        AGENT
    );
    let expected = format!(
        concat!(
            r#"{{"sessions":[{{"session":{},"is_running":false,"team":{}}},"#,
            r#"{{"session":{},"is_running":false,"team":null}}],"total":2}}"#,
        ),
        session("s", 2026, r#""t""#),
        team,
        session("bare", 2025, "null"),
    );
    assert_eq!(body(&database.store, &HttpRequest::sessions("alice", "a")).await, expected);
}

#[test]
fn absent_fields_of_schedules_are_filled_in() {
    let schedule: ScheduleRecord = parse(
        r#"{"id":"s","created_at":"2026-01-01T00:00:00","updated_at":"2026-01-02T00:00:00","user_id":"alice",
            "agent_id":"a","data":{"name":"n","cron_expression":"* * * * *","started_at":"2026-01-01T00:00:00",
            "chat_model_config":{"type":"t","credential_id":"c","model":"m","parameters":{}}}}"#,
    )
    .unwrap();
    let expected = concat!(
        r#"{"id":"s","updated_at":"2026-01-02T00:00:00","created_at":"2026-01-01T00:00:00","user_id":"alice","#,
        r#""agent_id":"a","data":{"name":"n","description":"","enabled":true,"timezone":"UTC","#,
        r#""cron_expression":"* * * * *","started_at":"2026-01-01T00:00:00","ended_at":null,"#,
        r#""chat_model_config":{"type":"t","credential_id":"c","model":"m","parameters":{}},"stateful":false,"#,
        r#""permission_mode":"dont_ask","source":"USER","source_session_id":""}}"#,
    );
    assert_eq!(schedule.json, expected);
}

#[test]
fn absent_fields_of_messages_blocks_and_tasks_are_filled_in() {
    let session: SessionRecord = parse(
        r#"{"user_id":"alice","agent_id":"a","config":{"workspace_id":"w"},"state":{
            "context":[{"name":"n","role":"user","id":"m","created_at":"now","content":[
                {"type":"text","text":"","id":"1"},
                {"type":"thinking","thinking":"","id":"2"},
                {"type":"hint","hint":"","id":"3"},
                {"type":"data","id":"4","source":{"type":"base64","data":"","media_type":""}},
                {"type":"tool_call","id":"5","name":"","input":""},
                {"type":"tool_result","id":"6","name":"","output":""}
            ]}],
            "tasks_context":{"tasks":[{"subject":"","description":"","metadata":{},"created_at":"then","id":"k"}]}}}"#,
    )
    .unwrap();
    let expected = concat!(
        r#"[{"name":"n","content":[{"type":"text","text":"","id":"1"},{"type":"thinking","thinking":"","id":"2"},"#,
        r#"{"type":"hint","hint":"","id":"3","source":null},"#,
        r#"{"type":"data","id":"4","source":{"type":"base64","data":"","media_type":""},"name":null},"#,
        r#"{"type":"tool_call","id":"5","name":"","input":"","state":"pending","suggested_rules":[]},"#,
        r#"{"type":"tool_result","id":"6","name":"","output":"","state":"running"}],"role":"user","id":"m","#,
        r#""metadata":{},"created_at":"now","finished_at":null,"usage":null}]"#,
    );
    assert_eq!(session.conversation, format!(r#""summary":"","context":{expected}"#));
    let expected = concat!(
        r#"{"tasks":[{"subject":"","description":"","metadata":{},"created_at":"then","state":"pending","id":"k","#,
        r#""owner":null,"blocks":[],"blocked_by":[]}]}"#,
    );
    assert!(session.outline.json.contains(&format!(r#""tasks_context":{expected}"#)), "{}", session.outline.json);
}

#[test]
fn absent_ids_are_made_up_each_another_and_always_the_same() {
    let text = r#"{"user_id":"alice","agent_id":"a","config":{"workspace_id":"w"},"state":{"context":[
        {"name":"n","role":"user","content":[{"type":"text","text":""},{"type":"text","text":""}]}]}}"#;
    let ids = |text: &str| {
        let session: SessionRecord = parse(text).unwrap();
        let session: Value = serde_json::from_str(&json_of(&session)).unwrap();
        let message = "/state/context/0";
        let places = ["/id", "/state/session_id", "/state/reply_id", &format!("{message}/id")].map(str::to_owned);
        let blocks = [0, 1].map(|block| format!("{message}/content/{block}/id"));
        let ids =
            places.iter().chain(&blocks).map(|place| session.pointer(place).unwrap().as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let first = ids(text);
    assert_eq!(ids(text), first);
    let other = ids(&text.replace("alice", "bob"));
    let mut all: Vec<_> = first.iter().chain(&other).collect();
    assert!(all.iter().all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())), "{all:?}");
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 12, "{first:?} {other:?}");
}

#[test]
fn absent_times_are_the_present() {
    let before = Timestamp::now();
    let session: SessionRecord = parse(
        r#"{"user_id":"alice","agent_id":"a","config":{"workspace_id":"w"},
            "state":{"context":[{"name":"n","role":"user","content":[]}]}}"#,
    )
    .unwrap();
    let after = Timestamp::now();
    let is_now = |time: &Timestamp| before.instant() <= time.instant() && time.instant() <= after.instant();
    let json: Value = serde_json::from_str(&json_of(&session)).unwrap();
    let time = |place: &str| Timestamp::new(json.pointer(place).unwrap().as_str().unwrap()).unwrap();
    assert!(is_now(&session.created_at) && is_now(&time("/updated_at")));
    assert!(is_now(&time("/state/context/0/created_at")));
    // As in `2026-01-01 10:00:00`.
    let name = json["config"]["name"].as_str().unwrap();
    assert!(name.len() == 19 && Timestamp::new(name).is_some() && name.contains(' '), "{name}");
}
