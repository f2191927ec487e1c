//! A Lambda Runtime API that adds as little as it can to the times that it takes.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use futures::TryStreamExt;
use tokio::sync::{Mutex, mpsc};

/// How long a function may take to request an event, and to response one. It bounds a run that has gone wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// The time that a function is told it has: what API Gateway waits, about.
const DEADLINE: Duration = Duration::from_secs(30);

/// A Runtime API for one function.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    /// Host and port.
    pub(crate) address: String,
    events: mpsc::UnboundedSender<Bytes>,
    asked: mpsc::UnboundedReceiver<Instant>,
    responses: mpsc::UnboundedReceiver<Posted>,
}

/// What a function posted for an event.
#[derive(Debug)]
pub(crate) struct Posted {
    /// From the event's being handed over to the last byte of the response.
    pub(crate) time: Duration,
    /// When the last byte had come.
    pub(crate) ended: Instant,
    /// Whether it was posted as an response, not as an error.
    pub(crate) is_answer: bool,
    /// The body as it was received, in pieces.
    body: Vec<Bytes>,
}

impl Posted {
    /// The length of the body.
    pub(crate) fn len(&self) -> usize {
        self.body.iter().map(Bytes::len).sum()
    }

    /// The body in one piece.
    pub(crate) fn body(&self) -> Vec<u8> {
        self.body.concat()
    }
}

struct Api {
    asked: mpsc::UnboundedSender<Instant>,
    events: Mutex<mpsc::UnboundedReceiver<Bytes>>,
    handed_over: std::sync::Mutex<Instant>,
    responses: mpsc::UnboundedSender<Posted>,
}

impl Api {
    fn handed_over(&self) -> MutexGuard<'_, Instant> {
        self.handed_over.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RuntimeApi {
    /// Listens on a free port.
    pub(crate) async fn start() -> Result<Self> {
        let (events, receiver) = mpsc::unbounded_channel();
        let (asked_sender, asked) = mpsc::unbounded_channel();
        let (answer_sender, responses) = mpsc::unbounded_channel();
        let api = Api {
            asked: asked_sender,
            events: Mutex::new(receiver),
            handed_over: std::sync::Mutex::new(Instant::now()),
            responses: answer_sender,
        };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(async |api, body| posted(api, body, true).await),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(async |api, body| posted(api, body, false).await))
            .with_state(Arc::new(api));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let listener = listener.tap_io(|connection| {
            // Where it cannot be set, times are longer, and not wrong.
            let _ = connection.set_nodelay(true);
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, events, asked, responses })
    }

    /// Waits until the function requests an event.
    pub(crate) async fn asked(&mut self) -> Result<Instant> {
        match tokio::time::timeout(PATIENCE, self.asked.recv()).await {
            Ok(Some(asked)) => Ok(asked),
            _ => bail!("the function requests no event"),
        }
    }

    /// Hands an event to the function that has requested one, and waits for what it posts.
    pub(crate) async fn respond(&mut self, event: &Bytes) -> Result<Posted> {
        self.events.send(event.clone()).context("the Runtime API has ended")?;
        match tokio::time::timeout(PATIENCE, self.responses.recv()).await {
            Ok(Some(posted)) => Ok(posted),
            _ => bail!("the function does not respond"),
        }
    }
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let _ = api.asked.send(Instant::now());
    let Some(event) = api.events.lock().await.recv().await else { return StatusCode::GONE.into_response() };
    let deadline = (SystemTime::now() + DEADLINE).duration_since(UNIX_EPOCH).unwrap_or_default();
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:bench".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()),
    ];
    *api.handed_over() = Instant::now();
    (headers, event).into_response()
}

async fn posted(State(api): State<Arc<Api>>, body: Body, is_answer: bool) -> StatusCode {
    let Ok(body) = body.into_data_stream().try_collect::<Vec<_>>().await else { return StatusCode::BAD_REQUEST };
    let ended = Instant::now();
    let time = ended - *api.handed_over();
    let _ = api.responses.send(Posted { time, ended, is_answer, body });
    StatusCode::ACCEPTED
}
