//! A Lambda Runtime API for one function.
//!
//! It measures the time from handing an event over to the last byte of the response, and adds as
//! little to that time as it can: it neither parses nor copies a body before the response is
//! taken.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use http_body_util::BodyExt;
use tokio::sync::{Mutex, mpsc, oneshot};

/// The longest response that Lambda accepts, in bytes, as its error message states it.
pub const RESPONSE_LIMIT: usize = 6_291_556;

/// The longest streamed response that Lambda accepts, in bytes: 200 MB, as AWS documents it.
pub const STREAM_LIMIT: usize = 200_000_000;

/// The longest response that a load balancer accepts, in bytes: 1 MB, as AWS documents it.
pub const LOAD_BALANCER_LIMIT: usize = 1_000_000;

/// A deadline in the year 2100, for events whose deadline does not matter.
pub const NO_DEADLINE: u64 = 4_102_444_800_000;

/// Names of headers and their values. A header without a value is not sent.
pub type Headers = Vec<(&'static str, Option<Vec<u8>>)>;

/// An event for a function.
#[derive(Debug)]
pub struct Event {
    /// The body.
    pub payload: Bytes,
    /// When Lambda would stop the function, in milliseconds since 1970. Nothing stops it here.
    pub deadline: u64,
    /// The value of the header `lambda-runtime-trace-id`.
    pub trace: Option<String>,
    /// Headers that replace the others of their names.
    pub headers: Headers,
}

/// A deadline in the future, in milliseconds since 1970.
pub fn deadline_in(left: Duration) -> u64 {
    (SystemTime::now() + left).duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// What a function posted for an event.
#[derive(Debug)]
pub struct Posted {
    /// Whether it is the response or an error.
    pub kind: PostedKind,
    /// From handing the event over to the last byte of the body.
    pub time: Duration,
    /// When the last byte arrived.
    pub ended: Instant,
    /// The headers of the request with which the function posted it.
    pub headers: HeaderMap,
    /// The trailers of that request.
    pub trailers: Option<HeaderMap>,
    body: Vec<Bytes>,
}

/// How the Runtime API reads what a function posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// To its end.
    Whole,
    /// This many bytes a second.
    Paced(u32),
    /// The connection is closed after this many bytes.
    Aborted(usize),
    /// Nothing is read after this many bytes, and the connection stays open.
    Stalled(usize),
}

/// The header by which a function announces a stream.
pub const RESPONSE_MODE: &str = "lambda-runtime-function-response-mode";

/// The endpoint to which a function posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostedKind {
    /// The response of the invocation.
    Response,
    /// An error of the invocation.
    Error,
}

impl Posted {
    /// The length of the body.
    #[expect(clippy::len_without_is_empty, reason = "a body is never empty")]
    pub fn len(&self) -> usize {
        self.body.iter().map(Bytes::len).sum()
    }

    /// The body in one piece.
    pub fn body(&self) -> Vec<u8> {
        self.body.concat()
    }
}

/// Whether responses are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseLimit {
    /// Responses over [`RESPONSE_LIMIT`] get status 413 and are dropped, and so are streams over
    /// [`STREAM_LIMIT`].
    Lambda,
    /// Responses have any length.
    Unlimited,
}

/// A Runtime API for one function.
#[derive(Debug)]
pub struct RuntimeApi {
    /// Host and port.
    pub address: String,
    events: mpsc::UnboundedSender<(String, Event)>,
    requested: mpsc::UnboundedReceiver<Instant>,
    pending: Pending,
    count: usize,
}

/// The events without a response, by request id.
type Pending = Arc<std::sync::Mutex<HashMap<String, PendingEvent>>>;

#[derive(Debug)]
struct PendingEvent {
    handed_over: Instant,
    outcome: oneshot::Sender<Posted>,
    reading: Reading,
}

struct Api {
    requested: mpsc::UnboundedSender<Instant>,
    events: Mutex<mpsc::UnboundedReceiver<(String, Event)>>,
    pending: Pending,
    limit: ResponseLimit,
}

