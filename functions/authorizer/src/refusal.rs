//! The reasons why a token is refused.

/// Why a token is refused. The text is logged, and has nothing that the caller sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The header `Authorization` is not `Bearer`, blanks and one token.
    #[error("the Authorization header has no bearer token")]
    NoBearerToken,
    /// The header is longer than the limit.
    #[error("the token is too long")]
    TooLong,
    /// The token does not have three parts, a part is no base64url, or the claims are no JSON
    /// object.
    #[error("the token is malformed")]
    Malformed,
    /// The header is no JSON object, a member has a wrong type, or the algorithm is not on the list
    /// of accepted ones, which have a public key.
    #[error("the header of the token or its algorithm is not accepted")]
    Header,
    /// The token has an extension that must be understood (`crit`).
    #[error("the token has a critical header")]
    CriticalHeader,
    /// The header `typ` names another kind of token, as a logout token.
    #[error("the token has another type than an ID token or an access token")]
    Type,
    /// The issuer has no such key.
    #[error("the key of the token is unknown")]
    UnknownKey,
    /// The issuer has the key, and it is not one for the algorithm.
    #[error("the algorithm of the token does not fit the key")]
    KeyMismatch,
    /// The token names no key, and the issuer has several that fit.
    #[error("the token names no key, and several fit")]
    AmbiguousKey,
    /// The signature was not made with the key.
    #[error("the signature of the token is invalid")]
    Signature,
    /// `exp` is in the past.
    #[error("the token has expired")]
    Expired,
    /// The token has no `exp`, or one that is no time.
    #[error("the token has no valid expiry")]
    NoExpiry,
    /// `nbf` or `iat` is in the future.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `nbf` or `iat` is no time.
    #[error("the time from which the token is valid is malformed")]
    MalformedTime,
    /// `iss` is another issuer.
    #[error("the token has another issuer")]
    Issuer,
    /// Neither `aud` nor, in its absence, `client_id` is an accepted audience.
    #[error("the token has another audience")]
    Audience,
    /// `token_use` is another one.
    #[error("the token has another token_use")]
    TokenUse,
    /// The claim with the user's id is missing, empty or not a text.
    #[error("the token does not name a user")]
    NoUser,
    /// The user's id is longer than the limit, or may change in a header.
    #[error("the token has a user id that is not accepted")]
    UnusableUser,
}
