//! The authorizer of a REST API: validates the tokens of an OpenID Connect issuer, and tells API
//! Gateway who the caller is.
//!
//! A REST API itself validates tokens of Cognito user pools only.
//!
//! # Layout
//!
//! Each module depends on modules above it in this list, never on those below.
//!
//! - [`settings`]: settings from environment variables.
//! - [`refusal`]: the reasons why a token is refused.
//! - `token`: the header of a request, and the header of its token.
//! - `claims`: the checks of a token's claims.
//! - [`signatures`]: the verification of signatures with ring.
//! - [`key_set`]: the public keys of an issuer.
//! - [`issuer`]: requests for the keys of an issuer.
//! - [`key_cache`]: keys that are kept and refreshed.
//! - `verification`: the verification of tokens with these keys.
//! - `policy`: events of API Gateway, and what it expects.
//! - [`handler`]: the handler of the function's events.
//! - [`metrics`]: a line of metrics for each event.

mod claims;
pub mod handler;
pub mod issuer;
pub mod key_cache;
pub mod key_set;
pub mod metrics;
mod policy;
pub mod refusal;
pub mod settings;
pub mod signatures;
mod token;
mod verification;