impl RuntimeApi {
    /// Listens on a free port.
    ///
    /// # Errors
    ///
    /// There is no free port.
    pub async fn start(limit: ResponseLimit) -> io::Result<Self> {
        let (events, receiver) = mpsc::unbounded_channel();
        let (sender, requested) = mpsc::unbounded_channel();
        let pending = Pending::default();
        let api = Api { requested: sender, events: Mutex::new(receiver), pending: Arc::clone(&pending), limit };
        let post_as = |kind| post(async move |api, id, headers, body| posted(api, id, headers, body, kind).await);
        let router = Router::new()
            .route("/2018-06-01/runtime/restore/next", get(async || "{}"))
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post_as(PostedKind::Response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post_as(PostedKind::Error))
            .with_state(Arc::new(api));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let listener = listener.tap_io(|connection| {
            // Without it times are longer, but not wrong.
            let _ = connection.set_nodelay(true);
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, events, requested, pending, count: 0 })
    }

    /// Waits until the function requests an event; `None` if the server has ended.
    pub async fn requested(&mut self) -> Option<Instant> {
        self.requested.recv().await
    }

    /// Queues an event for the function. The receiver gets what it posts. Request ids are
    /// `request-1`, `request-2` and so on.
    pub fn send(&mut self, event: Event) -> oneshot::Receiver<Posted> {
        self.send_and_read(event, Reading::Whole)
    }

    /// The same, and what the function posts is read like this. The receiver gets nothing of what
    /// is not read to its end.
    pub fn send_and_read(&mut self, event: Event, reading: Reading) -> oneshot::Receiver<Posted> {
        self.count += 1;
        let id = format!("request-{}", self.count);
        let (outcome, receiver) = oneshot::channel();
        locked(&self.pending).insert(id.clone(), PendingEvent { handed_over: Instant::now(), outcome, reading });
        // If the server has ended, the receiver waits until its time-out.
        let _ = self.events.send((id, event));
        receiver
    }
}

fn locked(pending: &Pending) -> MutexGuard<'_, HashMap<String, PendingEvent>> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let _ = api.requested.send(Instant::now());
    let Some((id, event)) = api.events.lock().await.recv().await else { return StatusCode::GONE.into_response() };
    let headers = [
        ("lambda-runtime-aws-request-id", id.clone()),
        ("lambda-runtime-deadline-ms", event.deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:test".to_owned()),
    ];
    let mut response = (headers, event.payload).into_response();
    let trace = event.trace.map(|trace| ("lambda-runtime-trace-id", Some(trace.into_bytes())));
    for (name, value) in trace.into_iter().chain(event.headers) {
        match value.map(|value| HeaderValue::from_bytes(&value)) {
            Some(Ok(value)) => response.headers_mut().insert(name, value),
            Some(Err(error)) => return (StatusCode::INTERNAL_SERVER_ERROR, format!("{name}: {error}")).into_response(),
            None => response.headers_mut().remove(name),
        };
    }
    if let Some(pending) = locked(&api.pending).get_mut(&id) {
        pending.handed_over = Instant::now();
    }
    response
}

async fn posted(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    mut body: Body,
    kind: PostedKind,
) -> StatusCode {
    let is_stream = headers.get(RESPONSE_MODE).is_some_and(|mode| mode == "streaming");
    let limit = if is_stream { STREAM_LIMIT } else { RESPONSE_LIMIT };
    let reading = locked(&api.pending).get(&id).map_or(Reading::Whole, |pending| pending.reading);
    let (mut pieces, mut length, mut last, mut trailers) = (Vec::new(), 0, 0, None);
    loop {
        match body.frame().await.transpose() {
            Ok(Some(frame)) => match frame.into_data() {
                Ok(piece) => {
                    last = piece.len();
                    length += last;
                    pieces.push(piece);
                }
                Err(frame) => trailers = frame.into_trailers().ok(),
            },
            Ok(None) => break,
            Err(_) => return StatusCode::BAD_REQUEST,
        }
        if api.limit == ResponseLimit::Lambda && length > limit {
            return StatusCode::PAYLOAD_TOO_LARGE;
        }
        match reading {
            // Without the rest of the body, the server closes the connection.
            Reading::Aborted(bytes) if length >= bytes => return StatusCode::GONE,
            Reading::Stalled(bytes) if length >= bytes => std::future::pending().await,
            Reading::Paced(rate) => tokio::time::sleep(Duration::from_secs(1) * last as u32 / rate).await,
            Reading::Whole | Reading::Aborted(_) | Reading::Stalled(_) => {}
        }
    }
    let ended = Instant::now();
    if let Some(PendingEvent { handed_over, outcome, .. }) = locked(&api.pending).remove(&id) {
        let time = ended - handed_over;
        let _ = outcome.send(Posted { kind, time, ended, headers, trailers, body: pieces });
    }
    StatusCode::ACCEPTED
}
