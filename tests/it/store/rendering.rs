//! How times, numbers and strings are shown, and how any spelling of JSON becomes one.

use crate::requests::body;
use agentscope_model::SessionRecord;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, json_of, parse, run, schedule, with};

/// The session that a list shows after it was loaded from this text.
async fn shown(session: &str) -> String {
    let world =
        World { agents: vec![agent("alice", "a")], schedules: vec![schedule("alice", "s")], ..World::default() };
    let export = world.text().replace(r#""sessions":[]"#, &format!(r#""sessions":[{session}]"#));
    let database = TestDynamoDb::with_export(&export).await;
    let list = body(&database.store, &HttpRequest::schedule_sessions("alice", "s")).await;
    list.strip_prefix(r#"{"sessions":["#).unwrap().strip_suffix(r#"],"total":1}"#).unwrap().to_owned()
}

#[tokio::test]
async fn times_of_records_are_shown_in_one_form() {
    for (sent, expected) in [
        ("2026-01-01T00:00:00", "2026-01-01T00:00:00"),
        ("2026-01-01T00:00:00.000000", "2026-01-01T00:00:00"),
        ("2026-01-01T00:00:00.5", "2026-01-01T00:00:00.500000"),
        ("2026-01-01T00:00:00.000001", "2026-01-01T00:00:00.000001"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.120+00:00", "2026-01-01T00:00:00.120000Z"),
        ("2026-01-01T23:59:59.999999+08:00", "2026-01-01T23:59:59.999999+08:00"),
        ("2026-01-01T00:00:00-05:30", "2026-01-01T00:00:00-05:30"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00"),
        ("9999-12-31T23:59:59.999999-12:00", "9999-12-31T23:59:59.999999-12:00"),
    ] {
        let session = with(run("alice", "a", "s", "x", sent), "/updated_at", sent);
        let expected = format!(r#"{{"id":"x","updated_at":"{expected}","created_at":"{expected}","#);
        let shown = shown(&session.to_string()).await;
        assert!(shown.starts_with(&expected), "{sent}: {shown}");
    }
}

#[tokio::test]
async fn any_spelling_becomes_compact_and_unescaped() {
    let spelled = r#"{
        "state" : { "reply_id" : "\u0072\/\u4e2d\ud83e\udd8a" , "session_id":"\u0000\u001F\u007f\u2028\"\\\b\f\n\r\t",
            "cur_iter" : 123456789012345678901234567890 ,
            "summary" : [ { "text" : "a b" , "id" : "" , "type" : "text" } ] , "context" : [ {
                "content" : [ ] , "created_at" : "2026-01-01 00:00:00+00:00 " , "id" : "m" , "role" : "user" ,
                "finished_at" : "" , "name" : "n" , "metadata" : { "z" : [ 1.0 , -0.0 , 1e300 , 5E-324 , 0.10 , -0 ] , "\u0061" : { } }
            } ] } ,
        "newer" : { "k e y" : [ ] , "\ud83e\udd8a" : "\u0041 \u00e9" } ,
        "config" : { "name" : " n " , "workspace_id" : "" , "newer\u0022" : null } ,
        "source_schedule_id" : "s" , "agent_id" : "a" , "user_id" : "alice" ,
        "created_at" : "2026-01-01 00:00:00" , "updated_at" : "2026-01-01T00:00" , "id" : "x" , "\u0073ource" : "schedule"
    }"#;
    let expected = concat!(
        r#"{"id":"x","updated_at":"2026-01-01T00:00:00","created_at":"2026-01-01T00:00:00","user_id":"alice","#,
        r#""agent_id":"a","source":"schedule","source_schedule_id":"s","team_id":null,"#,
        r#""config":{"workspace_id":"","name":" n ","chat_model_config":null,"fallback_chat_model_config":null,"#,
        r#""newer\"":null},"state":{"session_id":"\u0000\u001f"#,
        "\u{7f}\u{2028}",
        r#"\"\\\b\f\n\r\t","summary":[{"type":"text","text":"a b","id":""}],"#,
        r#""context":[{"name":"n","content":[],"role":"user","id":"m","#,
        r#""metadata":{"z":[1.0,-0.0,1e+300,5e-324,0.1,0],"a":{}},"#,
        r#""created_at":"2026-01-01 00:00:00+00:00 ","finished_at":"","usage":null}],"reply_id":"r/中🦊","#,
        r#""cur_iter":123456789012345678901234567890,"permission_context":{"mode":"default","#,
        r#""working_directories":{},"allow_rules":{},"deny_rules":{},"ask_rules":{}},"#,
        r#""tool_context":{"max_cache_files":100,"max_cache_bytes":25000.0,"read_file_cache":[],"#,
        r#""activated_groups":[]},"tasks_context":{"tasks":[]}},"newer":{"k e y":[],"🦊":"A é"}}"#,
    );
    assert_eq!(shown(spelled).await, expected);
    assert_eq!(shown(expected).await, expected);
}

/// A session with one message of one block, given as text.
fn with_block(block: &str) -> String {
    format!(
        r#"{{"user_id":"alice","agent_id":"a","config":{{"workspace_id":"w"}},"state":{{"context":[
            {{"name":"n","role":"user","content":[{block}]}}]}}}}"#
    )
}

