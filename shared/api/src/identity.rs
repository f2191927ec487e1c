//! Identifies the caller of a request.

use crate::error::{ApiError, InputProblem};
use crate::payload_format::EventKind;
use crate::request::{Request, USER_ID_HEADER};

/// The source of the caller's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentitySource {
    /// A header, which a trusted proxy before a private network sets. Claims are ignored.
    Header,
    /// A claim of the token that the gateway's authorizer validated. The header is ignored.
    Jwt {
        /// The claim's name. It lives as long as the process.
        claim: &'static str,
    },
    /// The id that this product's authorizer function has put into the event of a REST API, from a
    /// token that it validated. The header and claims are ignored.
    AuthorizerFunction,
}

impl IdentitySource {
    /// The token's subject, the default claim.
    pub const SUBJECT: Self = Self::Jwt { claim: "sub" };
}

/// The events that may name a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSource {
    /// Events of every kind. Claims come from HTTP APIs alone, whose JWT authorizer cannot be
    /// mistaken for another authorizer.
    Any,
    /// Events of this kind. Claims of a REST API are those of its Cognito authorizer, and the
    /// results of its authorizer function count for [`IdentitySource::AuthorizerFunction`] alone.
    Only(EventKind),
}

/// How a function identifies the caller of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The source of the caller's identity.
    pub source: IdentitySource,
    /// The name of the header with the caller's id, in lower case, for
    /// [`IdentitySource::Header`]. It lives as long as the process.
    pub header: &'static str,
    /// The events that may name a caller.
    pub events: EventSource,
}

/// The source in events of every kind, with the default header.
impl From<IdentitySource> for Identity {
    fn from(source: IdentitySource) -> Self {
        Self { source, header: USER_ID_HEADER, events: EventSource::Any }
    }
}

impl Identity {
    /// Returns the caller's id.
    ///
    /// # Errors
    ///
    /// The request names no caller, or comes in an event that may not name one.
    pub fn caller(self, request: &Request) -> Result<String, NoCaller> {
        if let EventSource::Only(kind) = self.events
            && kind != request.kind
        {
            return Err(NoCaller::Unauthenticated);
        }
        match self.source {
            IdentitySource::Jwt { claim } => match self.claim(request, claim) {
                None | Some("") => Err(NoCaller::Unauthenticated),
                Some(id) => Ok(id.to_owned()),
            },
            IdentitySource::AuthorizerFunction => match request.authorized_user() {
                None | Some("") => Err(NoCaller::Unauthenticated),
                Some(id) => Ok(id.to_owned()),
            },
            IdentitySource::Header => {
                // HTTP APIs join repeated headers with commas. Others do not, so this does.
                let values: Vec<_> =
                    request.headers.get_all(self.header).iter().map(|value| value.as_bytes()).collect();
                if values.is_empty() {
                    return Err(NoCaller::HeaderMissing(self.header));
                }
                let id = values.join(&b","[..]);
                let id = String::from_utf8_lossy(&id);
                match id.trim_matches([' ', '\t']) {
                    "" => Err(NoCaller::HeaderEmpty(self.header)),
                    id => Ok(id.to_owned()),
                }
            }
        }
    }

    /// A claim that the gateway's authorizer validated. A REST API puts the results of every kind
    /// of authorizer into the same place, so its claims count only where REST events are expected.
    fn claim<'a>(&self, request: &'a Request, name: &str) -> Option<&'a str> {
        if request.kind == EventKind::RestApi && self.events == EventSource::Any {
            return None;
        }
        request.claim(name)
    }
}

/// Why a request names no caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoCaller {
    /// There is no identity header of this name.
    #[error("the identity header is missing")]
    HeaderMissing(&'static str),
    /// The identity header of this name is empty or blank.
    #[error("the identity header is empty")]
    HeaderEmpty(&'static str),
    /// The event may not name a caller, there is no token with the claim, or the claim is empty or
    /// not a string.
    #[error("no token")]
    Unauthenticated,
}

impl From<NoCaller> for ApiError {
    fn from(no_caller: NoCaller) -> Self {
        match no_caller {
            NoCaller::HeaderMissing(name) => Self::InvalidInput(vec![InputProblem::missing("header", name)]),
            NoCaller::HeaderEmpty(name) => Self::EmptyUserId(name),
            NoCaller::Unauthenticated => Self::Unauthenticated,
        }
    }
}
