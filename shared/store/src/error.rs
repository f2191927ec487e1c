//! What can go wrong between the program and its tables.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;

/// Why the store could not response.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB throttled, timed out or had a fault of its own. Trying again later may help.
    #[error("DynamoDB is unavailable: {0}")]
    Unavailable(String),
    /// DynamoDB refused the request. Trying again does not help: a table is missing, or a permission.
    #[error("DynamoDB refused the request: {0}")]
    Refused(String),
    /// An item cannot be read.
    #[error("item {key:?} of user {user_id:?} in table {table} cannot be read: {problem}")]
    Unreadable {
        /// The table.
        table: String,
        /// The partition key.
        user_id: String,
        /// The sort key.
        key: String,
        /// What is wrong with it. It quotes nothing of the item.
        problem: String,
    },
    /// A record does not fit the tables.
    #[error(transparent)]
    ConstraintViolation(#[from] ConstraintViolation),
    /// What a response would hold is more than it can: at least this many bytes of JSON were read for it.
    #[error("the response would hold at least {0} bytes of JSON")]
    ExceedsLimit(usize),
    /// Other writers kept getting in between.
    #[error("session {0:?} is being written by others")]
    Contended(String),
}

/// Why a record cannot be kept in the tables.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct ConstraintViolation {
    /// The field; `.` for the record as a whole.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// Error codes that mean: too much, later, though their status puts the blame on the client.
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
        let later = match &error {
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
            SdkError::ServiceError(service) => {
                service.raw().status().is_server_error()
                    || service.err().code().is_none_or(|code| THROTTLES.contains(&code))
            }
            _ => false,
        };
        tracing::warn!(later, cause, "DynamoDB did not respond the request");
        if later { Self::Unavailable(cause) } else { Self::Refused(cause) }
    }
}

/// What went wrong, in the words of the SDK and of DynamoDB's error. The SDK's own way to print errors in full is not for logs:
/// it adds the response as it came, in which there may be users' items.
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
