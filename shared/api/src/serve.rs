//! One event in, one response out, whatever happens in between.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant, SystemTime};

use agentscope_store::{UsageRecorder, with_trace};
use futures::FutureExt;
use lambda_http::Error;
use tracing::Instrument;

use crate::body::GatewayResponse;
use crate::event::PayloadFormat;
use crate::metrics::{Handled, Metrics};
use crate::runtime::{self, Invocation};
use crate::{ApiError, Request, Response, budget, trace};

/// Serves the events of a route until the runtime ends the process, with a line of metrics for each, in this namespace.
///
/// # Errors
///
/// The Runtime API cannot be reached, or hands over no more events.
pub async fn run(
    route: &'static str,
    metrics_namespace: &str,
    handler: impl AsyncFn(Request) -> Result<Response, ApiError>,
) -> Result<(), Error> {
    let metrics = RefCell::new(Metrics::new(route, metrics_namespace));
    runtime::serve(async |Invocation { request_id, deadline, trace: header, event }| {
        let (at, begun) = (SystemTime::now(), Instant::now());
        let request_id = request_id.as_str();
        let trace_id = header.as_deref().and_then(|header| trace::id(std::str::from_utf8(header).ok()?));
        let span = tracing::info_span!("request", request_id, trace_id);
        let budget = budget::until(deadline, at);
        let meter = UsageRecorder::default();
        // The futures of the AWS SDK are deep; the compiler needs a rest between them and those of the runtime.
        let answering = Box::pin(handle_event_within(budget, event.get(), &handler)).instrument(span.clone());
        let response = meter.measure(with_trace(header.as_deref(), answering)).await;
        // Of the two forms, every gateway can read the smaller one.
        let format = PayloadFormat::of(event.get()).unwrap_or(PayloadFormat::RestApi);
        let response = GatewayResponse { format, response };
        let (latency, usage) = (begun.elapsed(), meter.usage());
        let answered = Handled { at, latency, response: &response, usage, request_id, trace_id };
        span.in_scope(|| metrics.borrow_mut().write(&answered));
        serde_json::to_vec(&response)
    })
    .await
}

/// Answers one event within the longest [budget].
pub async fn handle_event(event: &str, handler: impl AsyncFn(Request) -> Result<Response, ApiError>) -> Response {
    handle_event_within(budget::LONGEST, event, handler).await
}

/// Answers one event. A malformed event, a panic in the handler, or a handler that takes longer than `budget` makes an error
/// response; in the last case what the handler waits for is dropped.
pub async fn handle_event_within(
    budget: Duration,
    event: &str,
    handler: impl AsyncFn(Request) -> Result<Response, ApiError>,
) -> Response {
    let handled = AssertUnwindSafe(async { Box::pin(handler(Request::from_event(event)?)).await }).catch_unwind();
    let error = match tokio::time::timeout(budget, handled).await {
        Ok(Ok(Ok(response))) => return response,
        Ok(Ok(Err(error))) => error,
        Ok(Err(_)) => ApiError::Panic,
        Err(_) => ApiError::OutOfTime(budget),
    };
    let status = error.status().as_u16();
    if status >= 500 {
        tracing::error!(status, %error, "the request failed");
    } else {
        tracing::info!(status, reason = reason(&error), "the request was refused");
    }
    error.response()
}

/// Why a request was refused, without anything that the caller sent.
fn reason(error: &ApiError) -> String {
    match error {
        ApiError::MalformedEvent(_) => "malformed event".to_owned(),
        ApiError::MethodNotAllowed(_) => "method not allowed".to_owned(),
        error => error.to_string(),
    }
}
