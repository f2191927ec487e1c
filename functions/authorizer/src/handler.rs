//! The handler of the function's events.

use std::time::SystemTime;

use agentscope_api::caller_hash;
use agentscope_api::failure::Failure;
use serde_json::json;

use crate::claims::{self, Scopes};
use crate::issuer::IssuerError;
use crate::key_cache::{KeyCache, KeyError};
use crate::key_set::KeySet;
use crate::policy::{self, Effect, Event};
use crate::settings::TokenRules;
use crate::verification::verified_claims;

/// The error with which API Gateway responds with 401: its message must be exactly this.
const UNAUTHORIZED: Failure = Failure { error_type: "Unauthorized", error_message: "Unauthorized" };

/// An error with which API Gateway responds with 500, so that clients keep their tokens.
const UNAVAILABLE: Failure =
    Failure { error_type: "Authorizer.Unavailable", error_message: "the token cannot be checked" };

/// The event is not one of a TOKEN authorizer.
const MALFORMED: Failure =
    Failure { error_type: "Authorizer.MalformedEvent", error_message: "the event is not one of a TOKEN authorizer" };

/// What came of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The caller may use the API.
    Allowed,
    /// The token is valid, and has none of the scopes: 403.
    Denied,
    /// The token is not valid: 401.
    Unauthorized,
    /// Whether the token is valid is not known: 500.
    Failed,
}

/// An event that was handled.
#[derive(Debug)]
pub struct Handled {
    /// What came of it.
    pub outcome: Outcome,
    /// The result of the function.
    pub result: Result<Vec<u8>, Failure>,
}

/// Handles an event. Logs why a token is refused, and neither the token nor a claim.
pub async fn handle<F: AsyncFn() -> Result<KeySet, IssuerError>>(
    rules: &TokenRules,
    keys: &mut KeyCache<F>,
    event: &str,
) -> Handled {
    let event = serde_json::from_str::<Event>(event).ok();
    let Some((event, stage)) = event.as_ref().and_then(|event| Some((event, event.stage()?))) else {
        tracing::error!("the event is not one of a TOKEN authorizer");
        return Handled { outcome: Outcome::Failed, result: Err(MALFORMED) };
    };
    let claims = match verified_claims(rules, keys, &event.authorization_token).await {
        Ok(claims) => claims,
        Err(error) => return failed(&error),
    };
    let user_id = match claims::user_id(&claims, rules, SystemTime::now()) {
        Ok(user_id) => user_id,
        Err(refusal) => return failed(&refusal.into()),
    };
    let caller = caller_hash(user_id);
    let (outcome, effect, context) = match claims::scopes(&claims, rules) {
        Scopes::Sufficient => (Outcome::Allowed, Effect::Allow, json!({ "user_id": user_id, "caller": caller })),
        Scopes::Insufficient => {
            tracing::info!(
                status = 403,
                reason = "the token has none of the scopes",
                caller,
                "the request was refused"
            );
            (Outcome::Denied, Effect::Deny, json!({ "caller": caller }))
        }
    };
    let output = policy::output(stage, effect, &caller, context);
    Handled { outcome, result: Ok(output.to_string().into_bytes()) }
}

fn failed(error: &KeyError) -> Handled {
    match error {
        KeyError::Refused(refusal) => {
            tracing::info!(status = 401, reason = %refusal, "the request was refused");
            Handled { outcome: Outcome::Unauthorized, result: Err(UNAUTHORIZED) }
        }
        KeyError::Unavailable(_) => {
            tracing::error!(status = 500, %error, "the request failed");
            Handled { outcome: Outcome::Failed, result: Err(UNAVAILABLE) }
        }
    }
}
