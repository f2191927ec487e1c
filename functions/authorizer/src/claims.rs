//! The checks of a token's claims.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use crate::refusal::Refusal;
use crate::settings::TokenRules;

/// The claims of a token.
pub(crate) type Claims = Map<String, Value>;

/// The tolerated difference between the clocks of issuer and authorizer, in seconds.
pub(crate) const LEEWAY_SECONDS: u64 = 60;

/// The maximum length of a user's id in bytes: that of a partition key of DynamoDB.
const MAX_USER_ID_LENGTH: usize = 2048;

/// Whether a token has one of the scopes that the rules name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scopes {
    Sufficient,
    Insufficient,
}

/// Checks the claims of a token. Returns the user's id, which is true only if the signature is
/// verified.
///
/// # Errors
///
/// A claim is not as the rules demand.
pub(crate) fn user_id<'a>(claims: &'a Claims, rules: &TokenRules, now: SystemTime) -> Result<&'a str, Refusal> {
    if claims.get("iss").and_then(Value::as_str) != Some(&rules.issuer) {
        return Err(Refusal::Issuer);
    }
    check_times(claims, now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())?;
    if !has_audience(claims, &rules.audiences) {
        return Err(Refusal::Audience);
    }
    if let Some(token_use) = rules.token_use
        && claims.get("token_use").and_then(Value::as_str) != Some(token_use.as_str())
    {
        return Err(Refusal::TokenUse);
    }
    match claims.get(&rules.identity_claim) {
        Some(Value::String(id)) if is_header_value(id) => Ok(id),
        Some(Value::String(id)) if !id.is_empty() => Err(Refusal::UnusableUser),
        _ => Err(Refusal::NoUser),
    }
}

/// Checks `exp`, `nbf` and `iat` at this time in seconds since 1970. `exp` and `nbf` are read as
/// jsonwebtoken does, which checks them again with the signature.
fn check_times(claims: &Claims, now: u64) -> Result<(), Refusal> {
    let seconds = |value: &Value| value.as_f64().filter(|seconds| (0.0..u64::MAX as f64).contains(seconds));
    let latest_begin = (now + LEEWAY_SECONDS) as f64;
    let expiry = claims.get("exp").and_then(seconds).ok_or(Refusal::NoExpiry)?;
    if expiry.round() < now.saturating_sub(LEEWAY_SECONDS) as f64 {
        return Err(Refusal::Expired);
    }
    if let Some(begin) = claims.get("nbf")
        && seconds(begin).ok_or(Refusal::MalformedTime)?.round() > latest_begin
    {
        return Err(Refusal::NotYetValid);
    }
    if let Some(issued) = claims.get("iat")
        && issued.as_f64().ok_or(Refusal::MalformedTime)? > latest_begin
    {
        return Err(Refusal::NotYetValid);
    }
    Ok(())
}

/// Whether a token is for one of these audiences. Where `aud` is absent, `client_id` counts, as in
/// access tokens of Cognito. The JWT authorizer of HTTP APIs has the same rule ("Troubleshooting
/// issues with HTTP API JWT authorizers").
fn has_audience(claims: &Claims, audiences: &[String]) -> bool {
    let is_accepted = |value: &Value| value.as_str().is_some_and(|value| audiences.iter().any(|one| one == value));
    match claims.get("aud") {
        Some(Value::Array(values)) => values.iter().any(is_accepted),
        Some(value) => is_accepted(value),
        None => claims.get("client_id").is_some_and(is_accepted),
    }
}

/// Whether the token has one of the scopes, in `scope` or `scp`. Both are texts with blanks between
/// scopes, or lists. Always, if the rules name none.
pub(crate) fn scopes(claims: &Claims, rules: &TokenRules) -> Scopes {
    let has_one = |texts: &str| texts.split(' ').any(|scope| rules.scopes.iter().any(|one| one == scope));
    let is_in = |name| match claims.get(name) {
        Some(Value::String(text)) => has_one(text),
        Some(Value::Array(values)) => {
            values.iter().filter_map(Value::as_str).any(|scope| rules.scopes.iter().any(|one| one == scope))
        }
        _ => false,
    };
    if rules.scopes.is_empty() || is_in("scope") || is_in("scp") { Scopes::Sufficient } else { Scopes::Insufficient }
}

