//! The verification of signatures with ring, for jsonwebtoken.
//!
//! jsonwebtoken offers AWS-LC and RustCrypto. Each would be a second library of cryptography in the
//! function, since TLS brings ring.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature as ring_signature;
use signature::Verifier;

/// Verifies RSA and ECDSA signatures, and signs nothing.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: |algorithm, key| Ok(Box::new(RingVerifier::new(*algorithm, key)?)),
    // They make keys from others, which nothing here does.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes jsonwebtoken verify signatures with ring. Once for each process.
pub fn install() {
    // An error says that it is installed.
    let _ = PROVIDER.install_default();
}

/// A signature's algorithm. ring refuses RSA keys below 2048 bits and over 8192 bits.
enum Scheme {
    Rsa(&'static ring_signature::RsaParameters),
    Ecdsa(&'static ring_signature::EcdsaVerificationAlgorithm),
}

struct RingVerifier {
    algorithm: Algorithm,
    scheme: Scheme,
    key: DecodingKey,
}

impl RingVerifier {
    /// Fails if the algorithm and the key are of different families, or the algorithm has no public
    /// key.
    fn new(algorithm: Algorithm, key: &DecodingKey) -> Result<Self> {
        let scheme = match algorithm {
            Algorithm::RS256 => Scheme::Rsa(&ring_signature::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => Scheme::Rsa(&ring_signature::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => Scheme::Rsa(&ring_signature::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::PS256 => Scheme::Rsa(&ring_signature::RSA_PSS_2048_8192_SHA256),
            Algorithm::PS384 => Scheme::Rsa(&ring_signature::RSA_PSS_2048_8192_SHA384),
            Algorithm::PS512 => Scheme::Rsa(&ring_signature::RSA_PSS_2048_8192_SHA512),
            Algorithm::ES256 => Scheme::Ecdsa(&ring_signature::ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => Scheme::Ecdsa(&ring_signature::ECDSA_P384_SHA384_FIXED),
            _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
        };
        if key.family() != algorithm.family() {
            return Err(ErrorKind::InvalidKeyFormat.into());
        }
        Ok(Self { algorithm, scheme, key: key.clone() })
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        let outcome = match (&self.scheme, self.key.kind()) {
            (Scheme::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                ring_signature::RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Scheme::Ecdsa(algorithm), DecodingKeyKind::SecretOrDer(point)) => {
                ring_signature::UnparsedPublicKey::new(*algorithm, point).verify(message, signature)
            }
            _ => return Err(signature::Error::new()),
        };
        outcome.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
