//! What is told when something is wrong on this side: that it is, and nothing of why.

use std::collections::HashMap;

use agentscope_api::{ApiError, handle_event};
use agentscope_store::{Store, StoreError, TableNames, keys};
use agentscope_tests::dynamodb::{TestDynamoDb, client};
use agentscope_tests::events::HttpRequest;
use agentscope_tests::responses::text;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::http::StatusCode;

use crate::contract::world::database;
use crate::requests::{GATEWAYS, assert_json};

type Item = HashMap<String, AttributeValue>;
type Edit = fn(&mut Item);
type Response = lambda_http::Response<String>;

const FAULT: &str = r#"{"detail":"Internal Server Error"}"#;
const UNAVAILABLE: &str = r#"{"detail":"Service Unavailable"}"#;

fn requests() -> [HttpRequest; 2] {
    [HttpRequest::sessions("alice", "a"), HttpRequest::schedule_sessions("alice", "s")]
}

async fn send(store: &Store, request: &HttpRequest) -> Response {
    crate::requests::send(store, request).await
}

/// A fault has this body alone: no header says more, and there is no `retry-after`.
fn is_fault(response: &Response, about: &str) {
    assert_eq!((response.status().as_u16(), response.body().as_str()), (500, FAULT), "{about}");
    assert_eq!(response.headers().len(), 3, "{about}: {:?}", response.headers());
    assert_eq!(response.headers()["cache-control"], "no-store", "{about}");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{about}");
    assert_json(response, about);
}

fn is_unavailable(response: &Response, about: &str) {
    assert_eq!((response.status().as_u16(), response.body().as_str()), (503, UNAVAILABLE), "{about}");
    let seconds: u32 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{about}");
    assert_json(response, about);
}

/// A DynamoDB that sends the same response to every request.
async fn dynamodb_that_responds(status: u16, body: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let status = StatusCode::from_u16(status).unwrap();
    let router =
        Router::new().fallback(move || async move { (status, [("content-type", "application/x-amz-json-1.0")], body) });
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

async fn responses_over(status: u16, body: &'static str) -> Vec<Response> {
    let store = Store::new(
        client(&dynamodb_that_responds(status, body).await),
        TableNames::with_prefix("any"),
        agentscope_model::Release::V2_0_1,
    );
    let [sessions, schedule] = requests();
    let (sessions, schedule) = tokio::join!(send(&store, &sessions), send(&store, &schedule));
    vec![sessions, schedule]
}

#[tokio::test]
async fn a_panic_costs_one_response() {
    for (way, event) in GATEWAYS {
        for request in requests() {
            let event = event(&request).to_string();
            is_fault(&text(handle_event(&event, async |_| panic!("alice's secret")).await), way);
            let late = async |_| {
                tokio::task::yield_now().await;
                panic!("alice's secret")
            };
            is_fault(&text(handle_event(&event, late).await), way);
        }
    }
}

#[tokio::test]
async fn where_nothing_listens_the_service_is_unavailable() {
    // The port of a listener that is gone again.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = Store::new(
        client(&format!("http://127.0.0.1:{port}")),
        TableNames::with_prefix("any"),
        agentscope_model::Release::V2_0_1,
    );
    let [sessions, schedule] = requests();
    let (sessions, schedule) = tokio::join!(send(&store, &sessions), send(&store, &schedule));
    is_unavailable(&sessions, "sessions");
    is_unavailable(&schedule, "schedule");
}

#[tokio::test]
async fn a_database_that_throttles_or_fails_makes_the_service_unavailable() {
    let faults = [
        (400, r#"{"__type":"com.amazon.coral.availability#ThrottlingException","message":"alice's secret"}"#),
        (400, r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#),
        (400, r#"{"__type":"com.amazonaws.dynamodb.v20120810#RequestLimitExceeded"}"#),
        (500, r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}"#),
        (503, "<html>Service Unavailable</html>"),
        (200, "no JSON"),
    ];
    let responses = futures::future::join_all(faults.map(|(status, body)| responses_over(status, body))).await;
    for (fault, responses) in faults.iter().zip(responses) {
        for response in responses {
            is_unavailable(&response, &format!("{fault:?}"));
        }
    }
}

#[tokio::test]
async fn a_database_that_refuses_is_a_fault() {
    for kind in [
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}"#,
        r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"User: arn:aws:sts::123:x is not authorized"}"#,
        r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"alice's secret"}"#,
        r#"{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"alice's secret"}"#,
    ] {
        for response in responses_over(400, kind).await {
            is_fault(&response, kind);
        }
    }
}

