//! Log lines and metrics: reasons and counts, and nothing of a token.

use agentscope_tests::emf;
use agentscope_tests::function::Function;
use serde_json::{Value, json};

use crate::authorizer::{Authorizer, BINARY, Decision, alice, environment};
use crate::issuer::{Document, Issuer, JWKS};
use crate::tokens::{Key, claims, header, now};

/// An authorizer at its most talkative, for tokens with the scope `chat`.
async fn talkative(issuer: &Issuer) -> Authorizer {
    let mut environment = environment(&issuer.url);
    for (name, value) in [("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("RUST_LOG", "trace"), ("TOKEN_SCOPES", "chat")] {
        environment.push((name, value.to_owned()));
    }
    Authorizer { function: Function::start_recorded(BINARY, environment).await }
}

#[tokio::test]
async fn logs_say_why_a_token_was_refused_and_have_nothing_of_it() {
    let key = Key::rsa();
    let issuer = Issuer::start(&[key.public("key-of-the-issuer")]).await;
    let mut authorizer = talkative(&issuer).await;
    let secret = json!({ "sub": "secret-user", "email": "secret@example.com", "jti": "secret-id", "scope": "chat" });
    let token = |algorithm: &str, id: &str, changes: Value| {
        let mut all = secret.clone();
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        key.token(&header(algorithm, id), &claims(&issuer.url, all))
    };
    let id = "key-of-the-issuer";
    let valid = token("RS256", id, json!({}));
    let cases = [
        (valid.clone(), Decision::Allow("secret-user".to_owned()), None),
        (
            token("RS256", id, json!({ "scope": "secret-scope" })),
            Decision::Deny,
            Some("the token has none of the scopes"),
        ),
        (token("RS256", id, json!({ "exp": now() - 100 })), Decision::Unauthorized, Some("the token has expired")),
        (
            token("RS256", id, json!({ "aud": "secret-aud" })),
            Decision::Unauthorized,
            Some("the token has another audience"),
        ),
        (
            token("RS256", id, json!({ "iss": "secret-iss" })),
            Decision::Unauthorized,
            Some("the token has another issuer"),
        ),
        (
            token("RS256", id, json!({ "sub": 5_417_301 })),
            Decision::Unauthorized,
            Some("the token does not name a user"),
        ),
        (
            token("RS256", id, json!({ "sub": "secret-\u{fc}" })),
            Decision::Unauthorized,
            Some("the token has a user id that is not accepted"),
        ),
        (
            token("RS256", id, json!({ "exp": "secret-exp" })),
            Decision::Unauthorized,
            Some("the token has no valid expiry"),
        ),
        (token("RS256", id, json!({ "exp": null })), Decision::Unauthorized, Some("the token has no valid expiry")),
        (
            token("RS256", id, json!({ "nbf": "secret-nbf" })),
            Decision::Unauthorized,
            Some("the time from which the token is valid is malformed"),
        ),
        (
            key.token(&json!({ "alg": "RS256", "kid": 5_417_301 }), &claims(&issuer.url, json!({}))),
            Decision::Unauthorized,
            Some("the header of the token or its algorithm is not accepted"),
        ),
        (token("RS256", "secret-kid", json!({})), Decision::Unauthorized, Some("the key of the token is unknown")),
        (format!("{valid}secret"), Decision::Unauthorized, Some("the signature of the token is invalid")),
        (
            token("secret-alg", id, json!({})),
            Decision::Unauthorized,
            Some("the header of the token or its algorithm is not accepted"),
        ),
        ("secret, token".to_owned(), Decision::Unauthorized, Some("the Authorization header has no bearer token")),
    ];
    for (token, decision, _) in &cases {
        assert_eq!(authorizer.decide(token).await, *decision, "{token}");
    }
    let log = authorizer.function.stop().await;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for (number, (_, decision, reason)) in cases.iter().enumerate() {
        let request = format!("request-{}", number + 1);
        let refusals: Vec<_> = lines
            .iter()
            .filter(|line| line["message"] == "the request was refused" && line["span"]["request_id"] == *request)
            .collect();
        match reason {
            Some(reason) => {
                let status = if *decision == Decision::Deny { 403 } else { 401 };
                assert_eq!(refusals.len(), 1, "{request}: {log}");
                assert_eq!((&refusals[0]["reason"], &refusals[0]["status"]), (&json!(reason), &json!(status)));
                assert_eq!(refusals[0]["level"], "INFO");
            }
            None => assert!(refusals.is_empty(), "{request}"),
        }
    }
    for private in ["secret", "Bearer", "5417301", "eyJ", "example.com"] {
        assert!(!log.contains(private), "{private} in {log}");
    }
    for (token, ..) in cases {
        for part in token.split('.').filter(|part| part.len() > 8) {
            assert!(!log.contains(part), "{part} in {log}");
        }
    }
}

#[tokio::test]
async fn each_event_has_a_line_of_metrics_with_its_outcome() {
    let key = Key::rsa();
    let issuer = Issuer::start(&[key.public("first")]).await;
    let mut authorizer = talkative(&issuer).await;
    let token = |changes| key.token(&header("RS256", "first"), &claims(&issuer.url, changes));
    issuer.set(JWKS, Document::Status(500));
    assert_eq!(authorizer.decide(&token(json!({ "scope": "chat" }))).await, Decision::Failed);
    issuer.set_keys(&[key.public("first")]);
    // More than the minimum time between two requests for keys
    // (`key_cache::MIN_INTERVAL_WITHOUT_KEYS`).
    tokio::time::sleep(std::time::Duration::from_millis(5500)).await;
    assert_eq!(authorizer.decide(&token(json!({ "scope": "chat" }))).await, alice());
    assert_eq!(authorizer.decide(&token(json!({}))).await, Decision::Deny);
    assert_eq!(authorizer.decide("garbage").await, Decision::Unauthorized);
    let log = authorizer.function.stop().await;
    let lines = emf::lines(&log);
    let expected = [("failed", 1, 1, 1), ("allowed", 0, 0, 1), ("denied", 0, 0, 0), ("unauthorized", 0, 0, 0)];
    assert_eq!(lines.len(), expected.len(), "{log}");
    for (line, (outcome, errors, cold, fetches)) in lines.iter().zip(expected) {
        emf::check(line).unwrap();
        assert_eq!((&line["Route"], &line["Outcome"]), (&json!("authorizer"), &json!(outcome)));
        let numbers = ["Requests", "ServerErrors", "ColdStarts", "KeyFetches"].map(|name| line[name].as_u64());
        assert_eq!(numbers, [1, errors, cold, fetches].map(Some), "{line}");
    }
    assert!(log.contains("key set: the issuer returned status 500"), "{log}");
}
