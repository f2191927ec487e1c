//! Keys that change while the authorizer runs.

use std::time::Duration;

use serde_json::json;

use crate::authorizer::{Authorizer, Decision, World, alice};
use crate::issuer::Issuer;
use crate::tokens::{Key, claims, header};

/// More than the minimum time between two requests for keys (`key_cache::MIN_INTERVAL`).
pub(crate) const INTERVAL: Duration = Duration::from_millis(10_500);

/// Tokens with a made-up key id are a reason to fetch keys, but not each of them.
#[tokio::test]
async fn an_unknown_key_is_looked_for_once_in_a_while() {
    let mut world = World::start().await;
    assert_eq!(world.decide(json!({})).await, alice());
    tokio::time::sleep(INTERVAL).await;
    for number in 0..20 {
        let header = header("RS256", &format!("made-up {number}"));
        let token = world.key.token(&header, &claims(&world.issuer.url, json!({})));
        assert_eq!(world.authorizer.decide(&token).await, Decision::Unauthorized);
    }
    // Twenty tokens take less than ten seconds, or a second one if the machine is very slow.
    assert!((2..=3).contains(&world.issuer.key_requests()), "{:?}", world.issuer.requests());
}

#[tokio::test]
async fn a_new_key_is_found_and_the_old_one_is_refused_from_then_on() {
    let mut world = World::start().await;
    let old = world.token(json!({}));
    assert_eq!(world.authorizer.decide(&old).await, alice());
    let new = Key::another_rsa();
    world.issuer.set_keys(&[new.public("second")]);
    // Until keys are fetched again, the old one is valid.
    assert_eq!(world.authorizer.decide(&old).await, alice());
    tokio::time::sleep(INTERVAL).await;
    let token = new.token(&header("RS256", "second"), &claims(&world.issuer.url, json!({ "sub": "bob" })));
    assert_eq!(world.authorizer.decide(&token).await, Decision::Allow("bob".to_owned()));
    assert_eq!(world.authorizer.decide(&old).await, Decision::Unauthorized);
}

#[tokio::test]
async fn both_keys_are_valid_while_the_issuer_publishes_both() {
    let mut world = World::start().await;
    let new = Key::p256();
    world.issuer.set_keys(&[world.key.public("first"), new.public("second")]);
    let token = new.token(&header("ES256", "second"), &claims(&world.issuer.url, json!({})));
    for _ in 0..3 {
        assert_eq!(world.authorizer.decide(&token).await, alice());
        assert_eq!(world.decide(json!({})).await, alice());
    }
    assert_eq!(world.issuer.key_requests(), 1);
}

#[tokio::test]
async fn a_token_without_a_key_id_needs_one_fitting_key() {
    let (rsa, p256) = (Key::rsa(), Key::p256());
    let issuer = Issuer::start(&[rsa.public_without_id(), p256.public("e")]).await;
    let mut authorizer = Authorizer::start(&issuer).await;
    let claims = claims(&issuer.url, json!({}));
    for (key, algorithm) in [(&rsa, "RS256"), (&p256, "ES256")] {
        let token = key.token(&json!({ "alg": algorithm }), &claims);
        assert_eq!(authorizer.decide(&token).await, alice(), "{algorithm}");
    }
    // A key without an id is not the key of any id.
    assert_eq!(authorizer.decide(&rsa.token(&header("RS256", ""), &claims)).await, Decision::Unauthorized);
    let issuer = Issuer::start(&[rsa.public("a"), Key::another_rsa().public("b")]).await;
    let mut authorizer = Authorizer::start(&issuer).await;
    let token = rsa.token(&json!({ "alg": "RS256" }), &crate::tokens::claims(&issuer.url, json!({})));
    assert_eq!(authorizer.decide(&token).await, Decision::Unauthorized);
}

/// An issuer with a key without an id, which the function knows.
struct OldKey {
    /// The key that the issuer does not have yet.
    new: Key,
    issuer: Issuer,
    authorizer: Authorizer,
    old_token: String,
    new_token: String,
}

impl OldKey {
    async fn start() -> Self {
        let (old, new) = (Key::rsa(), Key::another_rsa());
        let issuer = Issuer::start(&[old.public_without_id()]).await;
        let mut authorizer = Authorizer::start(&issuer).await;
        let claims = claims(&issuer.url, json!({}));
        let [old_token, new_token] = [&old, &new].map(|key| key.token(&json!({ "alg": "RS256" }), &claims));
        assert_eq!(authorizer.decide(&old_token).await, alice());
        Self { new, issuer, authorizer, old_token, new_token }
    }
}

#[tokio::test]
async fn a_key_without_an_id_that_was_replaced_is_found() {
    let OldKey { new, issuer, mut authorizer, old_token, new_token } = OldKey::start().await;
    issuer.set_keys(&[new.public_without_id()]);
    tokio::time::sleep(INTERVAL).await;
    assert_eq!(authorizer.decide(&new_token).await, alice());
    assert_eq!(authorizer.decide(&old_token).await, Decision::Unauthorized);
}

#[tokio::test]
async fn a_key_set_without_a_usable_key_does_not_replace_keys() {
    let mut world = World::start().await;
    let mut only_for_encryption = world.key.public("first");
    only_for_encryption["use"] = json!("enc");
    assert_eq!(world.decide(json!({})).await, alice());
    for keys in [vec![], vec![only_for_encryption]] {
        world.issuer.set_keys(&keys);
        tokio::time::sleep(INTERVAL).await;
        let fetched = world.issuer.key_requests();
        let token = world.key.token(&header("RS256", "new"), &claims(&world.issuer.url, json!({})));
        assert_eq!(world.authorizer.decide(&token).await, Decision::Failed, "{keys:?}");
        assert_eq!(world.issuer.key_requests(), fetched + 1);
        assert_eq!(world.decide(json!({})).await, alice(), "{keys:?}");
    }
}

#[tokio::test]
async fn whether_a_key_without_an_id_was_replaced_is_not_known_without_the_issuer() {
    let OldKey { issuer, mut authorizer, old_token, new_token, .. } = OldKey::start().await;
    issuer.stop().await;
    tokio::time::sleep(INTERVAL).await;
    for _ in 0..2 {
        assert_eq!(authorizer.decide(&new_token).await, Decision::Failed);
        assert_eq!(authorizer.decide(&old_token).await, alice());
    }
}

#[tokio::test]
async fn keys_of_unknown_kinds_do_not_make_the_others_unusable() {
    let key = Key::rsa();
    let others = [
        json!({ "kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA", "kid": "q" }),
        json!({ "kty": "EC", "crv": "secp256k1", "x": "AAAA", "y": "AAAA" }),
        json!({ "kty": "RSA", "n": 7, "e": [] }),
        json!("key"),
        json!(null),
        key.public("first"),
    ];
    let issuer = Issuer::start(&others).await;
    let mut authorizer = Authorizer::start(&issuer).await;
    let token = key.token(&header("RS256", "first"), &claims(&issuer.url, json!({})));
    assert_eq!(authorizer.decide(&token).await, alice());
}
