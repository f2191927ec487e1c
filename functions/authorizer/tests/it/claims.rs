//! Which claims make a token valid.

use serde_json::{Value, json};

use crate::authorizer::{Authorizer, Decision, World, alice};
use crate::issuer::Issuer;
use crate::tokens::{Key, claims, header, now};

#[tokio::test]
async fn a_valid_token_names_the_caller() {
    let mut world = World::start().await;
    assert_eq!(world.decide(json!({})).await, alice());
    assert_eq!(world.decide(json!({ "sub": "auth0|5f7c" })).await, Decision::Allow("auth0|5f7c".to_owned()));
    let token = world.token(json!({}));
    for scheme in ["bearer", "BEARER", "bEaReR", "Bearer  "] {
        assert_eq!(world.authorizer.decide_on_header(&format!("{scheme} {token}")).await, alice(), "{scheme}");
    }
    assert_eq!(world.issuer.key_requests(), 1);
}

#[tokio::test]
async fn every_algorithm_with_a_public_key_is_accepted() {
    let (rsa, p256, p384) = (Key::rsa(), Key::p256(), Key::p384());
    let issuer = Issuer::start(&[rsa.public("r"), p256.public("e"), p384.public("f")]).await;
    let mut authorizer = Authorizer::start(&issuer).await;
    for (key, id, algorithms) in [
        (&rsa, "r", &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..]),
        (&p256, "e", &["ES256"]),
        (&p384, "f", &["ES384"]),
    ] {
        for algorithm in algorithms {
            let token = key.token(&header(algorithm, id), &claims(&issuer.url, json!({})));
            assert_eq!(authorizer.decide(&token).await, alice(), "{algorithm}");
        }
    }
}

#[tokio::test]
async fn a_token_is_valid_between_its_times_with_a_minute_of_leeway() {
    let mut world = World::start().await;
    for valid in [
        json!({ "exp": now() + 5 }),
        json!({ "exp": now() - 20 }),
        json!({ "exp": (now() + 5) as f64 + 0.5 }),
        json!({ "nbf": now() + 40 }),
        json!({ "iat": now() + 40 }),
        json!({ "nbf": null, "iat": null }),
    ] {
        assert_eq!(world.decide(valid.clone()).await, alice(), "{valid}");
    }
    for invalid in [
        json!({ "exp": now() - 70 }),
        json!({ "exp": 0 }),
        json!({ "exp": -1 }),
        json!({ "exp": null }),
        json!({ "exp": "tomorrow" }),
        json!({ "exp": (now() + 60).to_string() }),
        json!({ "exp": [now() + 60] }),
        json!({ "exp": true }),
        json!({ "nbf": now() + 120 }),
        json!({ "nbf": "now" }),
        json!({ "iat": now() + 120 }),
        json!({ "iat": "now" }),
    ] {
        assert_eq!(world.decide(invalid.clone()).await, Decision::Unauthorized, "{invalid}");
    }
}

