//! Who asks.

use std::str::FromStr;

use super::error::InputProblem;
use super::{ApiError, Request};

/// Where the caller's identity comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentitySource {
    /// The `x-user-id` header, as a trusted proxy in front of a private network sets it.
    Header,
    /// The `sub` claim of the token that the HTTP API's JWT authorizer has checked. The header is ignored.
    Jwt,
}

/// Neither `header` nor `jwt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `header` or `jwt`")]
pub struct UnknownSource;

impl FromStr for IdentitySource {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, UnknownSource> {
        match text {
            "header" => Ok(Self::Header),
            "jwt" => Ok(Self::Jwt),
            _ => Err(UnknownSource),
        }
    }
}

/// The header that names the caller.
pub const USER_ID_HEADER: &str = "x-user-id";

impl IdentitySource {
    /// The caller's id.
    ///
    /// # Errors
    ///
    /// The request names no caller.
    pub fn caller(self, request: &Request) -> Result<String, NoCaller> {
        match self {
            Self::Jwt => request.subject.clone().filter(|id| !id.is_empty()).ok_or(NoCaller::Unauthenticated),
            Self::Header => {
                // A REST API hands over repeated headers one by one; an HTTP API joins them, and so do we.
                let values: Vec<_> =
                    request.headers.get_all(USER_ID_HEADER).iter().map(|value| value.as_bytes()).collect();
                if values.is_empty() {
                    return Err(NoCaller::HeaderMissing);
                }
                let id = values.join(&b","[..]);
                let id = String::from_utf8_lossy(&id);
                match id.trim_matches([' ', '\t']) {
                    "" => Err(NoCaller::HeaderEmpty),
                    id => Ok(id.to_owned()),
                }
            }
        }
    }
}

/// Why a request names no caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCaller {
    /// There is no `x-user-id` header.
    HeaderMissing,
    /// The header is empty, or blank.
    HeaderEmpty,
    /// There is no token with a `sub` claim.
    Unauthenticated,
}

impl From<NoCaller> for ApiError {
    fn from(no_caller: NoCaller) -> Self {
        match no_caller {
            NoCaller::HeaderMissing => Self::Inputs(vec![InputProblem::missing("header", USER_ID_HEADER)]),
            NoCaller::HeaderEmpty => Self::EmptyUserId,
            NoCaller::Unauthenticated => Self::Unauthenticated,
        }
    }
}
