//! The public keys of an issuer (JSON Web Key Set, RFC 7517).

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use crate::refusal::Refusal;
use crate::token::ALGORITHMS;

/// The accepted lengths of an RSA key in bits. The minimum is that of RFC 7518, sections 3.3 and
/// 3.5. ring verifies nothing with longer keys than the maximum.
const RSA_BITS: RangeInclusive<usize> = 2048..=8192;

/// The public keys of an issuer that verify signatures.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<VerificationKey>,
    skipped: usize,
}

#[derive(Debug, Clone)]
struct VerificationKey {
    id: Option<String>,
    /// The only algorithm of the key, if the issuer names one.
    algorithm: Option<KeyAlgorithm>,
    kind: KeyKind,
    key: DecodingKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    Rsa,
    P256,
    P384,
}

impl KeySet {
    /// Reads a key set. Keys for other purposes, of other kinds, or of other lengths are skipped.
    ///
    /// # Errors
    ///
    /// It is no JSON object with a list of keys.
    pub fn read(json: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let Document { keys: all } = serde_json::from_slice(json)?;
        let total = all.len();
        // One by one, so that a key of an unknown kind does not make the others unusable.
        let keys: Vec<_> = all.into_iter().filter_map(VerificationKey::read).collect();
        Ok(Self { skipped: total - keys.len(), keys })
    }

    /// The number of keys that can be used.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key can be used.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The number of keys of the issuer that cannot be used.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The key for a signature with this algorithm. A token without a key id needs a set with one
    /// key for its algorithm.
    ///
    /// # Errors
    ///
    /// There is no such key, it is not one for the algorithm, or several could be meant.
    pub fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<&DecodingKey, Refusal> {
        let mut fitting = self.keys.iter().filter(|key| key.is_for(algorithm));
        match id {
            Some(id) => match fitting.find(|key| key.id.as_deref() == Some(id)) {
                Some(key) => Ok(&key.key),
                None if self.keys.iter().any(|key| key.id.as_deref() == Some(id)) => Err(Refusal::KeyMismatch),
                None => Err(Refusal::UnknownKey),
            },
            None => match (fitting.next(), fitting.next()) {
                (Some(key), None) => Ok(&key.key),
                (Some(_), Some(_)) => Err(Refusal::AmbiguousKey),
                (None, _) => Err(Refusal::UnknownKey),
            },
        }
    }
}

impl VerificationKey {
    fn read(key: Value) -> Option<Self> {
        let Jwk { common, algorithm } = serde_json::from_value(key).ok()?;
        let is_for_signatures = common.public_key_use.is_none_or(|purpose| purpose == PublicKeyUse::Signature)
            && common.key_operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !is_for_signatures {
            return None;
        }
        let (kind, key) = match algorithm {
            AlgorithmParameters::RSA(parameters) => {
                let [modulus, exponent] = [parameters.n, parameters.e].map(|part| unsigned(&part));
                let (modulus, exponent) = (modulus?, exponent?);
                if !RSA_BITS.contains(&bits(&modulus)) {
                    return None;
                }
                (KeyKind::Rsa, DecodingKey::from_rsa_raw_components(&modulus, &exponent))
            }
            AlgorithmParameters::EllipticCurve(parameters) => {
                let (kind, length) = match parameters.curve {
                    EllipticCurve::P256 => (KeyKind::P256, 32),
                    EllipticCurve::P384 => (KeyKind::P384, 48),
                    _ => return None,
                };
                let (x, y) = (coordinate(&parameters.x, length)?, coordinate(&parameters.y, length)?);
                (kind, DecodingKey::from_ec_components(&x, &y).ok()?)
            }
            _ => return None,
        };
        let key = Self { id: common.key_id, algorithm: common.key_algorithm, kind, key };
        ALGORITHMS.iter().any(|algorithm| key.is_for(*algorithm)).then_some(key)
    }

