//! The header of a request, and the header of the token in it.

use jsonwebtoken::{Algorithm, Header, decode_header, errors::ErrorKind};

use crate::refusal::Refusal;

/// The maximum length of the header in bytes. Tokens with the names of many groups have some
/// kilobytes.
const MAX_LENGTH: usize = 10_240;

/// The accepted algorithms: those with a public key that jsonwebtoken and ring have. Never `none`,
/// and never HMAC, whose key would be the public key that everybody knows.
pub(crate) const ALGORITHMS: [Algorithm; 8] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
];

/// The token of a header `Authorization`.
///
/// # Errors
///
/// The scheme is not `Bearer`, in any case, or what follows is not one token.
pub(crate) fn bearer(authorization: &str) -> Result<&str, Refusal> {
    if authorization.len() > MAX_LENGTH {
        return Err(Refusal::TooLong);
    }
    let (scheme, token) = authorization.split_once(' ').ok_or(Refusal::NoBearerToken)?;
    let token = token.trim_start_matches(' ');
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || !token.bytes().all(is_token) {
        return Err(Refusal::NoBearerToken);
    }
    Ok(token)
}

/// What the header of a token says about its signature. It is not verified yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SignatureHeader {
    /// One of the accepted algorithms.
    pub(crate) algorithm: Algorithm,
    /// The name of the key.
    pub(crate) key_id: Option<String>,
}

/// Reads the header of a token.
///
/// # Errors
///
/// The token is malformed, or is of a kind that is not accepted.
pub(crate) fn signature_header(token: &str) -> Result<SignatureHeader, Refusal> {
    let header = decode_header(token).map_err(|error| match error.kind() {
        // An algorithm that the library does not know, as `none`, is an error of JSON, too.
        ErrorKind::Json(_) => Refusal::Header,
        _ => Refusal::Malformed,
    })?;
    if header.crit.is_some() {
        return Err(Refusal::CriticalHeader);
    }
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Refusal::Header);
    }
    if !is_accepted_type(&header) {
        return Err(Refusal::Type);
    }
    Ok(SignatureHeader { algorithm: header.alg, key_id: header.kid })
}

/// Whether the type of a token is that of an ID token or of an access token. RFC 8725, section
/// 3.11, gives each other kind of token a type that ends with `+jwt`, as `logout+jwt`. Access
/// tokens have `at+jwt` (RFC 9068) or, as ID tokens, `JWT` or no type.
fn is_accepted_type(header: &Header) -> bool {
    let kind = header.typ.as_deref().unwrap_or_default().to_ascii_lowercase();
    let kind = kind.strip_prefix("application/").unwrap_or(&kind);
    kind == "at+jwt" || !kind.ends_with("+jwt")
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::*;

    fn header(header: &Value) -> Result<SignatureHeader, Refusal> {
        signature_header(&format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(header.to_string())))
    }

    #[test]
    fn a_bearer_token_follows_its_scheme() {
        for authorization in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "Bearer   a.b.c"] {
            assert_eq!(bearer(authorization), Ok("a.b.c"), "{authorization}");
        }
        for authorization in [
            "",
            "Bearer",
            "Bearer ",
            "a.b.c",
            "Basic a.b.c",
            "Bearer\ta.b.c",
            " Bearer a.b.c",
            "Bearer a.b.c ",
            "Bearer a.b.c d",
            // Two headers, as HTTP joins them.
            "Bearer a.b.c, Bearer d.e.f",
            "Bearer a.b.c,d.e.f",
            "Bearer ü.b.c",
        ] {
            assert_eq!(bearer(authorization), Err(Refusal::NoBearerToken), "{authorization:?}");
        }
        assert_eq!(bearer(&format!("Bearer {}", "a".repeat(10_240))), Err(Refusal::TooLong));
    }

    #[test]
    fn algorithms_with_a_public_key_are_accepted_and_no_others() {
        for name in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"] {
            let SignatureHeader { algorithm, key_id } = header(&json!({ "alg": name, "kid": "k" })).unwrap();
            assert_eq!((format!("{algorithm:?}"), key_id.as_deref()), (name.to_owned(), Some("k")));
        }
        for name in
            ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "EdDSA", "ES512", "ES256K", "rs256", "RSA1_5"]
        {
            assert_eq!(header(&json!({ "alg": name })), Err(Refusal::Header), "{name}");
        }
        for odd in [json!({}), json!({ "alg": null }), json!({ "alg": ["RS256"] }), json!({ "alg": "RS256", "kid": 7 })]
        {
            assert_eq!(header(&odd), Err(Refusal::Header), "{odd}");
        }
    }

    #[test]
    fn critical_headers_are_refused_even_those_that_the_library_knows() {
        for crit in [json!(["exp"]), json!(["b64"]), json!([])] {
            let odd = json!({ "alg": "RS256", "crit": crit, "b64": true });
            assert_eq!(header(&odd), Err(Refusal::CriticalHeader), "{odd}");
        }
    }

    #[test]
    fn tokens_for_other_purposes_are_refused_by_their_type() {
        for kind in [json!("JWT"), json!("jwt"), json!("at+jwt"), json!("application/at+jwt"), json!(null)] {
            assert!(header(&json!({ "alg": "RS256", "typ": kind })).is_ok(), "{kind}");
        }
        for kind in ["logout+jwt", "application/logout+jwt", "dpop+jwt", "secevent+JWT"] {
            assert_eq!(header(&json!({ "alg": "RS256", "typ": kind })), Err(Refusal::Type), "{kind}");
        }
    }

    #[test]
    fn what_is_no_token_is_malformed() {
        for token in ["", "a", "a.b", "a.b.c.d", "e30", "!.e30.c2ln"] {
            assert_eq!(signature_header(token), Err(Refusal::Malformed), "{token}");
        }
        // Nothing, `null`, `[]`, `{}` and `{`.
        for token in ["..", "bnVsbA.e30.c2ln", "W10.e30.c2ln", "e30.e30.c2ln", "ew.e30.c2ln"] {
            assert_eq!(signature_header(token), Err(Refusal::Header), "{token}");
        }
    }
}
