//! Functions that run behind a Runtime API as the binaries that Lambda runs.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use crate::dynamodb::TestDynamoDb;
use crate::runtime_api::{Event, Headers, NO_DEADLINE, Posted, PostedKind, Reading, ResponseLimit, RuntimeApi};
use crate::streamed::Streamed;

/// How long a function may take to respond. It bounds a test that has gone wrong.
const TIMEOUT: Duration = Duration::from_secs(180);

/// What a function posted for an event.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A response.
    Response(Value),
    /// An error of the invocation.
    Error(Value),
}

/// A function that runs.
#[derive(Debug)]
pub struct Function {
    child: Child,
    api: RuntimeApi,
    trace: Option<String>,
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

/// Starts a function that is expected to stop by itself, and returns whether it succeeded and what
/// it wrote.
pub async fn run_to_end(binary: impl AsRef<Path>, environment: Vec<(&'static str, String)>) -> (bool, String) {
    let mut command = Command::new(binary.as_ref());
    command.env_clear().envs(lambda_environment("127.0.0.1:1")).envs(environment).kill_on_drop(true);
    let output = tokio::time::timeout(TIMEOUT, command.output()).await.expect("the function does not stop").unwrap();
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
        let api = RuntimeApi::start(ResponseLimit::Lambda).await.unwrap();
        let child = Command::new(binary.as_ref())
            .env_clear()
            .envs(lambda_environment(&api.address))
            .envs(environment)
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let trace = Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned());
        Self { child, api, trace }
    }

    /// Sends the following events with this trace header, or with none.
    pub fn trace(&mut self, trace: Option<&str>) {
        self.trace = trace.map(str::to_owned);
    }

    /// The largest amount of memory that the process has had in RAM, in bytes.
    pub fn peak_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
    }

    /// Sends an event and waits for its outcome.
    pub async fn invoke(&mut self, event: &str) -> Outcome {
        self.invoke_until(NO_DEADLINE, event).await
    }

    /// The same with a deadline, in milliseconds since 1970. Nothing stops the function then.
    pub async fn invoke_until(&mut self, deadline: u64, event: &str) -> Outcome {
        let posted = self.send(deadline, event, Vec::new());
        outcome(posted).await
    }

    /// Sends an event with headers that replace the usual ones, and waits for its outcome.
    pub async fn invoke_with(&mut self, event: &str, headers: Headers) -> Outcome {
        let posted = self.send(NO_DEADLINE, event, headers);
        outcome(posted).await
    }

    /// Sends an event with headers that replace the usual ones. The receiver gets what the
    /// function posts.
    pub fn send(&mut self, deadline: u64, event: &str, headers: Headers) -> oneshot::Receiver<Posted> {
        self.api.send(Event { payload: event.to_owned().into(), deadline, trace: self.trace.clone(), headers })
    }

    /// Sends an event whose response is read like this, with a deadline. The receiver gets what
    /// the function posts, if that is read to its end.
    pub fn send_and_read(&mut self, deadline: u64, event: &str, reading: Reading) -> oneshot::Receiver<Posted> {
        let event =
            Event { payload: event.to_owned().into(), deadline, trace: self.trace.clone(), headers: Vec::new() };
        self.api.send_and_read(event, reading)
    }

    /// Sends an event and returns the status, headers and body of the response.
    pub async fn call(&mut self, event: &Value) -> (u16, Value, String) {
        self.call_until(NO_DEADLINE, event).await
    }

    /// The same with a deadline.
    pub async fn call_until(&mut self, deadline: u64, event: &Value) -> (u16, Value, String) {
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

/// Waits for what a function posts for an event.
///
/// # Panics
///
/// The function does not respond.
pub async fn posted(posted: oneshot::Receiver<Posted>) -> Posted {
    tokio::time::timeout(TIMEOUT, posted).await.expect("the function does not respond").unwrap()
}

/// Waits for the outcome of an event. A streamed response has the form of a buffered one.
///
/// # Panics
///
/// The function does not respond, or with something that is no JSON and no stream.
pub async fn outcome(receiver: oneshot::Receiver<Posted>) -> Outcome {
    let posted = posted(receiver).await;
    if let Some(streamed) = Streamed::read(&posted) {
        return Outcome::Response(streamed.into_buffered());
    }
    let body = serde_json::from_slice(&posted.body()).unwrap();
    match posted.kind {
        PostedKind::Response => Outcome::Response(body),
        PostedKind::Error => Outcome::Error(body),
    }
}
