//! The error of a list that is too large for a response, and what to request instead.

use std::fmt;

use agentscope_store::StoreError;

use crate::fitting::FittingRequest;
use crate::limits::ResponseLimits;
use crate::list::ListError;

/// Why a list is too large, and what to request instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooLarge {
    /// What exceeds its limit.
    pub excess: Excess,
    /// The maximum size of a response in bytes.
    pub limit: usize,
    /// What to request instead.
    pub advice: Advice,
}

/// What exceeds its limit in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// The response has this many bytes.
    Bytes(usize),
    /// The response has at least this many bytes.
    AtLeast(usize),
    /// The list has more than this many sessions.
    Sessions(usize),
    /// The teams of the list name this many agents.
    Members(usize),
}

/// What to request instead of a list that is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// A part of the list, by sizes that are known before it is rendered.
    Fitting(FittingRequest),
    /// The first session alone, by an attempt to render it.
    FirstSession {
        /// Whether it fits only without the bulk of its state.
        trimmed: bool,
        /// Whether it fits only if the client accepts gzip.
        gzip: bool,
    },
    /// The first session alone is too large.
    NothingFits,
}

impl Advice {
    /// Whether more attempts could not improve it.
    pub(crate) fn is_certain(&self) -> bool {
        match self {
            Self::Fitting(fitting) => fitting.is_certain(),
            Self::FirstSession { .. } | Self::NothingFits => true,
        }
    }
}

impl TooLarge {
    /// Converts the error of a list that was refused before it was rendered.
    ///
    /// # Errors
    ///
    /// The list was not too large: returns the error of the store.
    pub(crate) fn from_list_error(error: ListError, limits: ResponseLimits) -> Result<Self, StoreError> {
        let (excess, fitting) = match error {
            ListError::Store(error) => return Err(error),
            ListError::TooLarge { bytes, fitting } => (Excess::AtLeast(bytes), fitting),
            ListError::TooManySessions(sessions) => (Excess::Sessions(sessions), FittingRequest::default()),
            ListError::TooManyMembers(members) => (Excess::Members(members), FittingRequest::default()),
        };
        Ok(Self { excess, limit: limits.result, advice: Advice::Fitting(fitting) })
    }
}

impl TooLarge {
    /// What exceeds its limit, as a sentence.
    pub(crate) fn reason(&self) -> String {
        let limit = self.limit;
        match self.excess {
            Excess::Bytes(bytes) => format!("The answer has {bytes} bytes, and {limit} can be returned."),
            Excess::AtLeast(bytes) => format!("The answer has at least {bytes} bytes, and {limit} can be returned."),
            Excess::Sessions(sessions) => {
                format!("The list has more than {sessions} sessions, which is the most of one answer.")
            }
            Excess::Members(members) => {
                format!("The teams of these sessions name {members} agents, more than are read for one answer.")
            }
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const TRIMMED: &str = "without the bulk of the states";
        match *self {
            Self::Fitting(FittingRequest { limit: limit @ 1.., trimmed: true, .. }) => {
                write!(f, "Ask for pages (limit={limit}), or {TRIMMED} (view=summary).")
            }
            Self::Fitting(FittingRequest { trimmed: true, .. }) => write!(f, "Ask {TRIMMED} (view=summary)."),
            Self::Fitting(FittingRequest { limit, trimmed_limit, .. }) if trimmed_limit > limit => {
                let pages = if limit > 0 { format!("(limit={limit}), or for pages ") } else { String::new() };
                write!(f, "Ask for pages {pages}{TRIMMED} (limit={trimmed_limit}&view=summary).")
            }
            Self::Fitting(FittingRequest { limit, .. }) if limit > 0 => write!(f, "Ask for pages (limit={limit})."),
            Self::FirstSession { trimmed, gzip } => {
                let (trimmed, view) = if trimmed { (TRIMMED, "&view=summary") } else { ("", "") };
                let space = if trimmed.is_empty() { "" } else { " " };
                let gzip = if gzip { ", and accept gzip (accept-encoding: gzip)" } else { "" };
                write!(f, "Ask for one session at a time{space}{trimmed} (limit=1{view}){gzip}.")
            }
            Self::Fitting(_) | Self::NothingFits => {
                write!(f, "No part of it can be returned: its first session, with its team, is too large by itself.")
            }
        }
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.reason(), self.advice)
    }
}
