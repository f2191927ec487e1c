//! The HTTP API in front of the functions, and the endpoints that control the test stack.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use agentscope_store::TableNames;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::function::{Function, Outcome, environment};
use agentscope_tests::proxy::Upstream;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::dump::dump;
use crate::throttle::Throttle;

/// The environment variable with the release of AgentScope that the functions replace.
const RELEASE: &str = "AGENTSCOPE_RELEASE";

/// The functions, the tables and the proxy of a test stack.
pub(crate) struct TestStack {
    /// `list-sessions`.
    pub(crate) lists: Functions,
    /// `list-schedule-sessions`.
    pub(crate) schedule_lists: Functions,
    /// The tables' DynamoDB, without throttling.
    pub(crate) upstream: Upstream,
    /// The tables.
    pub(crate) names: TableNames,
    /// What the other endpoint of DynamoDB does.
    pub(crate) throttle: Arc<Throttle>,
}

/// Processes of one function, each of which has one event at a time, as Lambda's have.
pub(crate) struct Functions {
    binary: PathBuf,
    environment: Vec<(&'static str, String)>,
    count: usize,
    idle: Mutex<UnboundedReceiver<Function>>,
    back: UnboundedSender<Function>,
}

/// Starts so many processes of the function whose binary lies beside this program, for the release
/// of AgentScope that this program's environment names.
pub(crate) async fn functions(name: &str, count: usize, database: &TestDynamoDb) -> Functions {
    let binary = std::env::current_exe().unwrap().with_file_name(name);
    assert!(binary.exists(), "{} is missing: build it first", binary.display());
    let (back, idle) = unbounded_channel();
    let environment = environment(database, "header");
    let functions = Functions { binary, environment, count, idle: Mutex::new(idle), back };
    functions.start(std::env::var(RELEASE).ok()).await;
    functions
}

impl Functions {
    async fn start(&self, release: Option<String>) {
        let mut environment = self.environment.clone();
        environment.extend(release.map(|release| (RELEASE, release)));
        for _ in 0..self.count {
            // Standard output is for the tests.
            self.back.send(Function::start(&self.binary, environment.clone(), Stdio::null()).await).unwrap();
        }
    }

    async fn invoke(&self, event: &Value) -> Outcome {
        let mut function = self.idle.lock().await.recv().await.unwrap();
        let outcome = function.invoke(&event.to_string()).await;
        self.back.send(function).unwrap();
        outcome
    }

    /// Ends all of them, before the Runtime API goes away: they would complain.
    pub(crate) async fn stop(&self) {
        for _ in 0..self.count {
            self.idle.lock().await.recv().await.unwrap().stop().await;
        }
    }
}

/// Serves all of it on a port of its own, and returns its address.
pub(crate) async fn start(stack: Arc<TestStack>) -> String {
    let router = Router::new()
        .route("/_stack/throttling/{percent}", post(set_throttling))
        .route("/_stack/release/{release}", post(set_release))
        .route("/_stack/requests", get(requests))
        .route("/_stack/dump", get(dump_tables))
        .fallback(send)
        .with_state(stack);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

async fn set_throttling(State(stack): State<Arc<TestStack>>, Path(percent): Path<u32>) {
    stack.throttle.percent.store(percent, Ordering::Relaxed);
}

/// Replaces all functions by new processes, as a deployment does.
async fn set_release(State(stack): State<Arc<TestStack>>, Path(release): Path<String>) {
    for functions in [&stack.lists, &stack.schedule_lists] {
        functions.stop().await;
        functions.start(Some(release.clone())).await;
    }
}

async fn requests(State(stack): State<Arc<TestStack>>) -> Json<Value> {
    Json(stack.throttle.counts())
}

async fn dump_tables(State(stack): State<Arc<TestStack>>) -> Json<Value> {
    Json(dump(&stack.upstream, &stack.names).await)
}

/// Sends a request to the function of its route.
async fn send(State(stack): State<Arc<TestStack>>, request: Request) -> Response {
    let path = request.uri().path();
    let functions = if matches!(path, "/sessions" | "/sessions/") {
        &stack.lists
    } else if path.starts_with("/schedule/") {
        &stack.schedule_lists
    } else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if request.method() != Method::GET {
        return StatusCode::NOT_FOUND.into_response();
    }
    let headers = request.headers().iter();
    let http = HttpRequest {
        method: "GET".to_owned(),
        path: path.to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers: headers.map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
    };
    match functions.invoke(&http.http_api()).await {
        Outcome::Response(response) => as_http(&response),
        Outcome::Error(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

fn as_http(envelope: &Value) -> Response {
    let body = envelope["body"].as_str().unwrap_or_default();
    let body = if envelope["isBase64Encoded"] == true {
        Body::from(BASE64_STANDARD.decode(body).unwrap())
    } else {
        Body::from(body.to_owned())
    };
    let status = u16::try_from(envelope["statusCode"].as_u64().unwrap()).unwrap();
    let mut response = Response::builder().status(status);
    for (name, value) in envelope["headers"].as_object().unwrap() {
        response = response.header(name, value.as_str().unwrap());
    }
    response.body(body).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
