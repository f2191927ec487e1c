//! One event in, one answer out, whatever happens in between.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tracing::Instrument;

use super::body::GatewayAnswer;
use super::event::PayloadFormat;
use super::{ApiError, Request, Response, budget};

/// Serves events until the runtime ends the process.
///
/// # Errors
///
/// The Runtime API cannot be reached.
pub async fn run(handler: impl AsyncFn(Request) -> Result<Response, ApiError>) -> Result<(), Error> {
    let handler = &handler;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let span = tracing::info_span!("request", request_id = %event.context.request_id);
        let budget = budget::until(event.context.deadline, SystemTime::now());
        // The futures of the AWS SDK are deep; the compiler needs a rest between them and those of the runtime.
        let response = Box::pin(answer_within(budget, event.payload.get(), handler)).instrument(span).await;
        // Of the two forms, every gateway can read the smaller one.
        let format = PayloadFormat::of(event.payload.get()).unwrap_or(PayloadFormat::RestApi);
        Ok::<_, Infallible>(GatewayAnswer { format, response })
    }))
    .await
}

/// Answers one event within the longest [budget].
pub async fn answer(event: &str, handler: impl AsyncFn(Request) -> Result<Response, ApiError>) -> Response {
    answer_within(budget::LONGEST, event, handler).await
}

/// Answers one event. A malformed event, a panic in the handler, or a handler that takes longer than `budget` makes an error
/// answer; in the last case what the handler waits for is dropped.
pub async fn answer_within(
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
