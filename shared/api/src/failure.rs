//! The error of an invocation.

use serde::Serialize;

/// The error that is posted for a failed invocation. The caller of the function gets both texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The kind of error, as `Runtime.Panic`.
    pub error_type: &'static str,
    /// What happened.
    pub error_message: &'static str,
}

impl Failure {
    pub(crate) const BODY: Self =
        Self { error_type: "Runtime.IncompleteEvent", error_message: "the event ended early" };
    pub(crate) const EVENT: Self =
        Self { error_type: "Runtime.MalformedEvent", error_message: "the event is not JSON" };
    pub(crate) const PANIC: Self = Self { error_type: "Runtime.Panic", error_message: "the function panicked" };
    pub(crate) const RESULT: Self =
        Self { error_type: "Runtime.MalformedResponse", error_message: "the response is not JSON" };
}
