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
    /// The token does not have three parts, or a part is no base64url or no JSON object.
    #[error("the token is malformed")]
    Malformed,
    /// The algorithm is not on the list of allowed ones, which have a public key.
    #[error("the algorithm of the token is not allowed")]
    Algorithm,
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
    /// The token has expired, or has no valid `exp`.
    #[error("the token has expired")]
    Expired,
    /// The token has no `exp`.
    #[error("the token does not expire")]
    NoExpiry,
    /// `nbf` or `iat` is in the future.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// A time is not a number.
    #[error("a time of the token is malformed")]
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
    /// The user's id cannot be the value of a header.
    #[error("the user's id has characters or a length that no header can have")]
    UnusableUser,
}
