//! Keys and tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
    RsaKeyPair,
};
use serde_json::{Value, json};

const FIRST: &str = include_str!("keys/test_key_first.pem");
const SECOND: &str = include_str!("keys/test_key_second.pem");

/// A key pair of an issuer.
#[derive(Debug)]
pub(crate) enum Key {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
}

impl Key {
    /// The first RSA key of the tests.
    pub(crate) fn rsa() -> Self {
        Self::from_pem(FIRST)
    }

    /// Another RSA key.
    pub(crate) fn another_rsa() -> Self {
        Self::from_pem(SECOND)
    }

    /// A new key of the curve P-256.
    pub(crate) fn p256() -> Self {
        Self::P256(new_key(&ECDSA_P256_SHA256_FIXED_SIGNING))
    }

    /// A new key of the curve P-384.
    pub(crate) fn p384() -> Self {
        Self::P384(new_key(&ECDSA_P384_SHA384_FIXED_SIGNING))
    }

    fn from_pem(pem: &str) -> Self {
        let base64: String = pem.lines().skip(2).take_while(|line| !line.starts_with('-')).collect();
        Self::Rsa(RsaKeyPair::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap())
    }

    /// The public key as the issuer publishes it.
    pub(crate) fn public(&self, id: &str) -> Value {
        let mut key = self.public_without_id();
        key["kid"] = json!(id);
        key
    }

    /// The same without an id.
    pub(crate) fn public_without_id(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(pair) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({ "kty": "RSA", "use": "sig", "n": encode(&n), "e": encode(&e) })
            }
            Self::P256(pair) | Self::P384(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({ "kty": "EC", "crv": curve, "x": encode(x), "y": encode(y) })
            }
        }
    }

    /// The public key as a PEM file.
    pub(crate) fn public_pem(&self) -> String {
        let Self::Rsa(pair) = self else { panic!("an RSA key") };
        format!(
            "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n",
            STANDARD.encode(pair.public().as_ref())
        )
    }

    /// Signs a message.
    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let encoding: &dyn RsaEncoding = match algorithm {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    "PS512" => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(encoding, &random, message, &mut signature).unwrap();
                signature
            }
            Self::P256(pair) | Self::P384(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
        }
    }

    /// A token with this header and these claims.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let message = unsigned(header, claims);
        let signature = self.sign(header["alg"].as_str().unwrap_or_default(), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn new_key(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap()
}

/// Header and claims, as they are signed.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".")
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The claims of a valid token for `alice`, with changes. A claim that is changed to `null` is
/// removed.
pub(crate) fn claims(issuer: &str, changes: Value) -> Value {
    let mut claims = json!({
        "iss": issuer, "aud": "chat", "sub": "alice", "iat": now(), "nbf": now(), "exp": now() + 3600,
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// The header of a token with this algorithm and key.
pub(crate) fn header(algorithm: &str, key_id: &str) -> Value {
    json!({ "typ": "JWT", "alg": algorithm, "kid": key_id })
}
