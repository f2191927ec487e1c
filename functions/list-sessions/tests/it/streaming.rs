//! Streams of large lists, and streams that do not reach their receiver.

use std::process::Stdio;
use std::time::Duration;

use agentscope_store::StoredRecord;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::function::{Function, Outcome, environment, posted};
use agentscope_tests::records::{World, agent, noise, session, session_record, with};
use agentscope_tests::responses::body;
use agentscope_tests::runtime_api::{NO_DEADLINE, Reading, deadline_in};
use agentscope_tests::streamed::Streamed;
use agentscope_tests::streaming::streaming_environment;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_list-sessions");

/// An agent with this many sessions, whose summaries have this many bytes of noise.
async fn database(sessions: u64, bytes: usize) -> TestDynamoDb {
    let world = World { agents: vec![agent("alice", "a")], ..World::default() };
    let database = TestDynamoDb::with_export(&world.text()).await;
    for number in 0..sessions {
        let session = session("alice", "a", &format!("s{number:03}"), "2026-01-01T00:00:00");
        let session = with(session, "/state/summary", noise(number, bytes));
        session_record(&session).put(&database.store).await.unwrap();
    }
    database
}

async fn streaming(database: &TestDynamoDb, settings: &[(&'static str, &str)]) -> Function {
    let mut environment = streaming_environment(database, "header");
    environment.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
    Function::start_recorded(BINARY, environment).await
}

fn request(query: &str) -> HttpRequest {
    let mut request = HttpRequest::sessions("alice", "a");
    request.query.push_str(query);
    request
}

async fn status(function: &mut Function, event: &Value) -> u64 {
    match function.invoke(&event.to_string()).await {
        Outcome::Response(response) => response["statusCode"].as_u64().unwrap(),
        Outcome::Error(error) => panic!("{error}"),
    }
}

/// A function of 512 MB. The list does not compress, so that all of it has to be in memory.
#[tokio::test]
async fn a_list_of_60_mb_is_streamed_whole_within_512_mb() {
    let database = database(30, 2_000_000).await;
    let mut function = streaming(&database, &[]).await;
    for accept in ["identity", "zstd"] {
        let mut request = request("");
        request.headers.push(("accept-encoding".into(), accept.into()));
        let receiver = function.send(NO_DEADLINE, &request.rest_api().to_string(), Vec::new());
        let streamed = Streamed::read(&posted(receiver).await).unwrap();
        assert_eq!(streamed.metadata["statusCode"], 200);
        let list: Value = match accept {
            "zstd" => serde_json::from_slice(&zstd::decode_all(&streamed.body[..]).unwrap()).unwrap(),
            _ => {
                assert!(streamed.body.len() > 60_000_000);
                serde_json::from_slice(&streamed.body).unwrap()
            }
        };
        let sessions = list["sessions"].as_array().unwrap();
        assert_eq!((sessions.len(), &list["total"]), (30, &json!(30)));
        for (row, number) in sessions.iter().zip((0..30).rev()) {
            assert!(row["session"]["state"]["summary"] == noise(number, 2_000_000), "{number}");
        }
    }
    let peak = function.peak_memory();
    assert!(peak < 512 << 20, "{peak}");
}

#[tokio::test]
async fn a_list_over_lambdas_limit_for_documents_equals_the_buffered_parts() {
    let database = database(6, 2_000_000).await;
    let mut streaming = streaming(&database, &[]).await;
    let mut buffered = Function::start(BINARY, environment(&database, "header"), Stdio::null()).await;
    assert_eq!(status(&mut buffered, &request("").function_url()).await, 413);
    let receiver = streaming.send(NO_DEADLINE, &request("").function_url().to_string(), Vec::new());
    let whole: Value = serde_json::from_slice(&Streamed::read(&posted(receiver).await).unwrap().body).unwrap();
    let (mut cursor, mut sessions) = (String::new(), Vec::new());
    for _ in 0..3 {
        let event = request(&format!("&limit=2{cursor}")).function_url();
        let Outcome::Response(page) = buffered.invoke(&event.to_string()).await else { panic!("no response") };
        let page: Value = serde_json::from_str(&body(&page)).unwrap();
        sessions.extend(page["sessions"].as_array().unwrap().clone());
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap_or_default());
    }
    assert!(whole["sessions"] == json!(sessions));
}

#[tokio::test]
async fn a_list_past_the_configured_limit_is_refused_and_what_is_recommended_works() {
    let database = database(5, 500_000).await;
    let mut function = streaming(&database, &[("MAX_LIST_BYTES", "2000000")]).await;
    for accept in ["identity", "gzip"] {
        let event = |query: &str| {
            let mut request = request(query);
            request.headers.push(("accept-encoding".into(), accept.into()));
            request.rest_api()
        };
        let Outcome::Response(refusal) = function.invoke(&event("").to_string()).await else { panic!("no response") };
        assert_eq!(refusal["statusCode"], 413);
        let detail = body(&refusal);
        assert!(detail.contains("and 2000000 can be returned"), "{detail}");
        assert!(detail.contains("(limit=3)") && detail.contains("(view=summary)"), "{detail}");
        for (query, expected) in [("&limit=3", 200), ("&view=summary", 200), ("&limit=4", 413)] {
            assert_eq!(status(&mut function, &event(query)).await, expected, "{accept} {query}");
        }
    }
}

/// Nothing has been sent when a state turns out to be damaged: the status is right.
#[tokio::test]
async fn a_list_that_cannot_be_rendered_is_an_error_of_its_own() {
    let database = database(3, 600_000).await;
    let names = database.store.names();
    let parts = database.client.query().table_name(&names.sessions);
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
    let parts = parts.key_condition_expression("user_id = :user AND begins_with(#item, :prefix)");
    let parts = parts.expression_attribute_names("#item", "item");
    let parts = parts.expression_attribute_values(":user", text("alice"));
    let parts = parts.expression_attribute_values(":prefix", text("session#s000#state#")).send().await.unwrap();
    let part = parts.items().last().unwrap().clone();
    let delete = database.client.delete_item().table_name(&names.sessions);
    delete.key("user_id", part["user_id"].clone()).key("item", part["item"].clone()).send().await.unwrap();
    let mut function = streaming(&database, &[]).await;
    for event in [request("").rest_api(), request("").function_url()] {
        assert_eq!(status(&mut function, &event).await, 500);
    }
    assert_eq!(status(&mut function, &request("&limit=1").rest_api()).await, 200);
}

#[tokio::test]
async fn a_stream_that_outlasts_the_function_ends_with_an_error_in_its_trailers() {
    let database = database(15, 2_000_000).await;
    let mut function = streaming(&database, &[]).await;
    // As Lambda reads what comes after the first 6 MB. The list takes 15 seconds.
    let slow = Reading::Paced(2_000_000);
    let receiver =
        function.send_and_read(deadline_in(Duration::from_secs(10)), &request("").rest_api().to_string(), slow);
    let cut = posted(receiver).await;
    let trailers = cut.trailers.as_ref().expect("the stream has no trailers");
    assert_eq!(trailers["lambda-runtime-function-error-type"], "Runtime.StreamTimeout");
    let error = STANDARD.decode(trailers["lambda-runtime-function-error-body"].as_bytes()).unwrap();
    let error: Value = serde_json::from_slice(&error).unwrap();
    assert_eq!(error["errorType"], "Runtime.StreamTimeout");
    assert!(cut.len() >= 64 << 10 && cut.len() < 30_000_000, "{}", cut.len());
    // The next event is served.
    assert_eq!(status(&mut function, &request("").rest_api()).await, 200);
    let log = function.stop().await;
    assert!(log.contains("out of time: the response was not sent to its end"), "{log}");
}

#[tokio::test]
async fn a_receiver_that_goes_away_or_stops_reading_costs_its_own_request_alone() {
    let database = database(10, 2_000_000).await;
    let mut function = streaming(&database, &[]).await;
    assert_eq!(status(&mut function, &request("&limit=1").rest_api()).await, 200);
    for reading in [Reading::Aborted(1), Reading::Aborted(3_000_000), Reading::Stalled(3_000_000)] {
        let event = request("").rest_api().to_string();
        let mut lost = function.send_and_read(deadline_in(Duration::from_secs(6)), &event, reading);
        assert_eq!(status(&mut function, &request("").rest_api()).await, 200, "{reading:?}");
        assert!(lost.try_recv().is_err(), "{reading:?}");
    }
    assert!(function.is_alive());
    let log = function.stop().await;
    assert!(log.contains("out of time: nobody read the response to its end"), "{log}");
    assert!(log.contains("the Runtime API refused the result") || log.contains("cannot post the result"), "{log}");
}
