//! The trace header of requests to DynamoDB.
//!
//! AWS X-Ray and Lambda's loop detection follow the header. The SDK reads it from an environment
//! variable, which a process cannot change safely while it runs. So a task-local variable of the
//! future that handles the invocation holds it.

use std::future::Future;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use percent_encoding::{CONTROLS, percent_encode};

/// The header's name.
const HEADER: &str = "x-amzn-trace-id";

tokio::task_local! {
    /// The header of the invocation whose future is being polled.
    static TRACE: Option<String>;
}

/// Adds this header of the invocation to the requests of a future. Bytes that are invalid in a
/// header are escaped.
pub fn with_trace<F: Future>(header: Option<&[u8]>, future: F) -> impl Future<Output = F::Output> {
    let header = header.map(|header| percent_encode(header, CONTROLS).to_string());
    TRACE.scope(header, future)
}

/// The interceptor that adds the header to every request.
#[derive(Debug)]
pub(crate) struct CarryTrace;

#[dyn_dispatch_hint]
impl Intercept for CarryTrace {
    fn name(&self) -> &'static str {
        "CarryTrace"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Requests at start-up, and those of other programs, belong to no invocation.
        let Ok(Some(header)) = TRACE.try_with(Option::clone) else { return Ok(()) };
        context.request_mut().headers_mut().try_insert(HEADER, header)?;
        Ok(())
    }
}
