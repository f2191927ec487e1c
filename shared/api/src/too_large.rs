//! Lists that are too large for a response, and what can be requested instead.

use std::fmt;

use crate::RESPONSE_LIMIT;
use crate::{ListError, MOST_MEMBERS, Smaller};

/// Why a list cannot be returned, and what can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooLarge {
    /// What is too large.
    pub excess: Excess,
    /// What can be requested instead.
    pub advice: Advice,
}

/// What is too large about a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// The response has this many bytes.
    Bytes(usize),
    /// The response has at least this many bytes.
    AtLeast(usize),
    /// The teams of the list name this many agents.
    Members(usize),
}

/// What can be requested instead of a list that is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// A part of the list that is known to fit.
    Smaller(Smaller),
    /// The first session alone, which was tried: without the bulk of its state if `trimmed`, compressed if `gzip`.
    First {
        /// Whether it only fits without the bulk of its state.
        trimmed: bool,
        /// Whether it only fits if the client accepts gzip.
        gzip: bool,
    },
    /// Not even the first session fits.
    Nothing,
}

impl Advice {
    /// Whether it is certain to help.
    pub(crate) fn is_certain(&self) -> bool {
        !matches!(self, Self::Smaller(smaller) if smaller.limit == 0 && !smaller.trimmed && smaller.trimmed_limit == 0)
    }
}

impl TooLarge {
    /// A list that was refused before it was put together. Other errors are given back.
    pub(crate) fn of(error: ListError) -> Result<Self, agentscope_store::StoreError> {
        let (excess, smaller) = match error {
            ListError::Store(error) => return Err(error),
            ListError::TooLarge { bytes, smaller } => (Excess::AtLeast(bytes), smaller),
            ListError::TooManyMembers(members) => (Excess::Members(members), Smaller::default()),
        };
        Ok(Self { excess, advice: Advice::Smaller(smaller) })
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "The answer has {bytes} bytes, and {RESPONSE_LIMIT} can be returned."),
            Self::AtLeast(bytes) => {
                write!(f, "The answer has at least {bytes} bytes, and {RESPONSE_LIMIT} can be returned.")
            }
            Self::Members(members) => write!(
                f,
                "The teams of these sessions name {members} agents, and at most {MOST_MEMBERS} are read for one answer."
            ),
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const TRIMMED: &str = "without the bulk of the states";
        match *self {
            Self::Smaller(Smaller { limit: limit @ 1.., trimmed: true, .. }) => {
                write!(f, "Ask for pages (limit={limit}), or {TRIMMED} (view=summary).")
            }
            Self::Smaller(Smaller { trimmed: true, .. }) => write!(f, "Ask {TRIMMED} (view=summary)."),
            Self::Smaller(Smaller { limit, trimmed_limit, .. }) if trimmed_limit > limit => {
                let pages = if limit > 0 { format!("(limit={limit}), or for pages ") } else { String::new() };
                write!(f, "Ask for pages {pages}{TRIMMED} (limit={trimmed_limit}&view=summary).")
            }
            Self::Smaller(Smaller { limit, .. }) if limit > 0 => write!(f, "Ask for pages (limit={limit})."),
            Self::First { trimmed, gzip } => {
                let (trimmed, view) = if trimmed { (TRIMMED, "&view=summary") } else { ("", "") };
                let space = if trimmed.is_empty() { "" } else { " " };
                let gzip = if gzip { ", and accept gzip (accept-encoding: gzip)" } else { "" };
                write!(f, "Ask for one session at a time{space}{trimmed} (limit=1{view}){gzip}.")
            }
            Self::Smaller(_) | Self::Nothing => {
                write!(f, "No part of it can be returned: its first session, with its team, is too large by itself.")
            }
        }
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.excess, self.advice)
    }
}
