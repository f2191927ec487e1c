//! The use of DynamoDB by one invocation: requests, retries, throttles and read units.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, ProvideErrorMetadata};
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemError, BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryError, QueryInput, QueryOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use aws_smithy_runtime_api::client::interceptors::context::{Error, Input, Output};
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::retries::RequestAttempts;

use crate::error::THROTTLES;

/// The use of DynamoDB.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Requests sent, retries included.
    pub requests: u64,
    /// Retries of failed attempts, and repeated requests for unprocessed keys.
    pub retries: u64,
    /// Attempts that DynamoDB throttled.
    pub throttles: u64,
    /// Read units consumed, as DynamoDB reports them. Attempts without a response are not
    /// included.
    pub read_units: f64,
    /// Items in the shape of another release than the function's.
    pub other_releases: u64,
    /// Rows of an index that does not project what a list shows. An earlier version created it.
    pub unprojected_rows: u64,
}

/// Records the use of DynamoDB by a future, even if the future is dropped or panics. Clones share
/// their counts.
#[derive(Clone, Default)]
pub struct UsageRecorder(Arc<Mutex<Usage>>);

tokio::task_local! {
    /// The recorder of the future that is being polled. All requests of a read are sent within the
    /// task that reads.
    static RECORDER: UsageRecorder;
}

impl UsageRecorder {
    /// Wraps a future whose requests are recorded.
    pub fn measure<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        RECORDER.scope(self.clone(), future)
    }

    /// The use recorded so far.
    pub fn usage(&self) -> Usage {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_active() -> bool {
        RECORDER.try_with(|_| ()).is_ok()
    }

    /// Changes the counts. Requests without a recorder, as those at start-up, are not counted.
    fn add(change: impl FnOnce(&mut Usage)) {
        let _ = RECORDER.try_with(|recorder| change(&mut recorder.0.lock().unwrap_or_else(PoisonError::into_inner)));
    }
}

impl fmt::Debug for UsageRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.usage().fmt(f)
    }
}

/// Counts a repeated request for unprocessed keys, which is no retry of the SDK.
pub(crate) fn count_retry() {
    UsageRecorder::add(|usage| usage.retries += 1);
}

/// Counts an item in the shape of another release.
pub(crate) fn count_other_release() {
    UsageRecorder::add(|usage| usage.other_releases += 1);
}

/// Counts a row of an index that does not project what a list shows.
pub(crate) fn count_unprojected_row() {
    UsageRecorder::add(|usage| usage.unprojected_rows += 1);
}

/// The interceptor that records every request, and requests the consumed capacity.
#[derive(Debug)]
pub(crate) struct Count;

#[dyn_dispatch_hint]
impl Intercept for Count {
    fn name(&self) -> &'static str {
        "Count"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if UsageRecorder::is_active()
            && let Some(wanted) = return_consumed_capacity(context.input_mut())
        {
            *wanted = Some(ReturnConsumedCapacity::Total);
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_retry = config.load::<RequestAttempts>().is_some_and(|attempt| attempt.attempts() > 1);
        UsageRecorder::add(|usage| {
            usage.requests += 1;
            usage.retries += u64::from(is_retry);
        });
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match context.output_or_error() {
            Ok(output) => UsageRecorder::add(|usage| usage.read_units += units(output)),
            Err(error) => {
                let is_throttle =
                    error.as_operation_error().and_then(code).is_some_and(|code| THROTTLES.contains(&code));
                UsageRecorder::add(|usage| usage.throttles += u64::from(is_throttle));
            }
        }
        Ok(())
    }
}

/// The parameter of a read that requests the consumed capacity.
fn return_consumed_capacity(input: &mut Input) -> Option<&mut Option<ReturnConsumedCapacity>> {
    // An `if let` with `downcast_mut` would borrow the input for the whole function.
    if input.downcast_ref::<GetItemInput>().is_some() {
        return input.downcast_mut().map(|input: &mut GetItemInput| &mut input.return_consumed_capacity);
    }
    if input.downcast_ref::<BatchGetItemInput>().is_some() {
        return input.downcast_mut().map(|input: &mut BatchGetItemInput| &mut input.return_consumed_capacity);
    }
    input.downcast_mut().map(|input: &mut QueryInput| &mut input.return_consumed_capacity)
}

fn units(output: &Output) -> f64 {
    let units = |consumed: &ConsumedCapacity| consumed.capacity_units.unwrap_or_default();
    if let Some(output) = output.downcast_ref::<GetItemOutput>() {
        output.consumed_capacity().map_or(0.0, units)
    } else if let Some(output) = output.downcast_ref::<QueryOutput>() {
        output.consumed_capacity().map_or(0.0, units)
    } else if let Some(output) = output.downcast_ref::<BatchGetItemOutput>() {
        output.consumed_capacity().iter().map(units).sum()
    } else {
        0.0
    }
}

fn code(error: &Error) -> Option<&str> {
    let get = error.downcast_ref::<GetItemError>().and_then(ProvideErrorMetadata::code);
    let batch = error.downcast_ref::<BatchGetItemError>().and_then(ProvideErrorMetadata::code);
    let query = error.downcast_ref::<QueryError>().and_then(ProvideErrorMetadata::code);
    get.or(batch).or(query)
}
