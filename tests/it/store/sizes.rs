//! Sizes: where a state of a given size lies, and that it comes back byte for byte from there.

use agentscope_model::{AgentRecord, ScheduleRecord, SessionRecord, TeamRecord};
use agentscope_store::{ConstraintViolation, StoreError};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::lists::{body, list_schedule_sessions, list_sessions};
use agentscope_tests::records::{World, agent, json_of, noise, parse, run, schedule, session, team, with};
use serde_json::{Value, json};

use crate::store::behind::{ITEM_LIMIT, count, has_its_own_parts_only, head_and_parts, items, list_of, record, size};

/// Compressed states up to this size lie in the head.
const INLINE_LIMIT: usize = 8 * 1024;

async fn database() -> TestDynamoDb {
    let world =
        World { agents: vec![agent("alice", "a")], schedules: vec![schedule("alice", "s")], ..World::default() };
    TestDynamoDb::with_export(&world.text()).await
}

fn empty() -> Value {
    run("alice", "a", "s", "x", "2026-01-01T00:00:00")
}

/// Writes a session and checks that it comes back, byte for byte, that nothing of it is left from
/// before, and that all its items are as small as DynamoDB wants them. Returns the number of its
/// parts, and the bytes of its bulk.
async fn comes_back(database: &TestDynamoDb, session: &SessionRecord) -> (usize, usize) {
    database.store.put_session(session).await.unwrap();
    let list = body(list_schedule_sessions(&database.store, &session.user_id, "s").await.unwrap().unwrap());
    assert!(list == list_of(session), "{} bytes became {}", list_of(session).len(), list.len());

    has_its_own_parts_only(database, &session.user_id, &session.id).await;
    let items = items(database, &session.user_id).await;
    for item in &items {
        assert!(size(item) <= ITEM_LIMIT, "{} has {} bytes", item["item"].as_s().unwrap(), size(item));
    }
    let bytes = |name: &str| items.iter().filter_map(|item| Some(item.get(name)?.as_b().unwrap().as_ref().len())).sum();
    let (inline, parts): (usize, usize) = (bytes("bulk"), bytes("data"));
    assert!(inline == 0 || parts == 0);
    (items.len() - 1, inline + parts)
}

/// The longest summary of a state that lies in no more than `parts` parts: found between two
/// lengths by halving.
async fn longest(database: &TestDynamoDb, parts: usize, mut fits: usize, mut exceeds: usize) -> usize {
    let summary = noise(1, exceeds);
    while exceeds - fits > 1 {
        let length = (fits + exceeds) / 2;
        let session = record(&with(empty(), "/state/summary", &summary[..length]));
        database.store.put_session(&session).await.unwrap();
        let (_, found) = head_and_parts(database, "alice", "x").await;
        *if found.len() > parts { &mut exceeds } else { &mut fits } = length;
    }
    fits
}

#[tokio::test]
async fn a_state_lies_in_the_head_up_to_8_kb_and_in_a_part_beyond() {
    let database = database().await;
    let limit = longest(&database, 0, 1, 4 * INLINE_LIMIT).await;
    let summary = noise(1, 2 * limit);
    for (length, parts) in [(0, 0), (1, 0), (limit - 1, 0), (limit, 0), (limit + 1, 1), (limit + 2, 1), (2 * limit, 1)]
    {
        let session = record(&with(empty(), "/state/summary", &summary[..length]));
        let (found, bytes) = comes_back(&database, &session).await;
        assert_eq!(found, parts, "{length}");
        assert_eq!(bytes <= INLINE_LIMIT, parts == 0, "{length}: {bytes} bytes");
    }
}

#[tokio::test]
async fn a_state_that_fills_an_item_goes_on_in_another() {
    let database = database().await;
    let limit = longest(&database, 1, ITEM_LIMIT, 2 * ITEM_LIMIT).await;
    let summary = noise(1, limit + 1);
    for (length, parts) in [(limit, 1), (limit + 1, 2)] {
        let (found, bytes) = comes_back(&database, &record(&with(empty(), "/state/summary", &summary[..length]))).await;
        assert_eq!(found, parts, "{length}");
        assert!(bytes > ITEM_LIMIT - 16 * 1024, "a part of {bytes} bytes is not full");
    }
}

