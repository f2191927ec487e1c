//! Every status that the document names, but for the gateway's own, is one that a function really
//! responses.

use std::collections::BTreeSet;

use agentscope_api::IdentitySource::{self, Header};
use agentscope_model::Release;
use agentscope_store::{Store, TableNames};
use agentscope_tests::dynamodb::{TestDynamoDb, client};
use agentscope_tests::events::{HttpRequest, with_claims};
use agentscope_tests::records::{World, agent, noise, run, schedule, with};
use lambda_http::Response;
use serde_json::{Value, json};

use crate::openapi::described::document;
use crate::requests::{respond, respond_to_text};

/// API Gateway says these, no function does.
const OF_THE_GATEWAY: [u16; 2] = [403, 429];

/// Agent `a` and schedule `s` of `alice` with two sessions, which are too large to be respond
/// together without compression.
pub async fn database() -> TestDynamoDb {
    let session = |number: u64| {
        let session = run("alice", "a", "s", &number.to_string(), "2026-01-01T00:00:00");
        with(session, "/state/summary", noise(number, 3_200_000))
    };
    let world = World {
        agents: vec![agent("alice", "a")],
        schedules: vec![schedule("alice", "s")],
        sessions: (0..2).map(session).collect(),
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}

/// Both lists.
pub fn lists() -> [HttpRequest; 2] {
    [HttpRequest::sessions("alice", "a"), HttpRequest::schedule_sessions("alice", "s")]
}

/// A list requested in another way.
pub fn and(list: &HttpRequest, query: &str, headers: &[(&str, &str)]) -> HttpRequest {
    let mut list = list.clone();
    list.query = [list.query.as_str(), query].join("&").trim_matches('&').to_owned();
    list.headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    list
}

async fn status(store: &Store, identity: IdentitySource, event: &Value) -> u16 {
    respond(store, identity, event).await.status().as_u16()
}

/// `requests::respond` validates the responses against the document.
#[tokio::test]
async fn both_routes_respond_with_every_status() {
    let database = database().await;
    let store = &database.store;
    for (path, list) in ["/sessions/", "/schedule/{schedule_id}/sessions"].into_iter().zip(lists()) {
        let summary = and(&list, "view=summary&limit=1&count=true", &[("accept-encoding", "gzip")]);
        let response = respond(store, Header, &summary.http_api()).await;
        let mut seen = BTreeSet::from([response.status().as_u16()]);
        let cursor = next_cursor(&response).unwrap();
        let last = respond(store, Header, &and(&list, &format!("limit=1&cursor={cursor}"), &[]).http_api()).await;
        assert_eq!((last.status().as_u16(), next_cursor(&last)), (200, None));

        let token = with_claims(and(&list, "limit=1", &[]).http_api(), json!({ "sub": "alice" }));
        assert_eq!(status(store, IdentitySource::SUBJECT, &token).await, 200);
        let etag = response.headers()["etag"].to_str().unwrap();
        seen.insert(status(store, Header, &and(&summary, "", &[("if-none-match", etag)]).http_api()).await);
        seen.insert(status(store, IdentitySource::SUBJECT, &list.http_api()).await);
        let blank = HttpRequest { headers: vec![("x-user-id".into(), " ".into())], ..list.clone() };
        assert_eq!(status(store, Header, &blank.http_api()).await, 401);
        seen.insert(status(store, Header, &HttpRequest { headers: Vec::new(), ..list.clone() }.http_api()).await);
        assert_eq!(status(store, Header, &and(&list, "limit=0&cursor=x&count=x&view=x", &[]).http_api()).await, 422);
        let nobody = HttpRequest { headers: vec![("x-user-id".into(), "nobody".into())], ..list.clone() };
        seen.insert(status(store, Header, &nobody.http_api()).await);
        for method in ["POST", "HEAD", "OPTIONS"] {
            seen.insert(status(store, Header, &HttpRequest { method: method.into(), ..list.clone() }.http_api()).await);
        }
        seen.insert(status(store, Header, &list.http_api()).await);
        seen.insert(respond_to_text(store, Header, "{}", path != "/sessions/").await.status().as_u16());
        let missing =
            Store::new(database.client.clone(), TableNames::with_prefix("missing"), agentscope_model::Release::V2_0_1);
        seen.insert(status(&missing, Header, &list.http_api()).await);
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let nothing = Store::new(
            client(&format!("http://127.0.0.1:{port}")),
            store.names().clone(),
            agentscope_model::Release::V2_0_1,
        );
        seen.insert(status(&nothing, Header, &list.http_api()).await);

        let described = document(Release::NEWEST)["paths"][path]["get"]["responses"].as_object().unwrap().keys();
        let described: BTreeSet<u16> = described.map(|status| status.parse().unwrap()).collect();
        seen.extend(OF_THE_GATEWAY);
        assert_eq!(seen, described, "{path}");
    }
}

fn next_cursor(page: &Response<String>) -> Option<String> {
    let body: Value = serde_json::from_str(page.body()).unwrap();
    body["next_cursor"].as_str().map(str::to_owned)
}