/// Whether a user's id stays what it is in a header. API Gateway sends it to the service behind the
/// API as `x-user-id`. HTTP drops blanks around a value, so `alice` and ` alice` would be the same
/// user there. How it encodes other characters than ASCII is not documented.
fn is_header_value(id: &str) -> bool {
    (1..=MAX_USER_ID_LENGTH).contains(&id.len())
        && id.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && !id.starts_with(' ')
        && !id.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::settings::TokenUse;

    const NOW: u64 = 1_800_000_000;

    fn rules() -> TokenRules {
        TokenRules {
            issuer: "https://issuer.example.com/".to_owned(),
            audiences: vec!["chat".to_owned(), "mobile".to_owned()],
            scopes: Vec::new(),
            token_use: None,
            identity_claim: "sub".to_owned(),
        }
    }

    fn claims(changes: &Value) -> Claims {
        let mut claims = json!({
            "iss": "https://issuer.example.com/", "aud": "chat", "sub": "alice", "exp": NOW + 3600,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object().unwrap().clone()
    }

    fn check(rules: &TokenRules, claims: &Claims) -> Result<String, Refusal> {
        user_id(claims, rules, UNIX_EPOCH + Duration::from_secs(NOW)).map(str::to_owned)
    }

    fn is_refused(rules: &TokenRules, changes: &Value, refusal: Refusal) {
        assert_eq!(check(rules, &claims(changes)), Err(refusal), "{changes}");
    }

    #[test]
    fn the_issuer_is_the_same_text() {
        assert_eq!(check(&rules(), &claims(&json!({}))), Ok("alice".to_owned()));
        for issuer in [
            json!("https://issuer.example.com"),
            json!("https://issuer.example.com//"),
            json!("HTTPS://issuer.example.com/"),
            json!("https://issuer.example.com/evil"),
            json!(["https://issuer.example.com/"]),
            json!(null),
            json!(""),
        ] {
            is_refused(&rules(), &json!({ "iss": issuer }), Refusal::Issuer);
        }
    }

    #[test]
    fn one_audience_suffices_and_the_client_counts_where_there_is_none() {
        for audience in [json!("mobile"), json!(["other", "chat"]), json!(["chat", 1])] {
            assert!(check(&rules(), &claims(&json!({ "aud": audience }))).is_ok(), "{audience}");
        }
        for audience in
            [json!("other"), json!(""), json!([]), json!(["other"]), json!({ "chat": 1 }), json!(null), json!(1)]
        {
            is_refused(&rules(), &json!({ "aud": audience, "client_id": "chat" }), Refusal::Audience);
        }
        for (client, is_accepted) in [(json!("chat"), true), (json!("other"), false), (json!(["chat"]), false)] {
            let mut claims = claims(&json!({ "client_id": client }));
            claims.remove("aud");
            assert_eq!(check(&rules(), &claims).is_ok(), is_accepted, "{client}");
        }
        let mut claims = claims(&json!({}));
        claims.remove("aud");
        assert_eq!(check(&rules(), &claims), Err(Refusal::Audience));
    }

    #[test]
    fn a_token_of_the_future_is_refused_beyond_the_leeway() {
        for issued in [json!(NOW), json!(NOW + 60), json!(1.5), json!(0)] {
            assert!(check(&rules(), &claims(&json!({ "iat": issued }))).is_ok(), "{issued}");
        }
        is_refused(&rules(), &json!({ "iat": NOW + 61 }), Refusal::NotYetValid);
        is_refused(&rules(), &json!({ "iat": 1e300 }), Refusal::NotYetValid);
        for issued in [json!("1"), json!(null), json!([1])] {
            is_refused(&rules(), &json!({ "iat": issued }), Refusal::MalformedTime);
        }
    }

    #[test]
    fn a_token_needs_an_expiry_and_is_refused_after_it_beyond_the_leeway() {
        for expiry in [json!(NOW), json!(NOW - 60), json!((NOW - 60) as f64 - 0.4), json!(1e18)] {
            assert!(check(&rules(), &claims(&json!({ "exp": expiry }))).is_ok(), "{expiry}");
        }
        for expiry in [json!(NOW - 61), json!(0), json!(0.5)] {
            is_refused(&rules(), &json!({ "exp": expiry }), Refusal::Expired);
        }
        for expiry in [json!("1"), json!(null), json!([NOW + 60]), json!(true), json!(-1), json!(1e300)] {
            is_refused(&rules(), &json!({ "exp": expiry }), Refusal::NoExpiry);
        }
        let mut claims = claims(&json!({}));
        claims.remove("exp");
        assert_eq!(check(&rules(), &claims), Err(Refusal::NoExpiry));
    }

    #[test]
    fn a_token_is_refused_before_its_begin_beyond_the_leeway() {
        for begin in [json!(NOW), json!(NOW + 60), json!(0), json!((NOW + 60) as f64 + 0.4)] {
            assert!(check(&rules(), &claims(&json!({ "nbf": begin }))).is_ok(), "{begin}");
        }
        is_refused(&rules(), &json!({ "nbf": NOW + 61 }), Refusal::NotYetValid);
        for begin in [json!("1"), json!(null), json!([1]), json!(-1), json!(1e300)] {
            is_refused(&rules(), &json!({ "nbf": begin }), Refusal::MalformedTime);
        }
    }

    #[test]
    fn the_use_of_a_token_is_checked_if_it_is_set() {
        let rules = TokenRules { token_use: Some(TokenUse::Access), ..rules() };
        assert!(check(&rules, &claims(&json!({ "token_use": "access" }))).is_ok());
        for other in [json!("id"), json!("Access"), json!(null), json!(["access"])] {
            is_refused(&rules, &json!({ "token_use": other }), Refusal::TokenUse);
        }
        is_refused(&rules, &json!({}), Refusal::TokenUse);
        assert!(check(&super::tests::rules(), &claims(&json!({ "token_use": "id" }))).is_ok());
    }

    #[test]
    fn the_user_is_the_configured_claim_and_a_text() {
        let rules = TokenRules { identity_claim: "user".to_owned(), ..rules() };
        assert_eq!(check(&rules, &claims(&json!({ "user": "bob" }))), Ok("bob".to_owned()));
        assert_eq!(check(&rules, &claims(&json!({ "user": "auth0|x y,z" }))), Ok("auth0|x y,z".to_owned()));
        for user in [json!(""), json!(null), json!(7), json!(true), json!(["bob"]), json!({ "id": "bob" })] {
            is_refused(&rules, &json!({ "user": user }), Refusal::NoUser);
        }
        is_refused(&rules, &json!({ "User": "bob" }), Refusal::NoUser);
        for user in [" bob", "bob ", "b\nob", "b\tob", "b\0b", "böb", "b\u{7f}b", &"b".repeat(2049)] {
            is_refused(&rules, &json!({ "user": user }), Refusal::UnusableUser);
        }
    }

    #[test]
    fn one_of_the_scopes_suffices() {
        let rules = TokenRules { scopes: vec!["chat/read".to_owned(), "chat/write".to_owned()], ..rules() };
        for token in [
            json!({ "scope": "openid chat/read" }),
            json!({ "scope": "chat/write" }),
            json!({ "scp": "chat/read email" }),
            json!({ "scp": ["email", "chat/read"] }),
            json!({ "scope": "email", "scp": ["chat/read"] }),
        ] {
            assert_eq!(scopes(&claims(&token), &rules), Scopes::Sufficient, "{token}");
        }
        for token in [
            json!({}),
            json!({ "scope": "" }),
            json!({ "scope": "chat/read/more" }),
            json!({ "scope": "chat/readers,chat/read" }),
            json!({ "scope": "CHAT/READ" }),
            json!({ "scp": ["openid chat/read"] }),
            json!({ "scp": [["chat/read"]] }),
            json!({ "scope": { "chat/read": true } }),
            json!({ "scopes": "chat/read" }),
        ] {
            assert_eq!(scopes(&claims(&token), &rules), Scopes::Insufficient, "{token}");
        }
        assert_eq!(scopes(&claims(&json!({})), &super::tests::rules()), Scopes::Sufficient);
    }
}
