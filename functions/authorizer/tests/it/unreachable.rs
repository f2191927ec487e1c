//! An issuer that does not respond, or with something else. Then whether a token is valid is not
//! known: API Gateway returns 500 and not 401, so that clients keep their tokens.

use serde_json::json;

use crate::authorizer::{Authorizer, Decision, World, alice};
use crate::issuer::{DISCOVERY, Document, Issuer, JWKS};
use crate::keys::INTERVAL;
use crate::tokens::{Key, claims, header, now};

#[tokio::test]
async fn known_keys_are_used_without_the_issuer() {
    let World { issuer, key, mut authorizer } = World::start().await;
    let url = issuer.url.clone();
    let token = |sub: &str| key.token(&header("RS256", "first"), &claims(&url, json!({ "sub": sub })));
    assert_eq!(authorizer.decide(&token("alice")).await, alice());
    issuer.set(DISCOVERY, Document::Status(503));
    tokio::time::sleep(INTERVAL).await;
    // An unknown key makes the authorizer ask the issuer, in vain.
    let requests = issuer.requests().len();
    let unknown = key.token(&header("RS256", "unknown"), &claims(&url, json!({})));
    assert_eq!(authorizer.decide(&unknown).await, Decision::Failed);
    assert_eq!(issuer.requests().len(), requests + 1);
    for _ in 0..3 {
        assert_eq!(authorizer.decide(&token("bob")).await, Decision::Allow("bob".to_owned()));
    }
}

/// Clients need to know that such a token has to be replaced, whether the issuer responds or not.
#[tokio::test]
async fn what_is_refused_with_any_signature_is_refused_without_the_issuer() {
    let World { issuer, key, mut authorizer } = World::start_with(&[("TOKEN_USE", "access")]).await;
    let url = issuer.url.clone();
    let token = |changes| {
        let mut all = claims(&url, json!({ "token_use": "access" }));
        all.as_object_mut().unwrap().extend(serde_json::Map::clone(json!(changes).as_object().unwrap()));
        key.token(&header("RS256", "unknown"), &all)
    };
    issuer.set(DISCOVERY, Document::Status(503));
    for changes in [
        json!({ "exp": now() - 70 }),
        json!({ "exp": null }),
        json!({ "nbf": now() + 120 }),
        json!({ "iat": now() + 120 }),
        json!({ "iss": "https://other.example.com" }),
        json!({ "aud": "other" }),
        json!({ "token_use": "id" }),
        json!({ "sub": "" }),
        json!({ "sub": " alice" }),
    ] {
        assert_eq!(authorizer.decide(&token(changes.clone())).await, Decision::Unauthorized, "{changes}");
    }
    assert_eq!(authorizer.decide("e30.e30.e30").await, Decision::Unauthorized);
    assert_eq!(issuer.requests(), Vec::<String>::new());
    assert_eq!(authorizer.decide(&token(json!({}))).await, Decision::Failed);
}

#[tokio::test]
async fn without_keys_the_outcome_is_a_failure_until_the_issuer_is_back() {
    let mut world = World::start().await;
    world.issuer.set(DISCOVERY, Document::Status(503));
    assert_eq!(world.decide(json!({})).await, Decision::Failed);
    // What is refused in any case is still a 401.
    assert_eq!(world.authorizer.decide("garbage").await, Decision::Unauthorized);
    world.issuer.set(DISCOVERY, Document::Body(world.issuer.discovery(&format!("{}{JWKS}", world.issuer.url))));
    // Failed attempts are five seconds apart.
    for _ in 0..120 {
        if world.decide(json!({})).await == alice() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    panic!("the issuer's keys are not fetched again");
}

#[tokio::test]
async fn nothing_listens_at_the_issuers_address() {
    let issuer = Issuer::start(&[]).await;
    let mut authorizer = Authorizer::start(&issuer).await;
    let token = Key::rsa().token(&header("RS256", "first"), &claims(&issuer.url, json!({})));
    issuer.stop().await;
    assert_eq!(authorizer.decide(&token).await, Decision::Failed);
}

/// Each of them in place of the discovery document, and of the key set.
#[tokio::test]
async fn a_document_that_is_none_is_a_failure() {
    let key = Key::rsa();
    let elsewhere = Issuer::start(&[key.public("first")]).await;
    let huge = json!({ "keys": [key.public("first")], "padding": "x".repeat(300_000) }).to_string();
    for document in [
        Document::Status(404),
        Document::Status(500),
        Document::Status(204),
        Document::Redirect(302, format!("{}{JWKS}", elsewhere.url)),
        Document::Redirect(307, format!("{}{JWKS}", elsewhere.url)),
        Document::Redirect(200, format!("{}{JWKS}", elsewhere.url)),
        Document::Body(String::new()),
        Document::Body("<html>sign in</html>".to_owned()),
        Document::Body("{}".to_owned()),
        Document::Body("[]".to_owned()),
        Document::Body(json!({ "issuer": 1, "jwks_uri": 2, "keys": "none" }).to_string()),
        Document::Body(json!({ "keys": [] }).to_string()),
        Document::Body(json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0" }] }).to_string()),
        Document::Body(huge),
        Document::Silence,
    ] {
        for path in [DISCOVERY, JWKS] {
            let issuer = Issuer::start(&[key.public("first")]).await;
            issuer.set(path, document.clone());
            let mut authorizer = Authorizer::start(&issuer).await;
            let token = key.token(&header("RS256", "first"), &claims(&issuer.url, json!({})));
            assert_eq!(authorizer.decide(&token).await, Decision::Failed, "{path}: {document:?}");
            assert!(authorizer.function.is_alive());
        }
    }
    assert_eq!(elsewhere.requests(), Vec::<String>::new(), "redirects are not followed");
}

#[tokio::test]
async fn a_discovery_document_of_another_issuer_or_with_another_kind_of_address_is_a_failure() {
    let key = Key::rsa();
    let keys = [key.public("first")];
    let elsewhere = Issuer::start(&keys).await;
    let issuer = Issuer::start(&keys).await;
    let its_keys = format!("{}{JWKS}", issuer.url);
    for (named, address) in [
        (elsewhere.url.clone(), its_keys.clone()),
        (format!("{}/", issuer.url), its_keys.clone()),
        (issuer.url.clone(), "http://keys.example.com/jwks".to_owned()),
        (issuer.url.clone(), "http://169.254.169.254/latest/meta-data".to_owned()),
        (issuer.url.clone(), "file:///etc/hostname".to_owned()),
        (issuer.url.clone(), "/jwks".to_owned()),
        (issuer.url.clone(), "not a URL".to_owned()),
    ] {
        let document = json!({ "issuer": named, "jwks_uri": address }).to_string();
        issuer.set(DISCOVERY, Document::Body(document.clone()));
        let mut authorizer = Authorizer::start(&issuer).await;
        let token = key.token(&header("RS256", "first"), &claims(&issuer.url, json!({})));
        assert_eq!(authorizer.decide(&token).await, Decision::Failed, "{document}");
    }
    assert_eq!(issuer.key_requests() + elsewhere.key_requests(), 0);
}
