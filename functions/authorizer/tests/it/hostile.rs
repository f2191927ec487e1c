//! Tokens that somebody without the issuer's key could make, and headers that are no tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::json;

use crate::authorizer::{Authorizer, Decision, World, alice};
use crate::issuer::{DISCOVERY, Issuer, JWKS};
use crate::tokens::{Key, claims, header, unsigned};

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let mut world = World::start().await;
    let claims = claims(&world.issuer.url, json!({}));
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let token = unsigned(&header(algorithm, "first"), &claims);
        for signature in ["", "c2ln"] {
            assert_eq!(world.authorizer.decide(&format!("{token}.{signature}")).await, Decision::Unauthorized);
        }
        assert_eq!(world.authorizer.decide(&token).await, Decision::Unauthorized, "{algorithm}");
    }
    let token = unsigned(&header("RS256", "first"), &claims);
    assert_eq!(world.authorizer.decide(&format!("{token}.")).await, Decision::Unauthorized);
}

#[tokio::test]
async fn the_public_key_is_not_a_secret_for_hmac() {
    let mut world = World::start().await;
    let pem = world.key.public_pem();
    let modulus = world.key.public("first")["n"].as_str().unwrap().to_owned();
    for secret in
        [pem.as_bytes(), pem.trim().as_bytes(), modulus.as_bytes(), &URL_SAFE_NO_PAD.decode(&modulus).unwrap()]
    {
        let message = unsigned(&header("HS256", "first"), &claims(&world.issuer.url, json!({})));
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
        assert_eq!(world.authorizer.decide(&format!("{message}.{signature}")).await, Decision::Unauthorized);
    }
}

#[tokio::test]
async fn the_algorithm_has_to_fit_the_key() {
    let (rsa, p256) = (Key::rsa(), Key::p256());
    let mut only_256 = rsa.public("only-256");
    only_256["alg"] = json!("RS256");
    let issuer = Issuer::start(&[rsa.public("r"), p256.public("e"), only_256]).await;
    let mut authorizer = Authorizer::start(&issuer).await;
    let claims = claims(&issuer.url, json!({}));
    assert_eq!(authorizer.decide(&rsa.token(&header("RS256", "only-256"), &claims)).await, alice());
    for (key, algorithm, id) in [
        (&rsa, "RS256", "e"),
        (&rsa, "ES256", "r"),
        (&p256, "ES256", "r"),
        (&p256, "RS256", "e"),
        (&p256, "ES384", "e"),
        (&rsa, "RS384", "only-256"),
        (&rsa, "PS256", "only-256"),
    ] {
        let token = key.token(&header(algorithm, id), &claims);
        assert_eq!(authorizer.decide(&token).await, Decision::Unauthorized, "{algorithm} with {id}");
    }
    // The signature was made by another algorithm than the header says.
    let token = rsa.token(&header("RS512", "r"), &claims);
    let signature = token.rsplit('.').next().unwrap();
    let token = format!("{}.{signature}", unsigned(&header("RS256", "r"), &claims));
    assert_eq!(authorizer.decide(&token).await, Decision::Unauthorized);
}

#[tokio::test]
async fn another_key_with_the_right_id_is_refused() {
    let mut world = World::start().await;
    let claims = claims(&world.issuer.url, json!({}));
    let token = Key::another_rsa().token(&header("RS256", "first"), &claims);
    assert_eq!(world.authorizer.decide(&token).await, Decision::Unauthorized);
    let token = Key::p256().token(&header("ES256", "first"), &claims);
    assert_eq!(world.authorizer.decide(&token).await, Decision::Unauthorized);
}

