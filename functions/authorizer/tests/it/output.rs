//! What API Gateway gets.

use agentscope_tests::function::Outcome;
use serde_json::{Value, json};

use crate::authorizer::{STAGE, World, event};

#[tokio::test]
async fn a_policy_is_about_every_method_of_the_stage_because_it_is_cached_by_token() {
    let mut world = World::start_with(&[("TOKEN_SCOPES", "chat")]).await;
    for (scope, effect) in [("chat", "Allow"), ("email", "Deny")] {
        let token = world.token(json!({ "scope": scope }));
        for method in ["/GET/sessions/", "/GET/schedule/a/b/sessions", "/POST/chat", "/DELETE/", "/GET/a/*"] {
            let mut event = event(&format!("Bearer {token}"));
            event["methodArn"] = json!(format!("{STAGE}{method}"));
            let Outcome::Response(output) = world.authorizer.function.invoke(&event.to_string()).await else {
                panic!("{method}")
            };
            let policy = json!({
                "Version": "2012-10-17",
                "Statement": [{ "Action": "execute-api:Invoke", "Effect": effect, "Resource": format!("{STAGE}/*") }],
            });
            assert_eq!(output["policyDocument"], policy, "{method}");
        }
    }
}

/// The origin and the functions get the id from here, and logs the pseudonym.
#[tokio::test]
async fn the_context_has_the_user_and_a_pseudonym() {
    let mut world = World::start().await;
    let token = world.token(json!({ "email": "alice@example.com" }));
    let outcome = world.authorizer.function.invoke(&event(&format!("Bearer {token}")).to_string()).await;
    let Outcome::Response(mut output) = outcome else { panic!("{outcome:?}") };
    output["policyDocument"] = Value::Null;
    let expected = json!({
        "principalId": "2bd806c97f0e00af",
        "policyDocument": null,
        "context": { "user_id": "alice", "caller": "2bd806c97f0e00af" },
    });
    assert_eq!(output, expected);
}

#[tokio::test]
async fn a_user_who_lacks_the_scopes_is_in_the_access_log_by_pseudonym_alone() {
    let mut world = World::start_with(&[("TOKEN_SCOPES", "chat")]).await;
    let token = world.token(json!({}));
    let outcome = world.authorizer.function.invoke(&event(&format!("Bearer {token}")).to_string()).await;
    let Outcome::Response(output) = outcome else { panic!("{outcome:?}") };
    assert_eq!(output["context"], json!({ "caller": "2bd806c97f0e00af" }));
}

#[tokio::test]
async fn a_refusal_is_the_message_that_api_gateway_knows() {
    let mut world = World::start().await;
    let outcome = world.authorizer.function.invoke(&event("Bearer a.b.c").to_string()).await;
    let Outcome::Error(error) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error, json!({ "errorType": "Unauthorized", "errorMessage": "Unauthorized" }));
}

/// 500: the authorizer is attached to something else than it is made for.
#[tokio::test]
async fn an_event_of_another_kind_is_an_error_and_costs_that_event_alone() {
    let mut world = World::start().await;
    let token = format!("Bearer {}", world.token(json!({})));
    let method = format!("{STAGE}/GET/sessions");
    for malformed in [
        json!({ "type": "REQUEST", "methodArn": method, "headers": { "Authorization": token } }),
        json!({ "type": "TOKEN", "methodArn": method }),
        json!({ "type": "TOKEN", "authorizationToken": null, "methodArn": method }),
        json!({ "type": "TOKEN", "authorizationToken": [token], "methodArn": method }),
        json!({ "type": "TOKEN", "authorizationToken": token }),
        json!({ "type": "TOKEN", "authorizationToken": token, "methodArn": "*" }),
        json!({ "version": "2.0", "routeKey": "$default", "headers": { "authorization": token } }),
        json!({}),
        json!(null),
        json!("TOKEN"),
    ] {
        let outcome = world.authorizer.function.invoke(&malformed.to_string()).await;
        let Outcome::Error(error) = outcome else { panic!("{malformed}: {outcome:?}") };
        assert_eq!(error["errorType"], "Authorizer.MalformedEvent", "{malformed}");
    }
    let Outcome::Error(_) = world.authorizer.function.invoke("not JSON").await else { panic!("not JSON") };
    let outcome = world.authorizer.function.invoke(&event(&token).to_string()).await;
    assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
}
