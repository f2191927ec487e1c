//! A proxy between a client and DynamoDB that records requests, delays them and injects faults.
//!
//! - [`DynamoDbProxy`] records every request and decides by an [`Action`] what happens to it.
//! - [`intercept`] lets an asynchronous function respond; it records nothing.
//! - [`LaggingIndexes`] shows writes in the indexes later than in the tables.
//! - [`waves`], [`depth`], [`keys`] and [`read_units`] evaluate recordings.

mod connection;
mod lag;
mod recorded;
mod upstream;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::{Value, json};

pub use crate::proxy::lag::LaggingIndexes;
pub use crate::proxy::recorded::{Recorded, depth, keys, read_units, waves};
pub use crate::proxy::upstream::Upstream;

/// The delay that makes concurrent requests overlap visibly.
const OVERLAP: Duration = Duration::from_millis(60);

/// A request to DynamoDB.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// As `BatchGetItem`.
    pub operation: String,
    /// The input.
    pub input: Value,
    /// The value of the header `x-amzn-trace-id`.
    #[serde(skip)]
    pub trace: Option<String>,
}

/// A response of DynamoDB: status and body.
pub type Response = (u16, Value);

/// An error with the body that DynamoDB sends.
pub fn error(status: u16, code: &str) -> Response {
    (status, json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "injected" }))
}

/// A request and its position among the others.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The request.
    pub call: Call,
    /// The number of earlier requests with the same operation.
    pub number: usize,
    /// The number of earlier requests on its connection.
    pub on_connection: usize,
}

impl Arrival {
    /// Whether this is the first request with an operation.
    pub fn is_first(&self, operation: &str) -> bool {
        self.call.operation == operation && self.number == 0
    }
}

/// What the proxy does with a request.
#[derive(Debug, Clone)]
pub enum Action {
    /// Forwards it and keeps the connection open.
    Forward,
    /// Forwards it after a delay.
    ForwardAfter(Duration),
    /// Forwards it and closes the connection, which the response's headers do not announce.
    ForwardAndClose,
    /// Responds without DynamoDB.
    Respond(Response),
    /// Responds with this text, whatever it is.
    RespondText(u16, &'static str),
    /// Resets the connection before the response.
    Reset,
    /// Forwards it and resets the connection in the middle of the response.
    ResetMidway,
    /// Forwards it and closes the connection in the middle of the response.
    CloseMidway,
    /// Sends nothing and keeps the connection open.
    Hang,
    /// Forwards it, sends half of the response, then a space at a time without an end.
    Trickle,
}

/// A DynamoDB endpoint that records requests and acts on them.
#[derive(Debug, Clone)]
pub struct DynamoDbProxy {
    /// The endpoint.
    pub url: String,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    requests: Vec<Recorded>,
    /// The number of requests that were removed.
    taken: usize,
    /// The number of requests by operation.
    operations: HashMap<String, usize>,
    connections: usize,
}

/// How requests are handled.
enum Handler {
    Record(Arc<Mutex<Log>>, Box<dyn Fn(&Arrival) -> Action + Send + Sync>),
    Intercept(Box<dyn Fn(Call, Upstream) -> BoxFuture<'static, Response> + Send + Sync>),
}

impl DynamoDbProxy {
    /// Starts a proxy for this endpoint that forwards everything.
    pub async fn recording(target: &str) -> Self {
        Self::with_actions(target, |_| Action::Forward).await
    }

    /// Starts a proxy for this endpoint that forwards everything after a delay, so that concurrent
    /// requests are seen to overlap.
    pub async fn delaying(target: &str) -> Self {
        Self::with_actions(target, |_| Action::ForwardAfter(OVERLAP)).await
    }

    /// Starts a proxy for this endpoint. `decide` is called once for each request.
    pub async fn with_actions(target: &str, decide: impl Fn(&Arrival) -> Action + Send + Sync + 'static) -> Self {
        let log = Arc::<Mutex<Log>>::default();
        let url = connection::listen(target, Handler::Record(Arc::clone(&log), Box::new(decide))).await;
        Self { url, log }
    }

    /// The requests so far.
    pub fn calls(&self) -> Vec<Call> {
        locked(&self.log).requests.iter().map(|recorded| recorded.call.clone()).collect()
    }

    /// Removes and returns the requests so far.
    pub fn take(&self) -> Vec<Recorded> {
        let mut log = locked(&self.log);
        log.taken += log.requests.len();
        std::mem::take(&mut log.requests)
    }

    /// The number of requests so far.
    pub fn count(&self) -> usize {
        locked(&self.log).requests.len()
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        locked(&self.log).connections
    }
}

impl Log {
    /// Adds a request. Returns its id and the number of earlier requests with its operation.
    fn begin(&mut self, call: &Call) -> (usize, usize) {
        let number = self.operations.entry(call.operation.clone()).or_default();
        *number += 1;
        let recorded = Recorded { call: call.clone(), began: Instant::now(), ended: None, read_units: None };
        self.requests.push(recorded);
        (self.taken + self.requests.len() - 1, *number - 1)
    }

    /// Notes the response of DynamoDB to a request, unless the request was taken before.
    fn end(&mut self, id: usize, body: &Value) {
        if let Some(recorded) = id.checked_sub(self.taken).and_then(|index| self.requests.get_mut(index)) {
            recorded.ended = Some(Instant::now());
            recorded.read_units = read_units(body);
        }
    }
}

fn locked(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a proxy for this endpoint and returns its own. `respond` responds to every request; it
/// is dropped if the client closes the connection before.
pub async fn intercept<F, R>(target: &str, respond: F) -> String
where
    F: Fn(Call, Upstream) -> R + Send + Sync + 'static,
    R: Future<Output = Response> + Send + 'static,
{
    let respond = move |call, upstream| -> BoxFuture<'static, Response> { Box::pin(respond(call, upstream)) };
    connection::listen(target, Handler::Intercept(Box::new(respond))).await
}
