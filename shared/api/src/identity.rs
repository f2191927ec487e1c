//! Who asks.

use crate::error::InputProblem;
use crate::{ApiError, Request};

/// Where the caller's identity comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentitySource {
    /// The `x-user-id` header, as a trusted proxy in front of a private network sets it. Claims are ignored.
    Header,
    /// A claim of the token that the HTTP API's JWT authorizer has checked. The header is ignored.
    Jwt {
        /// The claim's name. It is known when the process starts, and until it ends.
        claim: &'static str,
    },
}

/// The header that names the caller.
pub const USER_ID_HEADER: &str = "x-user-id";

impl IdentitySource {
    /// The token's subject, which is the caller unless another claim is configured.
    pub const SUBJECT: Self = Self::Jwt { claim: "sub" };

    /// The caller's id.
    ///
    /// # Errors
    ///
    /// The request names no caller.
    pub fn caller(self, request: &Request) -> Result<String, NoCaller> {
        match self {
            Self::Jwt { claim } => match request.claim(claim) {
                None | Some("") => Err(NoCaller::Unauthenticated),
                Some(id) => Ok(id.to_owned()),
            },
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
    /// There is no token with the claim, or the claim is empty or no text.
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
