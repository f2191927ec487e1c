//! A client of the Lambda Runtime API: takes one invocation after another and posts its result.
//!
//! The crate `lambda_runtime` ends the process if a header of an invocation is missing or has an
//! unexpected value. Every caller of the function can cause that, for example by a client context
//! whose values are not strings. This loop tolerates all headers except a missing request id.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant, SystemTime};

use futures::FutureExt;
use http_body_util::BodyExt;
use lambda_http::Error;
use lambda_http::http::{HeaderMap, Request, Response, StatusCode};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};
use serde_json::value::RawValue;
use tracing::Instrument;

use crate::failure::Failure;
use crate::gateway_response::FunctionResult;
use crate::stream::StreamedResult;
use crate::{budget, trace};

const NEXT: &str = "/2018-06-01/runtime/invocation/next";
const RESTORED: &str = "/2018-06-01/runtime/restore/next";
const REQUEST_ID: &str = "lambda-runtime-aws-request-id";
const DEADLINE: &str = "lambda-runtime-deadline-ms";
const TRACE: &str = "lambda-runtime-trace-id";
/// Identifies the attempt at an invocation, if Lambda sends it. Lambda refuses the result of
/// another attempt.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";

/// The wait after an invocation without an id. It prevents a busy loop if the Runtime API is
/// broken.
const PAUSE: Duration = Duration::from_millis(100);

/// An invocation.
#[derive(Debug)]
pub struct Invocation {
    /// Its id.
    pub request_id: String,
    /// When Lambda stops the function, in milliseconds since 1970; 0 if it is unknown.
    pub deadline: u64,
    /// The value of the trace header, as it came.
    pub trace: Option<Vec<u8>>,
    /// The event.
    pub event: Box<RawValue>,
}

impl Invocation {
    /// The X-Ray trace id of the invocation, if the trace header has a valid one.
    pub(crate) fn trace_id(&self) -> Option<&str> {
        trace::id(std::str::from_utf8(self.trace.as_deref()?).ok()?)
    }
}

/// Handles invocations with a function that returns JSON, until the Runtime API fails. A failure of
/// `handle` is posted as the error of the invocation. `handle` logs the reason itself, with the
/// request id, which its log lines get from here.
///
/// # Errors
///
/// The Runtime API cannot be reached, or refuses to return the next invocation.
pub async fn serve_json(handle: impl AsyncFn(Invocation) -> Result<Vec<u8>, Failure>) -> Result<(), Error> {
    serve(async |invocation: Invocation| {
        let span = tracing::info_span!("request", request_id = invocation.request_id, trace_id = invocation.trace_id());
        Ok(match handle(invocation).instrument(span).await {
            Ok(json) => FunctionResult::Buffered(json),
            Err(failure) => FunctionResult::Failed(failure),
        })
    })
    .await
}

