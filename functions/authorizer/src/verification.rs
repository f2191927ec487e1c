//! The verification of tokens with the keys of the issuer.

use std::time::SystemTime;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, dangerous};

use crate::claims::{self, Claims, LEEWAY_SECONDS};
use crate::issuer::IssuerError;
use crate::key_cache::{KeyCache, KeyError};
use crate::key_set::KeySet;
use crate::refusal::Refusal;
use crate::settings::TokenRules;
use crate::token::{self, SignatureHeader};

/// The claims of the token in a header, once its signature is verified. They are still to be
/// checked.
///
/// # Errors
///
/// The token is refused, or the keys of the issuer cannot be fetched.
pub(crate) async fn verified_claims<F: AsyncFn() -> Result<KeySet, IssuerError>>(
    rules: &TokenRules,
    keys: &mut KeyCache<F>,
    authorization: &str,
) -> Result<Claims, KeyError> {
    let token = token::bearer(authorization)?;
    let SignatureHeader { algorithm, key_id } = token::signature_header(token)?;
    // What is refused with any signature is no reason to fetch keys. These claims are not used
    // otherwise.
    let unverified: Claims = dangerous::insecure_decode_claims(token).map_err(|_| Refusal::Malformed)?;
    claims::user_id(&unverified, rules, SystemTime::now())?;
    let key = keys.key(key_id.as_deref(), algorithm).await?;
    match verify(token, algorithm, &key) {
        // A key without an id may have been replaced by another one.
        Err(Refusal::Signature) if key_id.is_none() => {
            let key = keys.new_key(None, algorithm).await?;
            Ok(verify(token, algorithm, &key)?)
        }
        outcome => Ok(outcome?),
    }
}

fn verify(token: &str, algorithm: Algorithm, key: &DecodingKey) -> Result<Claims, Refusal> {
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY_SECONDS;
    validation.validate_nbf = true;
    // By `claims`, which also knows `client_id`.
    validation.validate_aud = false;
    let verified = jsonwebtoken::decode(token, key, &validation).map_err(|error| match error.kind() {
        ErrorKind::ExpiredSignature => Refusal::Expired,
        ErrorKind::ImmatureSignature => Refusal::NotYetValid,
        ErrorKind::MissingRequiredClaim(_) => Refusal::NoExpiry,
        ErrorKind::InvalidClaimFormat(_) => Refusal::MalformedTime,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidKeyFormat => Refusal::KeyMismatch,
        ErrorKind::Json(_) => Refusal::Malformed,
        _ => Refusal::Signature,
    })?;
    Ok(verified.claims)
}
