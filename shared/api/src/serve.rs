//! Serves events: every event gets a response, a line of metrics and, if it failed, a log line.

use std::cell::{OnceCell, RefCell};
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant, SystemTime};

use agentscope_store::{UsageRecorder, with_trace};
use futures::FutureExt;
use lambda_http::Error;
use lambda_http::http::{HeaderValue, header};
use tracing::Instrument;

use crate::body::Response;
use crate::caller_hash::caller_hash;
use crate::delivery::DeliverySettings;
use crate::error::ApiError;
use crate::event::MalformedEvent;
use crate::gateway_response::GatewayResponse;
use crate::identity::Identity;
use crate::metrics::{CompletedRequest, Metrics};
use crate::payload_format::PayloadFormat;
use crate::request::Request;
use crate::runtime::{self, Invocation};
use crate::{budget, trace};

/// Serves the events of a route until Lambda ends the process. Metrics belong to this namespace of
/// CloudWatch and name the caller by a pseudonym. Responses are delivered by these settings.
///
/// # Errors
///
/// The Runtime API cannot be reached, or refuses to return the next event.
pub async fn run(
    route: &'static str,
    metrics_namespace: &str,
    identity: Identity,
    delivery: DeliverySettings,
    handler: impl AsyncFn(Request) -> Result<Response, ApiError>,
) -> Result<(), Error> {
    let metrics = RefCell::new(Metrics::new(route, metrics_namespace));
    runtime::serve(async |Invocation { request_id, deadline, trace: header, event }| {
        let (received, start) = (SystemTime::now(), Instant::now());
        let request_id = request_id.as_str();
        let trace_id = header.as_deref().and_then(|header| trace::id(std::str::from_utf8(header).ok()?));
        let span = tracing::info_span!("request", request_id, trace_id);
        let budget = budget::until(deadline, received);
        let recorder = UsageRecorder::default();
        let caller = OnceCell::new();
        let handler = async |request: Request| {
            if let Ok(user_id) = identity.caller(&request) {
                caller.get_or_init(|| caller_hash(&user_id));
            }
            handler(request).await
        };
        // Boxed, because the nested futures of the AWS SDK exceed the compiler's limits on types.
        let handling = Box::pin(handle_delivered(budget, delivery, event.get(), &handler)).instrument(span.clone());
        let response = recorder.measure(with_trace(header.as_deref(), handling)).await;
        // A malformed event has no format. Every gateway accepts the REST API's, which has fewer
        // members.
        let format = PayloadFormat::of(event.get()).unwrap_or(PayloadFormat::RestApi);
        let response = GatewayResponse { delivery: delivery.delivery(format), response };
        let (latency, usage) = (start.elapsed(), recorder.usage());
        let caller = caller.get().map(String::as_str);
        let request = CompletedRequest { received, latency, response: &response, usage, request_id, trace_id, caller };
        span.in_scope(|| metrics.borrow_mut().write(&request));
        response.into_result()
    })
    .await
}

/// Handles an event within the maximum [budget], for a response that is buffered.
pub async fn handle_event(event: &str, handler: impl AsyncFn(Request) -> Result<Response, ApiError>) -> Response {
    handle_event_within(budget::MAX_BUDGET, event, handler).await
}

/// Handles an event. A malformed event, a panic of the handler, and a handler that exceeds
/// `budget` result in an error response. A handler that exceeds `budget` is dropped with its
/// requests.
pub async fn handle_event_within(
    budget: Duration,
    event: &str,
    handler: impl AsyncFn(Request) -> Result<Response, ApiError>,
) -> Response {
    handle_delivered(budget, DeliverySettings::default(), event, handler).await
}

async fn handle_delivered(
    budget: Duration,
    delivery: DeliverySettings,
    event: &str,
    handler: impl AsyncFn(Request) -> Result<Response, ApiError>,
) -> Response {
    let request = Request::read(event, delivery);
    let headers = request.as_ref().ok().map(|request| request.headers.clone());
    let mut response = handle(budget, request, handler).await;
    // A browser must not take text that a user wrote for a page.
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    delivery.allowed_origins.apply(headers.as_ref(), &mut response);
    response
}

async fn handle(
    budget: Duration,
    request: Result<Request, MalformedEvent>,
    handler: impl AsyncFn(Request) -> Result<Response, ApiError>,
) -> Response {
    let outcome = AssertUnwindSafe(async { Box::pin(handler(request?)).await }).catch_unwind();
    let error = match tokio::time::timeout(budget, outcome).await {
        Ok(Ok(Ok(response))) => return response,
        Ok(Ok(Err(error))) => error,
        Ok(Err(_)) => ApiError::Panic,
        Err(_) => ApiError::DeadlineExceeded(budget),
    };
    let status = error.status().as_u16();
    if status >= 500 {
        tracing::error!(status, %error, "the request failed");
    } else {
        tracing::info!(status, reason = reason(&error), "the request was refused");
    }
    error.response()
}

/// The reason of a refusal, without anything that the caller sent.
fn reason(error: &ApiError) -> String {
    match error {
        ApiError::MalformedEvent(_) => "malformed event".to_owned(),
        ApiError::MethodNotAllowed(_) => "method not allowed".to_owned(),
        error => error.to_string(),
    }
}
