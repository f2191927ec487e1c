//! Why a replica could not be brought up to date.

use agentscope_store::StoreError;
use redis::RedisError;

use crate::source::problem::explain;

/// Why a replica could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Another attempt can succeed.
    #[error("{0}")]
    Retryable(String),
    /// DynamoDB refuses the request: a table or a permission is missing.
    #[error("{0}")]
    Refused(String),
}

impl Failure {
    pub(super) fn conflict() -> Self {
        Self::Retryable("another process has written this record".to_owned())
    }

    pub(super) fn no_response() -> Self {
        Self::Retryable("Redis sent no response".to_owned())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(_) => Self::Refused(error.to_string()),
            _ => Self::Retryable(error.to_string()),
        }
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::Retryable(format!("Redis: {}", explain(&error)))
    }
}
