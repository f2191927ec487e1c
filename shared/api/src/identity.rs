//! Identifies the caller of a request.

use crate::error::{ApiError, InputProblem};
use crate::request::Request;

/// The source of the caller's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentitySource {
    /// The `x-user-id` header, which a trusted proxy before a private network sets. Claims are
    /// ignored.
    Header,
    /// A claim of the token that the HTTP API's JWT authorizer validated. The header is ignored.
    Jwt {
        /// The claim's name. It lives as long as the process.
        claim: &'static str,
    },
}

/// The header with the caller's id.
pub const USER_ID_HEADER: &str = "x-user-id";

impl IdentitySource {
    /// The token's subject, the default claim.
    pub const SUBJECT: Self = Self::Jwt { claim: "sub" };

    /// Returns the caller's id.
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
                // HTTP APIs join repeated headers with commas. REST APIs do not, so this does.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoCaller {
    /// There is no `x-user-id` header.
    #[error("the identity header is missing")]
    HeaderMissing,
    /// The header is empty or blank.
    #[error("the identity header is empty")]
    HeaderEmpty,
    /// There is no token with the claim, or the claim is empty or not a string.
    #[error("no token")]
    Unauthenticated,
}

impl From<NoCaller> for ApiError {
    fn from(no_caller: NoCaller) -> Self {
        match no_caller {
            NoCaller::HeaderMissing => Self::InvalidInput(vec![InputProblem::missing("header", USER_ID_HEADER)]),
            NoCaller::HeaderEmpty => Self::EmptyUserId,
            NoCaller::Unauthenticated => Self::Unauthenticated,
        }
    }
}
