//! What a request takes from DynamoDB: how many requests, how many of them in vain, how many read units.

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

/// What was taken from DynamoDB.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Requests sent, again or not.
    pub requests: u64,
    /// Requests sent again: because an attempt had failed, or for keys that an response had left unprocessed.
    pub retries: u64,
    /// Attempts that DynamoDB turned away because too many came.
    pub throttles: u64,
    /// Read units consumed, as DynamoDB says. What it never answered it does not say.
    pub read_units: f64,
    /// Items that were written in the shape of another release than the function's.
    pub other_releases: u64,
}

/// Counts what a future takes from DynamoDB, also if the future is dropped or panics. Clones count together.
#[derive(Clone, Default)]
pub struct UsageRecorder(Arc<Mutex<Usage>>);

tokio::task_local! {
    /// The meter of the future that is being polled. Reads send all of their requests within the task that asks.
    static RECORDER: UsageRecorder;
}

impl UsageRecorder {
    /// The same future, whose requests are counted.
    pub fn measure<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        RECORDER.scope(self.clone(), future)
    }

    /// What has been counted so far.
    pub fn usage(&self) -> Usage {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_there() -> bool {
        RECORDER.try_with(|_| ()).is_ok()
    }

    /// Nobody counts what a loader sends, or a function at start-up.
    fn add(change: impl FnOnce(&mut Usage)) {
        let _ = RECORDER.try_with(|meter| change(&mut meter.0.lock().unwrap_or_else(PoisonError::into_inner)));
    }
}

impl fmt::Debug for UsageRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.usage().fmt(f)
    }
}

/// Keys that an response has left unprocessed are requested again, which the SDK knows nothing of.
pub(crate) fn count_retry() {
    UsageRecorder::add(|usage| usage.retries += 1);
}

/// Counts an item that was written in the shape of another release.
pub(crate) fn count_other_release() {
    UsageRecorder::add(|usage| usage.other_releases += 1);
}

/// Counts where every request comes by, and asks DynamoDB to say what it has consumed.
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
        if UsageRecorder::is_there()
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
        let is_again = config.load::<RequestAttempts>().is_some_and(|attempt| attempt.attempts() > 1);
        UsageRecorder::add(|usage| {
            usage.requests += 1;
            usage.retries += u64::from(is_again);
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

/// Where the input of a read says whether DynamoDB shall tell what the read has consumed.
fn return_consumed_capacity(input: &mut Input) -> Option<&mut Option<ReturnConsumedCapacity>> {
    // One after the other, for the sake of the borrow checker.
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