#[tokio::test]
async fn the_issuer_is_exactly_the_configured_one() {
    let mut world = World::start().await;
    let url = world.issuer.url.clone();
    for issuer in [
        json!("https://evil.example.com"),
        json!(format!("{url}/")),
        json!([url.clone()]),
        json!(url.replace("http", "HTTP")),
        Value::Null,
    ] {
        assert_eq!(world.decide(json!({ "iss": issuer })).await, Decision::Unauthorized, "{issuer}");
    }
    // None of these made the authorizer fetch keys.
    assert_eq!(world.issuer.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn an_issuer_with_a_path_and_a_slash_is_discovered() {
    let key = Key::rsa();
    let issuer = Issuer::start_at("/realms/team/", &[key.public("first")]).await;
    let mut authorizer = Authorizer::start(&issuer).await;
    let token = |issuer: &str| key.token(&header("RS256", "first"), &claims(issuer, json!({})));
    assert_eq!(authorizer.decide(&token(&issuer.url)).await, alice());
    assert_eq!(issuer.requests()[0], "/realms/team/.well-known/openid-configuration");
    assert_eq!(authorizer.decide(&token(issuer.url.trim_end_matches('/'))).await, Decision::Unauthorized);
}

#[tokio::test]
async fn one_of_the_audiences_is_needed_and_the_client_counts_where_there_is_none() {
    let mut world = World::start().await;
    for valid in [
        json!({ "aud": "mobile" }),
        json!({ "aud": ["other", "chat"] }),
        // An access token of Cognito.
        json!({ "aud": null, "client_id": "chat" }),
        json!({ "aud": "chat", "client_id": "other" }),
    ] {
        assert_eq!(world.decide(valid.clone()).await, alice(), "{valid}");
    }
    for invalid in [
        json!({ "aud": "other" }),
        json!({ "aud": ["other"] }),
        json!({ "aud": [] }),
        json!({ "aud": "chat,mobile" }),
        json!({ "aud": "Chat" }),
        json!({ "aud": "other", "client_id": "chat" }),
        json!({ "aud": null }),
        json!({ "aud": null, "client_id": "other" }),
        json!({ "aud": null, "azp": "chat" }),
        json!({ "aud": 1 }),
    ] {
        assert_eq!(world.decide(invalid.clone()).await, Decision::Unauthorized, "{invalid}");
    }
}

#[tokio::test]
async fn the_use_of_a_token_is_checked_if_it_is_configured() {
    let mut world = World::start_with(&[("TOKEN_USE", "access")]).await;
    assert_eq!(world.decide(json!({ "token_use": "access" })).await, alice());
    for other in [json!("id"), json!("ACCESS"), json!(["access"]), Value::Null] {
        assert_eq!(world.decide(json!({ "token_use": other })).await, Decision::Unauthorized, "{other}");
    }
    let mut world = World::start().await;
    assert_eq!(world.decide(json!({ "token_use": "id" })).await, alice());
}

#[tokio::test]
async fn one_of_the_scopes_suffices_and_without_it_a_valid_token_is_denied() {
    let mut world = World::start_with(&[("TOKEN_SCOPES", "chat/read,chat/write")]).await;
    for sufficient in [
        json!({ "scope": "openid chat/write email" }),
        json!({ "scp": "chat/read" }),
        json!({ "scp": ["openid", "chat/read"] }),
    ] {
        assert_eq!(world.decide(sufficient.clone()).await, alice(), "{sufficient}");
    }
    for insufficient in [
        json!({}),
        json!({ "scope": "openid" }),
        json!({ "scope": "chat/reads" }),
        json!({ "scp": ["chat/read chat/write"] }),
        json!({ "scopes": "chat/read" }),
    ] {
        assert_eq!(world.decide(insufficient.clone()).await, Decision::Deny, "{insufficient}");
    }
    // An invalid token is a 401, whatever its scopes.
    assert_eq!(world.decide(json!({ "exp": now() - 100 })).await, Decision::Unauthorized);
    assert_eq!(world.decide(json!({ "scope": "chat/read", "sub": "" })).await, Decision::Unauthorized);
}

#[tokio::test]
async fn the_configured_claim_names_the_caller_and_no_other_does() {
    let mut world = World::start_with(&[("IDENTITY_CLAIM", "cognito:username")]).await;
    let bob = json!({ "cognito:username": "bob", "sub": "alice" });
    assert_eq!(world.decide(bob).await, Decision::Allow("bob".to_owned()));
    for user in [
        Value::Null,
        json!(""),
        json!(" bob"),
        json!("bob\n"),
        json!("bob\r\nx-user-id: alice"),
        json!(17),
        json!(true),
        json!(["bob"]),
        json!({ "id": "bob" }),
    ] {
        let changes = json!({ "cognito:username": user, "username": "bob" });
        assert_eq!(world.decide(changes).await, Decision::Unauthorized, "{user}");
    }
}
