//! Responses that are too large for a function are refused, before they are read if possible.

use agentscope_api::{IdentitySource, ListOptions, Request, list_response, list_schedule_sessions, list_sessions};
use agentscope_store::{Page, Store};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::proxy::{DynamoDbProxy, keys};
use agentscope_tests::records::{World, agent, noise, run, schedule, with};
use agentscope_tests::runtime_api::RESPONSE_LIMIT;
use serde_json::Value;

use crate::requests::assert_json;

fn lists() -> [HttpRequest; 2] {
    [HttpRequest::sessions("alice", "a"), HttpRequest::schedule_sessions("alice", "s")]
}

/// Sessions with these summaries.
async fn database(summaries: Vec<String>) -> TestDynamoDb {
    let session = |(number, summary): (usize, String)| {
        with(run("alice", "a", "s", &number.to_string(), "2026-01-01T00:00:00"), "/state/summary", summary)
    };
    let world = World {
        agents: vec![agent("alice", "a")],
        schedules: vec![schedule("alice", "s")],
        sessions: summaries.into_iter().enumerate().map(session).collect(),
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}

pub(crate) async fn send(
    store: &Store,
    list: &HttpRequest,
    query: &str,
    accept: &str,
) -> lambda_http::Response<String> {
    let query = [list.query.as_str(), query].join("&");
    let mut request = HttpRequest { query, ..list.clone() };
    request.headers.push(("accept-encoding".into(), accept.into()));
    crate::requests::send(store, &request).await
}

/// The response says what is wrong. Returns the size that it names.
fn is_too_large(response: &lambda_http::Response<String>, about: &str) -> usize {
    let detail = refusal(response, about);
    assert!(detail.contains(&RESPONSE_LIMIT.to_string()), "{about}: {detail}");
    let mut numbers = detail.split(|character: char| !character.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let size = numbers.next().unwrap().parse().unwrap();
    assert!(size > RESPONSE_LIMIT - 1024, "{about}: {detail}");
    size
}

/// The sentences with which a list is refused.
pub(crate) fn refusal(response: &lambda_http::Response<String>, about: &str) -> String {
    assert_eq!(response.status(), 413, "{about}");
    assert_json(response, about);
    assert_eq!(response.headers()["cache-control"], "no-store", "{about}");
    let body: Value = serde_json::from_str(response.body()).unwrap();
    body["detail"].as_str().unwrap().to_owned()
}

/// What a refusal recommends, as it stands in parentheses: queries, and headers.
pub(crate) fn recommended(detail: &str) -> Vec<&str> {
    detail.split('(').skip(1).map(|part| part.split(')').next().unwrap()).collect()
}

/// Everything that is recommended works. Returns the recommendations.
pub(crate) async fn recommends_what_works(store: &Store, list: &HttpRequest, query: &str, accept: &str) -> Vec<String> {
    let about = format!("{} {query} {accept}", list.path);
    let detail = refusal(&send(store, list, query, accept).await, &about);
    let recommended = recommended(&detail);
    let accept = if recommended.contains(&"accept-encoding: gzip") { "gzip" } else { accept };
    for smaller in recommended.iter().filter(|smaller| !smaller.contains(':')) {
        let response = send(store, list, smaller, accept).await;
        assert_eq!(response.status(), 200, "{about}: {detail}");
    }
    recommended.into_iter().map(str::to_owned).collect()
}

/// Quotes: each is four bytes as JSON in JSON, and two as JSON.
#[tokio::test]
async fn the_limit_applies_to_the_response_as_the_function_returns_it() {
    let database = database(vec!["\"".repeat(1_800_000)]).await;
    for list in lists() {
        let response = send(&database.store, &list, "", "").await;
        let size = is_too_large(&response, &list.path);
        assert!((4 * 1_800_000..4 * 1_800_000 + 4096).contains(&size), "{size}");
        assert!(response.body().contains(&format!("has {size} bytes")), "the size is known exactly");
        let smaller = recommends_what_works(&database.store, &list, "", "").await;
        assert_eq!(smaller, ["view=summary"], "the list is one session");
        assert_eq!(send(&database.store, &list, "", "gzip").await.status(), 200);
    }
}

#[tokio::test]
async fn what_is_too_large_as_text_may_fit_compressed() {
    let database = database((0..4).map(|_| "all work and no play ".repeat(150_000)).collect()).await;
    for list in lists() {
        is_too_large(&send(&database.store, &list, "", "identity").await, &list.path);
        for accept in ["zstd", "br", "gzip"] {
            let response = send(&database.store, &list, "", accept).await;
            assert_eq!(
                (response.status().as_u16(), &response.headers()["content-encoding"]),
                (200, &accept.parse().unwrap())
            );
            assert!(response.body().len() > 12_000_000);
        }
        // A smaller request succeeds.
        for query in ["limit=1", "limit=1&view=summary", "view=summary"] {
            assert_eq!(send(&database.store, &list, query, "identity").await.status(), 200, "{query}");
        }
    }
}

#[tokio::test]
async fn noise_that_does_not_fit_compressed_either_is_refused_in_every_encoding() {
    // Of 64 letters: compressed it is three quarters, which base64 undoes.
    let database = database((0..4).map(|seed| noise(seed, 1_600_000)).collect()).await;
    for list in lists() {
        for accept in ["identity", "zstd", "br", "gzip"] {
            is_too_large(&send(&database.store, &list, "", accept).await, accept);
            // The most sessions that fit as text whatever they are, and that fit compressed.
            let limit = if accept == "identity" { "limit=1" } else { "limit=2" };
            let smaller = recommends_what_works(&database.store, &list, "", accept).await;
            assert_eq!(smaller, [limit, "view=summary"], "{accept}");
        }
        assert_eq!(send(&database.store, &list, "limit=3", "identity").await.status(), 200);
        assert_eq!(send(&database.store, &list, "view=summary", "zstd").await.status(), 200);
    }
}

#[tokio::test]
async fn a_response_that_is_known_to_be_too_large_is_refused_before_its_states_are_read() {
    let database = database((0..4).map(|seed| noise(seed, 1_600_000)).collect()).await;
    let proxy = DynamoDbProxy::delaying(&database.url).await;
    let store = database.store_at(&proxy.url);
    for list in lists() {
        for (query, status, parts) in
            [("", 413, false), ("limit=4", 413, false), ("limit=3", 200, true), ("view=summary", 200, false)]
        {
            let response = send(&store, &list, query, "identity").await;
            assert_eq!(response.status(), status, "{query}");
            assert_eq!(keys(&proxy.take()).iter().any(|key| key.contains("#state#")), parts, "{query}");
            if status == 413 {
                let size = is_too_large(&response, query);
                assert!(response.body().contains(&format!("at least {size} bytes")), "{}", response.body());
                assert!((4 * 1_600_000..4 * 1_601_000).contains(&size), "{size}");
            }
        }
    }
}

/// The limit is 30,000 sessions. The test sets a lower one.
#[tokio::test]
async fn a_list_of_too_many_sessions_is_refused_and_pages_are_recommended() {
    let database = database((0..5).map(|number| number.to_string()).collect()).await;
    let store = &database.store;
    let event = HttpRequest::sessions("alice", "a").http_api().to_string();
    let request = Request::from_event(&event).unwrap();
    for (max_sessions, limit, expected) in [(4, None, None), (5, None, Some(5)), (4, Some(3), Some(3))] {
        let page = limit.map(|limit| Page { limit, after: None });
        let options = ListOptions { max_sessions, page, ..ListOptions::default() };
        let of_agent = list_sessions(store, "alice", "a", &options).await;
        let of_schedule = list_schedule_sessions(store, "alice", "s", &options).await;
        let counts = [
            of_agent.ok().map(|outcome| outcome.unwrap().into_list().unwrap().sessions.len()),
            of_schedule.ok().map(|outcome| outcome.unwrap().into_list().unwrap().sessions.len()),
        ];
        assert_eq!(counts, [expected; 2], "{max_sessions} {limit:?}");
    }
    let options = ListOptions { max_sessions: 4, ..ListOptions::default() };
    let read = async |options: &ListOptions| list_sessions(store, "alice", "a", options).await;
    let error = list_response(&request, IdentitySource::Header, &options, read).await.unwrap_err();
    assert_eq!(error.status(), 413);
    let detail = format!("{:?}", error.detail());
    assert!(detail.contains("more than 4 sessions") && detail.contains("(limit=100)"), "{detail}");
}