#[tokio::test]
async fn a_state_of_megabytes_comes_back_through_both_routes() {
    let database = database().await;
    let message = |number: u64| {
        json!({
            "name": "agent", "role": "assistant", "id": number.to_string(), "created_at": "",
            "content": [{ "type": "text", "id": "", "text": noise(number, 100_000) + "\u{2028}\"\0🦊" }],
        })
    };
    let session = with(empty(), "/state/context", (0..60).map(message).collect::<Value>());
    let session = with(session, "/state/tool_context", json!({ "activated_groups": [noise(99, 500_000)] }));
    let session = record(&session);
    let (parts, bytes) = comes_back(&database, &session).await;
    assert!(bytes > 4_000_000 && parts > 10, "{parts} parts of {bytes} bytes");

    let list = body(list_sessions(&database.store, "alice", "a").await.unwrap().unwrap());
    let session = json_of(&session);
    assert!(list == format!(r#"{{"sessions":[{{"session":{session},"is_running":false,"team":null}}],"total":1}}"#));
}

#[tokio::test]
async fn a_state_of_more_parts_than_fit_into_one_request_is_read_back() {
    let database = database().await;
    // One BatchWriteItem takes 25 items, one BatchGetItem returns 16 MB.
    let session = record(&with(empty(), "/state/summary", noise(1, 23_000_000)));
    let (parts, bytes) = comes_back(&database, &session).await;
    assert!(bytes > 16 * 1024 * 1024 && parts > 41, "{parts} parts of {bytes} bytes");
}

/// The members of a session that lie in the head while they are small, filled with this text.
fn documents(text: &str) -> Vec<(&'static str, Value)> {
    let rule = json!({ "tool_name": "Bash", "rule_content": text, "behavior": "deny", "source": "user" });
    let model = json!({ "type": "t", "credential_id": "c", "model": "m", "parameters": { "stop": [text] } });
    let task = json!({ "subject": "", "description": text, "metadata": {}, "created_at": "", "id": "" });
    vec![
        ("/config/chat_model_config", model),
        ("/state/permission_context", json!({ "mode": "explore", "deny_rules": { "Bash": [rule] } })),
        ("/state/tasks_context", json!({ "tasks": [task] })),
        ("/state/newer", json!(text)),
        ("/newer", json!(text)),
    ]
}

#[tokio::test]
async fn a_document_that_is_too_large_for_the_head_lies_with_the_state() {
    let database = database().await;
    for (place, document) in documents(&noise(1, 600_000)) {
        let (parts, bytes) = comes_back(&database, &record(&with(empty(), place, document))).await;
        assert!(parts == 2 && bytes > 400_000, "{place}: {parts} parts of {bytes} bytes");
        let (head, _) = head_and_parts(&database, "alice", "x").await;
        assert!(size(&head) < 1024, "{place}");
    }
    // Repetition compresses so well that the same documents lie in the head after all.
    for (place, document) in documents(&"0123456789".repeat(60_000)) {
        let (parts, bytes) = comes_back(&database, &record(&with(empty(), place, document))).await;
        assert!(parts == 0 && bytes < 1024, "{place}: {parts} parts of {bytes} bytes");
    }
    let everything = documents(&noise(1, 120_000));
    let session = everything.into_iter().fold(empty(), |session, (place, document)| with(session, place, document));
    assert!(comes_back(&database, &record(&session)).await.0 > 0);
}

#[tokio::test]
async fn documents_of_any_size_come_back_with_a_bulk_of_any_size() {
    let database = database().await;
    for length in [1, 300_000, 343_000, 344_000, 345_000, 405_000, 412_000] {
        for summary in [10, 10_500, 520_000] {
            let session = with(empty(), "/state/summary", noise(2, summary));
            let session = with(session, "/state/newer", noise(1, length));
            comes_back(&database, &record(&session)).await;
        }
    }
}

#[tokio::test]
async fn the_longest_ids_leave_room_for_a_full_part() {
    let database = database().await;
    let user_id = "ü".repeat(20);
    database.store.put_schedule(&parse(&schedule(&user_id, "s").to_string()).unwrap()).await.unwrap();
    let session = run(&user_id, &"a".repeat(2048), "s", &"x".repeat(900), "2026-01-01T00:00:00");
    let session = with(session, "/state/summary", noise(1, 1_500_000));
    assert!(comes_back(&database, &record(&session)).await.0 > 2);
}

fn is_too_large<T: std::fmt::Debug>(response: Result<T, StoreError>, bytes: usize) {
    let problem = format!("{bytes} bytes, expected at most {ITEM_LIMIT}");
    match response {
        Err(StoreError::ConstraintViolation(violation)) => {
            assert_eq!(violation, ConstraintViolation { field: ".", problem })
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_head_that_fits_no_item_is_refused_and_nothing_is_written() {
    let database = database().await;
    let session = record(&with(empty(), "/team_id", "x".repeat(ITEM_LIMIT)));
    let response = database.store.put_session(&session).await;
    assert!(
        matches!(&response, Err(StoreError::ConstraintViolation(ConstraintViolation { field: ".", .. }))),
        "{response:?}"
    );
    assert_eq!(items(&database, "alice").await, []);
    // What is in the JSON alone lies with the bulk.
    for place in ["/state/reply_id", "/state/session_id"] {
        comes_back(&database, &record(&with(empty(), place, "x".repeat(ITEM_LIMIT)))).await;
    }
}

#[tokio::test]
async fn documents_fit_up_to_400_kb_and_are_refused_by_name_beyond() {
    let database = TestDynamoDb::start().await;
    let store = &database.store;
    let of_length = |length: usize| "x".repeat(length);
    let agent = |text| {
        parse::<AgentRecord>(&with(agent("alice", "a"), "/data/system_prompt", of_length(text)).to_string()).unwrap()
    };
    let schedule = |text| {
        parse::<ScheduleRecord>(&with(schedule("alice", "s"), "/data/description", of_length(text)).to_string())
            .unwrap()
    };
    let members: Vec<_> = (0..3000).map(|number| format!("member {number}")).collect();
    let members: Vec<_> = members.iter().map(String::as_str).collect();
    let team = |text| {
        parse::<TeamRecord>(&with(team("alice", "t", "x", &members), "/data/description", of_length(text)).to_string())
            .unwrap()
    };

    for table in ["agents", "teams", "schedules"] {
        let put = async |text| match table {
            "agents" => store.put_agent(&agent(text)).await,
            "teams" => store.put_team(&team(text)).await,
            _ => store.put_schedule(&schedule(text)).await,
        };
        put(0).await.unwrap();
        let names = store.names();
        let name =
            [&names.agents, &names.teams, &names.schedules].into_iter().find(|name| name.ends_with(table)).unwrap();
        let only = async || database.client.scan().table_name(name).send().await.unwrap().items.unwrap().remove(0);
        let room = ITEM_LIMIT - size(&only().await);
        // DynamoDB itself counts, too: it would refuse the largest that is sent if it were one
        // byte larger.
        put(room).await.unwrap();
        let largest = only().await;
        assert_eq!(size(&largest), ITEM_LIMIT, "{table}");
        is_too_large(put(room + 1).await, ITEM_LIMIT + 1);
        is_too_large(put(room + 1_000_000).await, ITEM_LIMIT + 1_000_000);
        assert_eq!(only().await, largest, "{table}");
    }
    assert_eq!(count(&database).await, 3);
}

#[tokio::test]
async fn a_load_names_what_is_too_large_and_writes_the_rest() {
    let database = TestDynamoDb::start().await;
    let large = "x".repeat(ITEM_LIMIT);
    let world = World {
        agents: vec![with(agent("alice", "large"), "/data/system_prompt", &*large), agent("alice", "small")],
        sessions: vec![
            session("alice", "a", &"x".repeat(1000), "2026-01-01T00:00:00"),
            session("alice", "a", "x", "2026-01-01T00:00:00"),
        ],
        ..World::default()
    };
    let report = database.load(&world.text()).await;
    assert_eq!((report.agents, report.sessions, report.problems.len()), (1, 1, 2), "{:?}", report.problems);
    assert!(report.problems[0].starts_with(r#"agents[0] (id "large"): .: "#), "{:?}", report.problems);
    assert!(report.problems[1].starts_with(r#"sessions[0] (id "xxx"#), "{:?}", report.problems);
    assert!(report.problems[1].ends_with(": id: it is too long for a key"), "{:?}", report.problems);
    assert_eq!(count(&database).await, 2);
}
