//! Events of API Gateway, and what it expects in return.
//!
//! The authorizer is of the type TOKEN. Its events have one header of the request and nothing else,
//! so nothing else can influence the outcome, and API Gateway caches the outcome by exactly that
//! header. The type REQUEST is for decisions by several parts of a request.

use serde::Deserialize;
use serde_json::{Value, json};

/// An event of a TOKEN authorizer: "Input to an API Gateway Lambda authorizer".
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    #[serde(rename = "type")]
    _kind: Kind,
    /// The header `Authorization`.
    pub(crate) authorization_token: String,
    method_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Token,
}

/// Whether the caller may use the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The request is passed on.
    Allow,
    /// API Gateway responds with 403.
    Deny,
}

impl Event {
    /// The stage of the API that the request is for, as `arn:…:API/STAGE`. `None` if the ARN has
    /// another form than AWS documents.
    pub(crate) fn stage(&self) -> Option<&str> {
        let (api, rest) = self.method_arn.split_once('/')?;
        let (stage, _) = rest.split_once('/')?;
        let is_stage = api.starts_with("arn:") && api.contains(":execute-api:") && !stage.is_empty();
        let is_exact = !self.method_arn[..api.len() + 1 + stage.len()].contains(['*', '?']);
        (is_stage && is_exact).then(|| &self.method_arn[..api.len() + 1 + stage.len()])
    }
}

/// What API Gateway expects: "Output from an API Gateway Lambda authorizer".
///
/// The policy is about every method of the stage, not only about the requested one. API Gateway
/// caches it by token, and applies it to all later requests with the token: a policy for one method
/// would refuse the user's next request to another one.
pub(crate) fn output(stage: &str, effect: Effect, caller: &str, context: Value) -> Value {
    let effect = match effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    json!({
        // It may get into logs, so it is not the user's id.
        "principalId": caller,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{ "Action": "execute-api:Invoke", "Effect": effect, "Resource": format!("{stage}/*") }],
        },
        "context": context,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(arn: &str) -> Option<String> {
        let event = json!({ "type": "TOKEN", "authorizationToken": "", "methodArn": arn });
        serde_json::from_value::<Event>(event).unwrap().stage().map(str::to_owned)
    }

    #[test]
    fn the_stage_is_the_beginning_of_the_methods_arn() {
        let arn = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/api";
        for path in ["/GET/", "/GET/sessions", "/POST/schedule/a/b/sessions", "/GET/a%2F*"] {
            assert_eq!(stage(&format!("{arn}{path}")).as_deref(), Some(arn), "{path}");
        }
        for odd in [
            "",
            arn,
            "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3//GET/",
            "arn:aws:execute-api:eu-central-1:123456789012:*/api/GET/",
            "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/*/GET/",
            "arn:aws:lambda:eu-central-1:123456789012:a1b2c3/api/GET/",
            "*/*/GET",
        ] {
            assert_eq!(stage(odd), None, "{odd}");
        }
    }

    #[test]
    fn events_of_other_kinds_are_refused() {
        for event in [
            json!({ "type": "REQUEST", "methodArn": "a", "headers": { "Authorization": "Bearer a" } }),
            json!({ "type": "TOKEN", "methodArn": "a" }),
            json!({ "type": "TOKEN", "authorizationToken": 1, "methodArn": "a" }),
            json!({ "authorizationToken": "Bearer a", "methodArn": "a" }),
            json!({}),
        ] {
            assert!(serde_json::from_value::<Event>(event.clone()).is_err(), "{event}");
        }
    }
}