#[test]
fn of_a_repeated_key_the_last_one_counts() {
    let session = r#"{"user_id":"bob","user_id":"alice","agent_id":"a","newer":1,"newer":2,
        "config":{"workspace_id":"one","workspace_id":"two"}}"#;
    let session: SessionRecord = parse(session).unwrap();
    let shown = json_of(&session);
    assert_eq!(session.user_id, "alice");
    assert!(shown.contains(r#""workspace_id":"two""#) && !shown.contains("one"), "{shown}");
    assert!(shown.ends_with(r#","newer":2}"#), "{shown}");
}

#[test]
fn of_a_repeated_key_of_a_block_the_last_one_counts() {
    let block = r#"{"type":"hint","type":"text","text":"one","text":"two","id":"","x":1,"x":2}"#;
    let shown = parse::<SessionRecord>(&with_block(block)).map(|session| json_of(&session));
    assert!(shown.clone().unwrap().contains(r#"[{"type":"text","text":"two","id":"","x":2}]"#), "{shown:?}");
}

#[test]
fn a_block_bears_its_type_once() {
    for (sent, expected) in [
        (r#"{"text":"t","id":"","type":"text"}"#, r#"{"type":"text","text":"t","id":""}"#),
        (r#"{"text":"t","id":""}"#, r#"{"type":"text","text":"t","id":""}"#),
        (r#"{"x":[],"input":"","id":"","name":""}"#, {
            r#"{"type":"tool_call","id":"","name":"","input":"","state":"pending","suggested_rules":[],"x":[]}"#
        }),
    ] {
        let session: SessionRecord = parse(&with_block(sent)).unwrap();
        assert_eq!(content_of(&session), format!("[{expected}]"));
    }
}

/// The content of a session's first message.
fn content_of(session: &SessionRecord) -> String {
    #[derive(serde::Deserialize)]
    struct Message {
        content: Box<serde_json::value::RawValue>,
    }
    let (_, context) = session.conversation.split_once(r#","context":"#).unwrap();
    let messages: Vec<Message> = serde_json::from_str(context).unwrap();
    messages[0].content.get().to_owned()
}

#[test]
fn a_type_of_null_is_not_shown_beside_the_right_one() {
    // Whether it is refused or taken for absent.
    if let Ok(session) = parse::<SessionRecord>(&with_block(r#"{"type":null,"text":"t","id":""}"#)) {
        let shown = content_of(&session);
        assert_eq!(shown, r#"[{"type":"text","text":"t","id":""}]"#);
    }
}