/// Handles invocations until the Runtime API fails. `handle` returns the result.
///
/// # Errors
///
/// The Runtime API cannot be reached, or refuses to return the next invocation. AWS requires the
/// process to end in this case.
pub(crate) async fn serve(handle: impl AsyncFn(Invocation) -> serde_json::Result<FunctionResult>) -> Result<(), Error> {
    let client = PooledClient::builder().build();
    if std::env::var("AWS_LAMBDA_INITIALIZATION_TYPE").is_ok_and(|kind| kind == "snap-start") {
        succeeded(client.call(build_request().uri(RESTORED).body(Body::empty())?).await?)?;
        client.reset_pool();
    }
    loop {
        let response = succeeded(client.call(build_request().uri(NEXT).body(Body::empty())?).await?)?;
        // There is no invocation yet.
        if response.status() == StatusCode::NO_CONTENT {
            continue;
        }
        let (head, body) = response.into_parts();
        let Some(request_id) = text(&head.headers, REQUEST_ID).filter(|id| !id.is_empty()) else {
            tracing::error!("the Runtime API sent an invocation without an id; no result can be posted");
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let result = match body.collect().await {
            Ok(body) => result(&handle, &request_id, &head.headers, &body.to_bytes()).await,
            Err(_) => Err(Failure::BODY),
        };
        // A failure to post does not end the process. If the Runtime API is down, the request for
        // the next invocation fails.
        match post(&request_id, &head.headers, result) {
            Ok(Post { request, close: None }) => log_outcome(&request_id, client.call(request).await),
            Ok(Post { request, close: Some(close) }) => {
                // A stream whose receiver has stopped reading is not polled any more, so the end of
                // its body cannot end it.
                match tokio::time::timeout_at(close.into(), client.call(request)).await {
                    Ok(outcome) => log_outcome(&request_id, outcome),
                    Err(_) => tracing::error!(request_id, "out of time: nobody read the response to its end"),
                }
            }
            Err(error) => tracing::error!(request_id, error, "cannot build the request that posts the result"),
        }
    }
}

/// Logs that a result was not accepted.
fn log_outcome<B>(request_id: &str, outcome: Result<Response<B>, Error>) {
    match outcome.map(|response| response.status()) {
        Ok(status) if status.is_success() => {}
        Ok(status) => tracing::error!(request_id, %status, "the Runtime API refused the result"),
        Err(error) => tracing::error!(request_id, error, "cannot post the result"),
    }
}

/// Handles an invocation.
async fn result(
    handle: &impl AsyncFn(Invocation) -> serde_json::Result<FunctionResult>,
    request_id: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<FunctionResult, Failure> {
    let event = serde_json::from_slice(body).map_err(|_| Failure::EVENT)?;
    let invocation = Invocation {
        request_id: request_id.to_owned(),
        deadline: deadline(headers),
        trace: headers.get(TRACE).map(|trace| trace.as_bytes().to_owned()),
        event,
    };
    match AssertUnwindSafe(handle(invocation)).catch_unwind().await {
        Ok(response) => response.map_err(|_| Failure::RESULT),
        Err(_) => Err(Failure::PANIC),
    }
}

/// A request that posts a result.
struct Post {
    request: Request<Body>,
    /// When the connection is closed if a streamed result has not been read to its end.
    close: Option<Instant>,
}

/// The request that posts a result.
fn post(request_id: &str, headers: &HeaderMap, result: Result<FunctionResult, Failure>) -> Result<Post, Error> {
    let url = |end| format!("/2018-06-01/runtime/invocation/{request_id}/{end}");
    let failed = |failure: Failure| -> Result<_, Error> {
        let request = build_request().uri(url("error")).header(ERROR_TYPE, failure.error_type);
        Ok((request, Body::from(serde_json::to_vec(&failure)?)))
    };
    let mut close = None;
    let (mut request, body) = match result {
        Ok(FunctionResult::Buffered(json)) => (build_request().uri(url("response")), Body::from(json)),
        Ok(FunctionResult::Streamed(result)) => {
            let now = Instant::now();
            let times = budget::stream_times(deadline(headers), SystemTime::now());
            close = times.map(|times| now + times.close);
            let request = StreamedResult::with_headers(build_request().uri(url("response")));
            (request, Body::new(result.into_body(request_id, times.map(|times| now + times.cut))))
        }
        Ok(FunctionResult::Failed(failure)) => failed(failure)?,
        Err(failure) => {
            let Failure { error_type, error_message } = failure;
            tracing::error!(request_id, error_type, error_message, "the invocation failed");
            failed(failure)?
        }
    };
    if let Some(id) = headers.get(INVOCATION_ID) {
        request = request.header(INVOCATION_ID, id);
    }
    Ok(Post { request: request.method("POST").body(body)?, close })
}

/// When Lambda stops the function, in milliseconds since 1970; 0 if it is unknown.
fn deadline(headers: &HeaderMap) -> u64 {
    text(headers, DEADLINE).and_then(|deadline| deadline.parse().ok()).unwrap_or_default()
}

/// Passes on a response of success.
///
/// # Errors
///
/// The Runtime API refused the request.
fn succeeded<B>(response: Response<B>) -> Result<Response<B>, Error> {
    let status = response.status();
    if status.is_success() { Ok(response) } else { Err(format!("the Runtime API returned {status}").into()) }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
