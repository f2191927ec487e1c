//! The trace header that requests to DynamoDB carry.
//!
//! AWS X-Ray and Lambda's detection of loops follow it. The SDK takes it from a variable of the
//! environment, which a process cannot change safely once it runs; so it travels with the future
//! that handles the invocation.

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

/// The same future, whose requests carry this header, as the invocation brought it. Bytes that a
/// header cannot have are escaped.
pub fn with_trace<F: Future>(header: Option<&[u8]>, future: F) -> impl Future<Output = F::Output> {
    let header = header.map(|header| percent_encode(header, CONTROLS).to_string());
    TRACE.scope(header, future)
}

/// Adds the header to every request.
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
        // What a loader sends, or a function at start-up, belongs to no invocation.
        let Ok(Some(header)) = TRACE.try_with(Option::clone) else { return Ok(()) };
        context.request_mut().headers_mut().try_insert(HEADER, header)?;
        Ok(())
    }
}
