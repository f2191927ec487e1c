//! The authorizer as Lambda runs it, and its decisions as API Gateway understands them.

use std::process::Stdio;

use agentscope_tests::function::{Function, Outcome};
use serde_json::{Value, json};

use crate::issuer::Issuer;
use crate::tokens::{Key, claims, header};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_authorizer");

/// The beginning of the ARN of every method of the API.
pub(crate) const STAGE: &str = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/api";

/// What API Gateway does with a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It passes the request on, with this user's id.
    Allow(String),
    /// 403.
    Deny,
    /// 401.
    Unauthorized,
    /// 500.
    Failed,
}

/// It passes on the requests of Alice.
pub(crate) fn alice() -> Decision {
    Decision::Allow("alice".to_owned())
}

/// An authorizer that runs.
#[derive(Debug)]
pub(crate) struct Authorizer {
    pub(crate) function: Function,
}

/// The environment of an authorizer of an issuer's tokens.
pub(crate) fn environment(issuer: &str) -> Vec<(&'static str, String)> {
    vec![("TOKEN_ISSUER", issuer.to_owned()), ("TOKEN_AUDIENCE", "chat,mobile".to_owned())]
}

/// The event of a request to `GET /sessions/` with this header `Authorization`.
pub(crate) fn event(authorization: &str) -> Value {
    json!({
        "type": "TOKEN", "authorizationToken": authorization, "methodArn": format!("{STAGE}/GET/sessions/"),
    })
}

impl Authorizer {
    /// Starts an authorizer of an issuer's tokens.
    pub(crate) async fn start(issuer: &Issuer) -> Self {
        Self::start_with(issuer, &[]).await
    }

    /// The same with more settings.
    pub(crate) async fn start_with(issuer: &Issuer, settings: &[(&'static str, &str)]) -> Self {
        let mut environment = environment(&issuer.url);
        environment.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        Self { function: Function::start(BINARY, environment, Stdio::null()).await }
    }

    /// The decision on a header `Authorization`.
    pub(crate) async fn decide_on_header(&mut self, authorization: &str) -> Decision {
        match self.function.invoke(&event(authorization).to_string()).await {
            Outcome::Response(output) => {
                let statements = output["policyDocument"]["Statement"].as_array().unwrap();
                match (statements.len(), statements[0]["Effect"].as_str().unwrap()) {
                    (1, "Allow") => Decision::Allow(output["context"]["user_id"].as_str().unwrap().to_owned()),
                    (1, "Deny") => Decision::Deny,
                    _ => panic!("{output}"),
                }
            }
            // API Gateway compares the whole message.
            Outcome::Error(error) if error["errorMessage"] == "Unauthorized" => Decision::Unauthorized,
            Outcome::Error(_) => Decision::Failed,
        }
    }

    /// The decision on a token.
    pub(crate) async fn decide(&mut self, token: &str) -> Decision {
        self.decide_on_header(&format!("Bearer {token}")).await
    }
}

/// An issuer with one RSA key, `first`, and an authorizer of its tokens.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) issuer: Issuer,
    pub(crate) key: Key,
    pub(crate) authorizer: Authorizer,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with more settings.
    pub(crate) async fn start_with(settings: &[(&'static str, &str)]) -> Self {
        let key = Key::rsa();
        let issuer = Issuer::start(&[key.public("first")]).await;
        let authorizer = Authorizer::start_with(&issuer, settings).await;
        Self { issuer, key, authorizer }
    }

    /// A valid token with changes to its claims.
    pub(crate) fn token(&self, changes: Value) -> String {
        self.key.token(&header("RS256", "first"), &claims(&self.issuer.url, changes))
    }

    /// The decision on a token with changes to its claims.
    pub(crate) async fn decide(&mut self, changes: Value) -> Decision {
        let token = self.token(changes);
        self.authorizer.decide(&token).await
    }
}
