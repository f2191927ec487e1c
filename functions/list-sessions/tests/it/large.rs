//! Responses of about the size limit of Lambda, which the Runtime API of the tests enforces.

use std::process::Stdio;

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::function::{Function, Outcome, environment};
use agentscope_tests::records::{World, agent, noise, parse, session, with};
use agentscope_tests::responses::body;
use agentscope_tests::runtime_api::RESPONSE_LIMIT;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_list-sessions");

/// What a function may leave of that: its responses have headers of a few hundred bytes.
const MARGIN: usize = 1024;

struct Sessions {
    database: TestDynamoDb,
    function: Function,
    noise: String,
}

impl Sessions {
    async fn start() -> Self {
        let world = World { agents: vec![agent("alice", "a")], ..World::default() };
        let database = TestDynamoDb::with_export(&world.text()).await;
        let function = Function::start(BINARY, environment(&database, "header"), Stdio::null()).await;
        Self { database, function, noise: noise(1, 7_000_000) }
    }

    /// The response with one session whose summary is that long.
    async fn with_summary(&mut self, length: usize, query: &str, accept: &str) -> Value {
        let session = session("alice", "a", "x", "2026-01-01T00:00:00");
        let session = with(session, "/state/summary", &self.noise[..length]);
        self.database.store.put_session(&parse(&session.to_string()).unwrap()).await.unwrap();
        self.send(query, accept).await
    }

    async fn send(&mut self, query: &str, accept: &str) -> Value {
        let mut request = HttpRequest::sessions("alice", "a");
        request.query.push_str(query);
        request.headers.push(("accept-encoding".into(), accept.into()));
        match self.function.invoke(&request.http_api().to_string()).await {
            Outcome::Response(response) => response,
            Outcome::Error(error) => panic!("{error}"),
        }
    }
}

/// The size of a response as the function returns it.
fn size(response: &Value) -> usize {
    response.to_string().len()
}

fn is_too_large(response: &Value) {
    assert_eq!(response["statusCode"], 413);
    let body: Value = serde_json::from_str(&body(response)).unwrap();
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.ends_with("Ask without the bulk of the states (view=summary)."), "{detail}");
}

#[tokio::test]
async fn a_response_just_under_the_limit_is_sent_and_one_just_over_it_is_refused() {
    let mut sessions = Sessions::start().await;
    let response = sessions.with_summary(6_000_000, "", "identity").await;
    // Each letter is a byte.
    let longest = 6_000_000 + RESPONSE_LIMIT - size(&response);
    let response = sessions.with_summary(longest - MARGIN, "", "identity").await;
    assert_eq!((&response["statusCode"], size(&response)), (&json!(200), RESPONSE_LIMIT - MARGIN));
    assert!(body(&response).contains(&sessions.noise[..longest - MARGIN]));
    // The function may refuse a little too early, but never too late.
    for room in [600, 300, 1, 0] {
        let response = sessions.with_summary(longest - room, "", "identity").await;
        match response["statusCode"].as_u64() {
            Some(200) => assert_eq!(size(&response), RESPONSE_LIMIT - room),
            _ => is_too_large(&response),
        }
    }
    for excess in [1, 100_000] {
        is_too_large(&sessions.with_summary(longest + excess, "", "identity").await);
    }
    let response = sessions.send("&view=summary", "identity").await;
    assert_eq!(response["statusCode"], 200);
    assert!(body(&response).contains("\"summary\":\"\""));
    assert!(sessions.function.is_alive());
}

#[tokio::test]
async fn the_limit_applies_to_compressed_responses() {
    let mut sessions = Sessions::start().await;
    // Of a letter's eight bits all but six can be saved, which base64 needs again; gzip at its
    // fastest saves none here.
    for (encoding, mut fits, mut exceeds) in
        [("zstd", 6_200_000, 6_350_000), ("br", 6_200_000, 6_350_000), ("gzip", 4_500_000, 6_350_000)]
    {
        let mut largest = 0;
        while exceeds - fits > 700 {
            let length = (fits + exceeds) / 2;
            let response = sessions.with_summary(length, "", encoding).await;
            if response["statusCode"] == 200 {
                assert_eq!(response["headers"]["content-encoding"], encoding);
                assert!(body(&response).contains(&sessions.noise[..length]));
                largest = size(&response);
                fits = length;
            } else {
                is_too_large(&response);
                exceeds = length;
            }
        }
        assert!((RESPONSE_LIMIT - 2 * MARGIN..=RESPONSE_LIMIT).contains(&largest), "{encoding}: {largest}");
    }
}

#[tokio::test]
async fn what_does_not_fit_as_text_comes_compressed() {
    let mut sessions = Sessions::start().await;
    sessions.noise = "all work and no play ".repeat(800_000);
    is_too_large(&sessions.with_summary(16_000_000, "", "identity").await);
    for encoding in ["zstd", "br", "gzip"] {
        let response = sessions.send("", encoding).await;
        assert_eq!(response["statusCode"], 200);
        assert!(body(&response).contains(&sessions.noise[..16_000_000]));
    }
}
