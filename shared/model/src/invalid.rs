//! Why a record cannot be taken in.

use crate::Release;

/// Why a record cannot be taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecord {
    /// A field is missing, or holds something that the service cannot work with.
    #[error("{path}: {problem}")]
    Field {
        /// The path of the field, as `state.context[3].content[0].text`; `.` for the record as a
        /// whole.
        path: String,
        /// What is wrong there, and what was expected. It quotes nothing of the record.
        problem: String,
    },
    /// The record has fields that the set release cannot have.
    #[error("it comes from AgentScope {0} or later")]
    LaterRelease(Release),
}

impl InvalidRecord {
    pub(crate) fn whole(problem: impl Into<String>) -> Self {
        Self::Field { path: ".".to_owned(), problem: problem.into() }
    }
}