#[tokio::test]
async fn the_response_to_a_handler_error_omits_its_cause() {
    let event = HttpRequest::sessions("alice", "a").http_api().to_string();
    let unavailable = async |_| Err(ApiError::Store(StoreError::Unavailable("alice's secret".into())));
    is_unavailable(&text(handle_event(&event, unavailable).await), "unavailable");
    let refused = async |_| Err(ApiError::Store(StoreError::Refused("alice's secret".into())));
    is_fault(&text(handle_event(&event, refused).await), "refused");
    let contended = async |_| Err(ApiError::Store(StoreError::Contended("alice's secret".into())));
    is_fault(&text(handle_event(&event, contended).await), "contended");
}

#[tokio::test]
async fn a_table_that_does_not_exist_is_a_fault() {
    let database = database().await;
    let names = database.store.names();
    // The sessions route reads three tables at least, the schedule's two.
    let without = |change: fn(&mut TableNames)| {
        let mut names = names.clone();
        change(&mut names);
        Store::new(database.client.clone(), names, agentscope_model::Release::V2_0_1)
    };
    let [sessions, schedule] = requests();
    is_fault(&send(&without(|names| names.agents = "missing".into()), &sessions).await, "agents");
    is_fault(&send(&without(|names| names.sessions = "missing".into()), &sessions).await, "sessions");
    is_fault(&send(&without(|names| names.schedules = "missing".into()), &schedule).await, "schedules");
    is_fault(&send(&without(|names| names.sessions = "missing".into()), &schedule).await, "sessions");
}

/// Replaces an item by what `edit` makes of it.
async fn edit(database: &TestDynamoDb, table: &str, sort: &str, sort_key: &str, edit: impl Fn(&mut Item)) {
    let string = |value: &str| AttributeValue::S(value.to_owned());
    let key = HashMap::from([("user_id".to_owned(), string("alice")), (sort.to_owned(), string(sort_key))]);
    let response = database.client.get_item().table_name(table).set_key(Some(key)).send().await.unwrap();
    let mut item = response.item.unwrap();
    edit(&mut item);
    database.client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
}

#[tokio::test]
async fn an_agent_that_cannot_be_read_is_a_fault() {
    let edits: [Edit; 4] = [
        |item| drop(item.insert("json".into(), AttributeValue::S("{\"name\":\"alice's secret\"".into()))),
        |item| drop(item.insert("json".into(), AttributeValue::N("1".into()))),
        |item| drop(item.insert("json".into(), AttributeValue::S("[1]".into()))),
        |item| drop(item.remove("json")),
    ];
    for (number, change) in edits.into_iter().enumerate() {
        let database = database().await;
        let [sessions, schedule] = requests();
        edit(&database, &database.store.names().agents, "id", "a", change).await;
        is_fault(&send(&database.store, &sessions).await, &format!("edit {number}"));
        // This route reads no agent.
        assert_eq!(send(&database.store, &schedule).await.status(), 200);
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_read_is_a_fault_of_every_list_with_it() {
    fn damaged(item: &mut Item) {
        let mut bytes = item["bulk"].as_b().unwrap().clone().into_inner();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        item.insert("bulk".into(), AttributeValue::B(Blob::new(bytes)));
    }
    let edits: [(&str, Edit); 9] = [
        ("damaged bulk", damaged),
        ("empty bulk", |item| drop(item.insert("bulk".into(), AttributeValue::B(Blob::new(Vec::new()))))),
        ("no bulk", |item| drop(item.remove("bulk"))),
        ("bulk and parts", |item| drop(item.insert("parts".into(), AttributeValue::N("1".into())))),
        ("bulk of another type", |item| drop(item.insert("bulk".into(), AttributeValue::S("alice's secret".into())))),
        ("no JSON", |item| drop(item.remove("json"))),
        ("no place of the conversation", |item| drop(item.remove("conversation_at"))),
        ("another place of the tools' memory", |item| {
            drop(item.insert("tool_context_at".into(), AttributeValue::N("3".into())));
        }),
        ("a text that is no JSON", |item| {
            drop(item.insert("json".into(), AttributeValue::S("{\"state\":[alice's secret]}".into())));
        }),
    ];
    for (damage, change) in edits {
        let database = database().await;
        edit(&database, &database.store.names().sessions, "item", &keys::head("2"), change).await;
        for request in requests() {
            is_fault(&send(&database.store, &request).await, damage);
        }
    }
}