#[tokio::test]
async fn a_key_that_the_token_brings_or_points_to_is_ignored() {
    let mut world = World::start().await;
    let theirs = Key::another_rsa();
    let their_issuer = Issuer::start(&[theirs.public("theirs"), theirs.public("first")]).await;
    let claims = claims(&world.issuer.url, json!({}));
    let address = format!("{}{JWKS}", their_issuer.url);
    for extra in [
        json!({ "jwk": theirs.public("theirs") }),
        json!({ "jku": address }),
        json!({ "x5u": address }),
        json!({ "x5c": ["AAAA"] }),
    ] {
        for id in [Some("first"), Some("theirs"), None] {
            let mut header = extra.clone();
            header["alg"] = json!("RS256");
            header["kid"] = json!(id);
            let token = theirs.token(&header, &claims);
            assert_eq!(world.authorizer.decide(&token).await, Decision::Unauthorized, "{header}");
        }
    }
    assert_eq!(their_issuer.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let mut world = World::start().await;
    let token = world.token(json!({}));
    let (message, signature) = token.rsplit_once('.').unwrap();
    let other = unsigned(&header("RS256", "first"), &claims(&world.issuer.url, json!({ "sub": "mallory" })));
    assert_eq!(world.authorizer.decide(&format!("{other}.{signature}")).await, Decision::Unauthorized);
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[17] ^= 1;
    let changed = [format!("{message}.{}", URL_SAFE_NO_PAD.encode(&bytes)), format!("{message}.{}", &signature[4..])];
    for token in changed {
        assert_eq!(world.authorizer.decide(&token).await, Decision::Unauthorized, "{token}");
    }
    assert_eq!(world.authorizer.decide(&token).await, alice());
}

#[tokio::test]
async fn critical_extensions_and_tokens_for_other_purposes_are_refused() {
    let mut world = World::start().await;
    let claims = claims(&world.issuer.url, json!({}));
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("crit", json!("exp")),
        ("b64", json!(false)),
        ("typ", json!("logout+jwt")),
        ("typ", json!("dpop+jwt")),
    ] {
        let mut header = header("RS256", "first");
        header[name] = value.clone();
        let token = world.key.token(&header, &claims);
        assert_eq!(world.authorizer.decide(&token).await, Decision::Unauthorized, "{name}: {value}");
    }
    let mut header = header("RS256", "first");
    header["typ"] = json!("at+jwt");
    let token = world.key.token(&header, &claims);
    assert_eq!(world.authorizer.decide(&token).await, alice());
}

#[tokio::test]
async fn garbage_is_refused_without_a_request_to_the_issuer() {
    let mut world = World::start().await;
    let token = world.token(json!({}));
    let huge = world.token(json!({ "extra": "x".repeat(20_000) }));
    let deep = "[".repeat(3000);
    let parts = [r#"{"alg":"RS256","kid":"first"}"#, &deep].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    for authorization in [
        String::new(),
        " ".to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer .".to_owned(),
        "Bearer ..".to_owned(),
        "Bearer a.b.c".to_owned(),
        "Bearer null".to_owned(),
        "Bearer e30.e30.e30".to_owned(),
        format!("Bearer {parts}.c2ln"),
        format!("Bearer {}", "a.".repeat(4000)),
        token.clone(),
        format!("Basic {token}"),
        format!("Bearer{token}"),
        format!(" Bearer {token}"),
        format!("Bearer {token} "),
        format!("Bearer {token}.e30"),
        format!("Bearer {token}="),
        format!("Bearer \"{token}\""),
        // Two headers, as HTTP joins them.
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer {token},Bearer {token}"),
        format!("Bearer {huge}"),
        "Bearer ".repeat(1000),
        "Bearer \u{0}\u{1F600}".to_owned(),
    ] {
        assert_eq!(world.authorizer.decide_on_header(&authorization).await, Decision::Unauthorized, "{authorization}");
    }
    assert_eq!(world.issuer.requests(), Vec::<String>::new());
    assert_eq!(world.authorizer.decide(&token).await, alice());
    assert_eq!(world.issuer.requests(), [DISCOVERY, JWKS]);
}

#[tokio::test]
async fn claims_that_are_no_object_are_refused() {
    let mut world = World::start().await;
    for claims in [json!(null), json!([]), json!("alice"), json!({}), json!(1)] {
        let token = world.key.token(&header("RS256", "first"), &claims);
        assert_eq!(world.authorizer.decide(&token).await, Decision::Unauthorized, "{claims}");
    }
}

#[tokio::test]
async fn keys_for_encryption_and_without_use_for_signatures_verify_nothing() {
    let key = Key::rsa();
    for (name, value) in [("use", json!("enc")), ("key_ops", json!(["encrypt"])), ("alg", json!("RSA-OAEP"))] {
        let mut public = key.public("first");
        public[name] = value.clone();
        let issuer = Issuer::start(&[public, Key::another_rsa().public("second")]).await;
        let mut authorizer = Authorizer::start(&issuer).await;
        let token = key.token(&header("RS256", "first"), &claims(&issuer.url, json!({})));
        assert_eq!(authorizer.decide(&token).await, Decision::Unauthorized, "{name}: {value}");
    }
}
