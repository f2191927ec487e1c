//! A Lambda Runtime API, and functions that run behind it as the binaries that Lambda runs.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path as UrlPath, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::dynamodb::TestDynamoDb;

/// How long a function may take for an response. It bounds a test that has gone wrong; nothing is measured.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a function posted for an event.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// An response.
    Response(Value),
    /// An error of the invocation.
    Error(Value),
}

/// A function that runs.
#[derive(Debug)]
pub struct Function {
    child: Child,
    events: mpsc::UnboundedSender<Event>,
    waiting: Waiting,
    count: usize,
    trace: Option<String>,
}

/// An event on its way to a function.
#[derive(Debug)]
struct Event {
    id: String,
    payload: String,
    /// When Lambda would stop the function, in milliseconds since 1970.
    deadline: u64,
    trace: Option<String>,
    /// Headers that replace the others of their names; those without a value are not sent.
    headers: Headers,
}

/// Names of headers, and their values.
pub type Headers = Vec<(&'static str, Option<Vec<u8>>)>;

/// The deadline of events for which it does not matter: 2100.
const FAR: u64 = 4_102_444_800_000;

/// A deadline in the future, as Lambda sends it.
pub fn deadline_in(left: Duration) -> u64 {
    (SystemTime::now() + left).duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<Outcome>>>>;

#[derive(Clone)]
struct Api {
    events: Arc<Mutex<mpsc::UnboundedReceiver<Event>>>,
    waiting: Waiting,
}

/// The environment of a function over a database.
pub fn environment(database: &TestDynamoDb, identity: &str) -> Vec<(&'static str, String)> {
    let names = database.store.names();
    vec![
        ("SESSIONS_TABLE", names.sessions.clone()),
        ("AGENTS_TABLE", names.agents.clone()),
        ("TEAMS_TABLE", names.teams.clone()),
        ("SCHEDULES_TABLE", names.schedules.clone()),
        ("IDENTITY_SOURCE", identity.to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", database.url.clone()),
    ]
}

/// What Lambda itself sets.
fn lambda_environment(runtime_api: &str) -> [(&'static str, String); 4] {
    [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", "function-under-test".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
    ]
}

/// Starts a function that is expected to stop by itself, and returns whether it succeeded and what it wrote.
pub async fn run_to_end(binary: impl AsRef<Path>, environment: Vec<(&'static str, String)>) -> (bool, String) {
    let mut command = Command::new(binary.as_ref());
    command.env_clear().envs(lambda_environment("127.0.0.1:1")).envs(environment).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("the function does not stop").unwrap();
    let written = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(written).unwrap())
}

impl Function {
    /// Starts a function with this environment and nothing else. Its output goes to `output`.
    pub async fn start(binary: impl AsRef<Path>, environment: Vec<(&'static str, String)>, output: Stdio) -> Self {
        Self::start_with(binary, environment, output, Stdio::inherit()).await
    }

    /// The same, and all that it writes is returned when it is stopped.
    pub async fn start_recorded(binary: impl AsRef<Path>, environment: Vec<(&'static str, String)>) -> Self {
        Self::start_with(binary, environment, Stdio::piped(), Stdio::piped()).await
    }

    async fn start_with(
        binary: impl AsRef<Path>,
        environment: Vec<(&'static str, String)>,
        output: Stdio,
        errors: Stdio,
    ) -> Self {
        let (events, receiver) = mpsc::unbounded_channel();
        let waiting = Waiting::default();
        let api = Api { events: Arc::new(Mutex::new(receiver)), waiting: Arc::clone(&waiting) };
        let router = Router::new()
            .route("/2018-06-01/runtime/restore/next", get(async || "{}"))
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            // Lambda's own limit, 6 MB.
            .layer(DefaultBodyLimit::max(6_291_556))
            .with_state(api);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let child = Command::new(binary.as_ref())
            .env_clear()
            .envs(lambda_environment(&address))
            .envs(environment)
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let trace = Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned());
        Self { child, events, waiting, count: 0, trace }
    }

    /// Sends the following events with this trace header, or with none.
    pub fn trace(&mut self, trace: Option<&str>) {
        self.trace = trace.map(str::to_owned);
    }

    /// Sends an event and waits for its outcome.
    pub async fn invoke(&mut self, event: &str) -> Outcome {
        self.invoke_until(FAR, event).await
    }

    /// The same with a deadline, in milliseconds since 1970. Nothing stops the function when it has come.
    pub async fn invoke_until(&mut self, deadline: u64, event: &str) -> Outcome {
        let outcome = self.send(deadline, event, Vec::new()).await;
        tokio::time::timeout(PATIENCE, outcome).await.expect("the function does not respond").unwrap()
    }

    /// Sends an event with headers that replace the usual ones. The receiver gets the outcome.
    pub async fn send(&mut self, deadline: u64, event: &str, headers: Headers) -> oneshot::Receiver<Outcome> {
        self.count += 1;
        let id = format!("request-{}", self.count);
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().await.insert(id.clone(), sender);
        let trace = self.trace.clone();
        self.events.send(Event { id, payload: event.to_owned(), deadline, trace, headers }).unwrap();
        receiver
    }

    /// Sends an event with headers that replace the usual ones, and waits for its outcome.
    pub async fn invoke_with(&mut self, event: &str, headers: Headers) -> Outcome {
        let outcome = self.send(FAR, event, headers).await;
        tokio::time::timeout(PATIENCE, outcome).await.expect("the function does not respond").unwrap()
    }

    /// Sends an event and returns the status, headers and body of the response.
    pub async fn call(&mut self, event: &Value) -> (u16, Value, String) {
        self.answer_until(FAR, event).await
    }

    /// The same with a deadline.
    pub async fn answer_until(&mut self, deadline: u64, event: &Value) -> (u16, Value, String) {
        match self.invoke_until(deadline, &event.to_string()).await {
            Outcome::Response(response) => {
                let status = response["statusCode"].as_u64().unwrap() as u16;
                let body = response["body"].as_str().unwrap_or_default().to_owned();
                (status, response["headers"].clone(), body)
            }
            Outcome::Error(error) => panic!("the invocation failed: {error}"),
        }
    }

    /// Whether the process still runs.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Stops the process and returns what it wrote to piped outputs.
    pub async fn stop(mut self) -> String {
        self.child.start_kill().unwrap();
        let output = self.child.wait_with_output().await.unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }
}

async fn next(State(api): State<Api>) -> Response {
    let Some(Event { id, payload, deadline, trace, headers: replaced }) = api.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:test".to_owned()),
    ];
    let mut response = (headers, payload).into_response();
    if let Some(trace) = trace {
        response.headers_mut().insert("lambda-runtime-trace-id", trace.parse().unwrap());
    }
    for (name, value) in replaced {
        match value {
            Some(value) => response.headers_mut().insert(name, HeaderValue::from_bytes(&value).unwrap()),
            None => response.headers_mut().remove(name),
        };
    }
    response
}

async fn response(State(api): State<Api>, UrlPath(id): UrlPath<String>, body: Bytes) -> StatusCode {
    post_outcome(api, &id, Outcome::Response(serde_json::from_slice(&body).unwrap())).await
}

async fn error(State(api): State<Api>, UrlPath(id): UrlPath<String>, body: Bytes) -> StatusCode {
    post_outcome(api, &id, Outcome::Error(serde_json::from_slice(&body).unwrap())).await
}

async fn post_outcome(api: Api, id: &str, outcome: Outcome) -> StatusCode {
    if let Some(sender) = api.waiting.lock().await.remove(id) {
        let _ = sender.send(outcome);
    }
    StatusCode::ACCEPTED
}
