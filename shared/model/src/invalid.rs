//! The error of a record that cannot be used.

use crate::Release;

/// Why a record is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecord {
    /// A field is missing, or has a value that the service cannot use.
    #[error("{path}: {problem}")]
    Field {
        /// The path of the field, such as `state.context[3].content[0].text`; `.` for the record
        /// itself.
        path: String,
        /// The problem and what was expected. It quotes nothing of the record.
        problem: String,
    },
    /// The record has fields that a later release introduced.
    #[error("it comes from AgentScope {0} or later")]
    LaterRelease(Release),
}

impl InvalidRecord {
    pub(crate) fn whole(problem: impl Into<String>) -> Self {
        Self::Field { path: ".".to_owned(), problem: problem.into() }
    }
}
