//! The errors of the store.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;

/// The reason why an operation of the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB throttled the request, did not respond in time, or had an internal error. A retry
    /// may succeed.
    #[error("DynamoDB is unavailable: {0}")]
    Unavailable(String),
    /// DynamoDB refused the request: a table or a permission is missing. A retry fails as well.
    #[error("DynamoDB refused the request: {0}")]
    Refused(String),
    /// The attributes of an item are not what a reader expects.
    #[error("item {key:?} of user {user_id:?} in table {table} cannot be read: {problem}")]
    Unreadable {
        /// The table.
        table: String,
        /// The partition key.
        user_id: String,
        /// The sort key.
        key: String,
        /// The problem. It quotes no content of the item.
        problem: String,
    },
    /// A record does not fit its table.
    #[error(transparent)]
    ConstraintViolation(#[from] ConstraintViolation),
    /// The JSON of a response exceeds its limit: at least this many bytes were read.
    #[error("the response would hold at least {0} bytes of JSON")]
    ExceedsLimit(usize),
    /// Other writers wrote the session during each attempt.
    #[error("session {0:?} is being written by others")]
    Contended(String),
}

/// The reason why a record does not fit its table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct ConstraintViolation {
    /// The field; `.` for the record as a whole.
    pub field: &'static str,
    /// The problem.
    pub problem: String,
}

/// Error codes that ask for a retry with a status of the 400s.
pub(crate) const THROTTLES: [&str; 5] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionInProgressException",
];

impl<E> From<SdkError<E, HttpResponse>> for StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    SdkError<E, HttpResponse>: RequestId,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let cause = cause(&error);
        let is_retryable = match &error {
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
            SdkError::ServiceError(service) => {
                service.raw().status().is_server_error()
                    || service.err().code().is_none_or(|code| THROTTLES.contains(&code))
            }
            _ => false,
        };
        tracing::warn!(retryable = is_retryable, cause, "the DynamoDB request failed");
        if is_retryable { Self::Unavailable(cause) } else { Self::Refused(cause) }
    }
}

/// The messages of the SDK and of DynamoDB. The SDK's `DisplayErrorContext` is not for logs: it
/// includes the raw response, which may hold users' items.
fn cause<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    SdkError<E, HttpResponse>: RequestId,
{
    let chain = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let mut parts: Vec<_> = chain.map(ToString::to_string).collect();
    if let SdkError::ServiceError(service) = error {
        let (code, message) = (service.err().code(), service.err().message());
        parts.push(format!("{}", service.raw().status()));
        parts.extend([code, message].into_iter().flatten().map(str::to_owned));
    }
    parts.extend(error.request_id().map(|id| format!("request {id}")));
    parts.join(": ")
}

impl From<aws_sdk_dynamodb::error::BuildError> for StoreError {
    fn from(error: aws_sdk_dynamodb::error::BuildError) -> Self {
        Self::Refused(error.to_string())
    }
}