    /// Whether the key verifies signatures with this algorithm.
    fn is_for(&self, algorithm: Algorithm) -> bool {
        let is_kind = match self.kind {
            KeyKind::Rsa => algorithm.family() == AlgorithmFamily::Rsa,
            KeyKind::P256 => algorithm == Algorithm::ES256,
            KeyKind::P384 => algorithm == Algorithm::ES384,
        };
        is_kind && self.algorithm.is_none_or(|only| only == KeyAlgorithm::from(algorithm))
    }
}

/// A number without the zeros in front, which ring refuses and some issuers write.
fn unsigned(base64: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(base64.trim_end_matches('=')).ok()?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[start..].to_vec())
}

/// A coordinate of a point in this length in bytes. Some issuers leave out the zeros in front.
/// `None` if it is longer.
fn coordinate(base64: &str, length: usize) -> Option<String> {
    let number = unsigned(base64)?;
    let zeros = vec![0; length.checked_sub(number.len())?];
    Some(URL_SAFE_NO_PAD.encode([zeros, number].concat()))
}

/// The length of a number without zeros in front.
fn bits(number: &[u8]) -> usize {
    number.len() * 8 - number.first().map_or(0, |first| first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rsa(bits: usize, changes: Value) -> Value {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        modulus[0] >>= (8 - bits % 8) % 8;
        key(json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB" }), changes)
    }

    fn ec(curve: &str, changes: Value) -> Value {
        let coordinate = URL_SAFE_NO_PAD.encode([7; 32]);
        key(json!({ "kty": "EC", "crv": curve, "x": coordinate, "y": coordinate }), changes)
    }

    fn key(mut key: Value, changes: Value) -> Value {
        for (name, value) in changes.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    }

    fn set(keys: &[Value]) -> KeySet {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    fn refusal(set: &KeySet, id: Option<&str>, algorithm: Algorithm) -> Option<Refusal> {
        set.find(id, algorithm).err()
    }

    #[test]
    fn a_key_is_found_by_its_id_and_for_its_algorithm() {
        let set = set(&[rsa(2048, json!({ "kid": "r" })), ec("P-256", json!({ "kid": "e" }))]);
        for algorithm in [Algorithm::RS256, Algorithm::RS512, Algorithm::PS384] {
            assert_eq!(refusal(&set, Some("r"), algorithm), None);
        }
        assert_eq!(refusal(&set, Some("e"), Algorithm::ES256), None);
        for (id, algorithm) in [("e", Algorithm::RS256), ("e", Algorithm::ES384), ("r", Algorithm::ES256)] {
            assert_eq!(refusal(&set, Some(id), algorithm), Some(Refusal::KeyMismatch), "{id} {algorithm:?}");
        }
        // A public key is no secret.
        assert_eq!(refusal(&set, Some("r"), Algorithm::HS256), Some(Refusal::KeyMismatch));
        assert_eq!(refusal(&set, Some("R"), Algorithm::RS256), Some(Refusal::UnknownKey));
    }

    #[test]
    fn a_key_with_an_algorithm_is_for_that_one_alone() {
        let set = set(&[rsa(2048, json!({ "kid": "r", "alg": "RS256" }))]);
        assert_eq!(refusal(&set, Some("r"), Algorithm::RS256), None);
        for algorithm in [Algorithm::RS384, Algorithm::PS256] {
            assert_eq!(refusal(&set, Some("r"), algorithm), Some(Refusal::KeyMismatch));
        }
    }

    #[test]
    fn a_token_without_a_key_id_needs_a_set_with_one_key_for_it() {
        let one = [rsa(2048, json!({})), ec("P-256", json!({ "kid": "e" }))];
        assert_eq!(refusal(&set(&one), None, Algorithm::RS256), None);
        assert_eq!(refusal(&set(&one), None, Algorithm::ES256), None);
        assert_eq!(refusal(&set(&one), None, Algorithm::ES384), Some(Refusal::UnknownKey));
        let two = [rsa(2048, json!({ "kid": "a" })), rsa(3072, json!({ "kid": "b" }))];
        assert_eq!(refusal(&set(&two), None, Algorithm::RS256), Some(Refusal::AmbiguousKey));
    }

    #[test]
    fn keys_for_encryption_and_short_keys_are_skipped() {
        for unusable in [
            rsa(2048, json!({ "use": "enc" })),
            rsa(2048, json!({ "use": "SIG" })),
            rsa(2048, json!({ "key_ops": ["encrypt"] })),
            rsa(2048, json!({ "alg": "RSA-OAEP" })),
            rsa(2047, json!({})),
            rsa(1024, json!({})),
            rsa(8193, json!({})),
            rsa(2048, json!({ "n": "" })),
            rsa(2048, json!({ "n": "!" })),
            rsa(2048, json!({ "e": "AAAA" })),
            rsa(2048, json!({ "kid": 1 })),
            ec("P-384", json!({ "x": URL_SAFE_NO_PAD.encode([7; 49]) })),
            ec("P-384", json!({ "y": "" })),
            ec("P-384", json!({ "y": "!" })),
            ec("P-521", json!({})),
            ec("secp256k1", json!({})),
            json!({ "kty": "oct", "k": "c2VjcmV0" }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" }),
            json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA" }),
            json!({}),
            json!(null),
            json!("key"),
        ] {
            let set = set(&[unusable.clone(), ec("P-256", json!({}))]);
            assert_eq!((set.len(), set.skipped()), (1, 1), "{unusable}");
            assert_eq!(refusal(&set, None, Algorithm::RS256), Some(Refusal::UnknownKey), "{unusable}");
            assert_eq!(refusal(&set, None, Algorithm::ES256), None, "{unusable}");
        }
        let skipped = set(&[rsa(1024, json!({})), rsa(2048, json!({ "key_ops": ["verify"], "use": "sig" }))]);
        assert_eq!((skipped.len(), skipped.skipped()), (1, 1));
    }

    #[test]
    fn zeros_in_front_of_a_modulus_and_padding_do_not_count() {
        let modulus = [&[0; 1][..], &[0xff; 256]].concat();
        let padded = base64::engine::general_purpose::URL_SAFE.encode(&modulus);
        assert_eq!(set(&[rsa(2048, json!({ "n": padded }))]).len(), 1);
        let short = [&[0; 128][..], &[0xff; 128]].concat();
        assert_eq!(set(&[rsa(2048, json!({ "n": URL_SAFE_NO_PAD.encode(short) }))]).len(), 0);
    }

    #[test]
    fn the_longest_and_the_shortest_keys_are_usable() {
        assert_eq!(set(&[rsa(2048, json!({})), rsa(8192, json!({}))]).len(), 2);
    }

    #[test]
    fn coordinates_have_the_length_of_their_curve() {
        let point = |encoded: &[u8]| {
            let encoded = URL_SAFE_NO_PAD.encode(encoded);
            let key = VerificationKey::read(ec("P-256", json!({ "x": encoded, "y": encoded })))?;
            Some(key.key.try_get_as_bytes().unwrap().to_vec())
        };
        let expected = [&[4][..], &[0; 2], &[7; 30], &[0; 2], &[7; 30]].concat();
        assert_eq!(point(&[7; 30]).as_ref(), Some(&expected));
        assert_eq!(point(&[&[0; 2][..], &[7; 30]].concat()).as_ref(), Some(&expected));
        assert_eq!(point(&[&[0; 9][..], &[7; 30]].concat()).as_ref(), Some(&expected));
        assert_eq!(point(&[7; 33]), None);
    }

    #[test]
    fn what_is_no_set_is_an_error() {
        for text in ["", "{}", "[]", "null", "{\"keys\":{}}", "{\"keys\":null}", "<html>"] {
            assert!(KeySet::read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(set(&[]).is_empty());
    }
}
