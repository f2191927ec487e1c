//! Callers who are named by another claim than the token's subject.

use agentscope_api::IdentitySource;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::{HttpRequest, with_claims};
use agentscope_tests::records::{World, agent, run, schedule, session};
use serde_json::{Value, json};

use crate::requests::respond;

const CLAIMS: [&str; 4] = ["sub", "email", "cognito:username", "https://example.com/user id"];

/// The victim has an agent and a schedule `x`, with a session each.
async fn victim() -> TestDynamoDb {
    let world = World {
        agents: vec![agent("victim", "x")],
        schedules: vec![schedule("victim", "x")],
        sessions: vec![
            session("victim", "x", "chat", "2026-01-01T00:00:00"),
            run("victim", "x", "x", "run", "2026-01-02T00:00:00"),
        ],
        ..World::default()
    };
    TestDynamoDb::with_export(&world.text()).await
}

/// Both routes, requested by a client that claims in every possible way to be the victim.
fn requests() -> [HttpRequest; 2] {
    [HttpRequest::sessions("victim", "x"), HttpRequest::schedule_sessions("victim", "x")].map(|mut request| {
        for name in ["sub", "email", "cognito:username", "claims", "x-amzn-oidc-identity"] {
            if !request.query.is_empty() {
                request.query.push('&');
            }
            request.query += &format!("{name}=victim");
            request.headers.push((name.replace(':', "-"), "victim".into()));
        }
        // {"alg":"none"}.{"sub":"victim","email":"victim"}.
        let token = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ2aWN0aW0iLCJlbWFpbCI6InZpY3RpbSJ9.";
        request.headers.push(("authorization".into(), token.into()));
        request
    })
}

async fn status(database: &TestDynamoDb, claim: &'static str, event: &Value) -> u16 {
    let response = respond(&database.store, IdentitySource::Jwt { claim }, event).await;
    if response.status() == 401 {
        assert_eq!(response.body(), r#"{"detail":"Not authenticated"}"#);
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
    }
    response.status().as_u16()
}

/// Every other claim, as one that a token may well have besides.
fn others(claim: &str, value: &str) -> Value {
    CLAIMS.iter().filter(|other| **other != claim).map(|other| ((*other).to_owned(), json!(value))).collect()
}

#[tokio::test]
async fn the_claim_that_is_configured_names_the_caller_and_no_other_does() {
    let database = victim().await;
    for claim in CLAIMS {
        for request in requests() {
            let mut claims = others(claim, "attacker");
            claims[claim] = json!("victim");
            assert_eq!(status(&database, claim, &with_claims(request.http_api(), claims)).await, 200, "{claim}");

            let mut claims = others(claim, "victim");
            claims[claim] = json!("attacker");
            assert_eq!(status(&database, claim, &with_claims(request.http_api(), claims)).await, 404, "{claim}");

            let claims = others(claim, "victim");
            assert_eq!(status(&database, claim, &with_claims(request.http_api(), claims)).await, 401, "{claim}");
        }
    }
}

#[tokio::test]
async fn a_claim_with_a_similar_name_does_not_count() {
    let database = victim().await;
    for claim in CLAIMS {
        let mut lookalikes = vec![
            claim.to_uppercase(),
            format!(" {claim}"),
            format!("{claim} "),
            format!("{claim}\0"),
            format!("{claim}s"),
            format!("custom:{claim}"),
            format!("/{claim}"),
            claim[..claim.len() - 1].to_owned(),
            claim.replace(':', "."),
            // Letters of other scripts.
            claim.replace('s', "ѕ").replace('e', "е"),
            String::new(),
        ];
        lookalikes.retain(|name| name != claim);
        for lookalike in lookalikes {
            for request in requests() {
                let event = with_claims(request.http_api(), json!({ &lookalike: "victim" }));
                assert_eq!(status(&database, claim, &event).await, 401, "{lookalike:?} for {claim}");
            }
        }
    }
}

#[tokio::test]
async fn a_claim_that_is_empty_or_no_text_is_no_identity() {
    let database = victim().await;
    let values =
        [json!(""), json!(null), json!(0), json!(17), json!(true), json!(["victim"]), json!({ "value": "victim" })];
    for claim in CLAIMS {
        for value in &values {
            for request in requests() {
                let event = with_claims(request.http_api(), json!({ claim: value }));
                assert_eq!(status(&database, claim, &event).await, 401, "{claim}: {value}");
            }
        }
    }
}

/// Only the gateway writes `requestContext`. A client has the body, the headers and the query
/// string to itself, and whoever configures a route its stage variables.
#[tokio::test]
async fn an_authorizer_anywhere_but_in_the_request_context_says_nothing() {
    let database = victim().await;
    for claim in CLAIMS {
        let jwt = json!({ "jwt": { "claims": { claim: "victim" }, "scopes": null } });
        let context = json!({ "authorizer": jwt });
        for request in requests() {
            for event in [request.http_api(), request.function_url(), request.rest_api()] {
                let mut changed = Vec::new();
                for (member, value) in [
                    ("authorizer", &jwt),
                    ("jwt", &jwt["jwt"]),
                    ("claims", &jwt["jwt"]["claims"]),
                    ("identity", &jwt),
                    ("RequestContext", &context),
                    ("requestcontext", &context),
                    ("stageVariables", &json!({ "authorizer": jwt.to_string() })),
                    ("pathParameters", &json!({ "schedule_id": "x", "authorizer": jwt.to_string() })),
                    ("queryStringParameters", &json!({ "agent_id": "x", "requestContext": context.to_string() })),
                    ("body", &json!(json!({ "requestContext": context }).to_string())),
                    ("body", &json!({ "requestContext": context })),
                ] {
                    let mut event = event.clone();
                    event[member] = value.clone();
                    changed.push(event);
                }
                for (member, value) in [
                    ("claims", &jwt["jwt"]["claims"]),
                    ("jwt", &jwt["jwt"]),
                    ("Authorizer", &jwt),
                    ("authorizer", &jwt["jwt"]),
                    ("authorizer", &json!({ "lambda": jwt["jwt"]["claims"] })),
                    ("authorizer", &json!({ "lambda": jwt })),
                    ("authorizer", &json!({ "claims": jwt["jwt"]["claims"] })),
                    ("authorizer", &json!({ "jwt": { claim: "victim" } })),
                    ("authorizer", &json!({ "jwt": { "Claims": { claim: "victim" } } })),
                    ("authorizer", &json!({ "JWT": jwt["jwt"] })),
                    ("authentication", &jwt),
                    ("identity", &jwt),
                ] {
                    let mut event = event.clone();
                    event["requestContext"][member] = value.clone();
                    changed.push(event);
                }
                let mut header = event.clone();
                for headers in ["headers", "multiValueHeaders"] {
                    if let Some(headers) = header[headers].as_object_mut() {
                        let value = context.to_string();
                        let is_many = headers.values().any(Value::is_array);
                        headers.insert("requestcontext".into(), if is_many { json!([value]) } else { json!(value) });
                    }
                }
                changed.push(header);
                for event in changed {
                    assert_eq!(status(&database, claim, &event).await, 401, "{event}");
                }
            }
        }
    }
}

/// A REST API has no JWT authorizer: an event of its form that claims to have one comes from
/// somewhere else.
#[tokio::test]
async fn an_event_of_a_rest_api_has_no_claims() {
    let database = victim().await;
    for claim in CLAIMS {
        for request in requests() {
            let event = with_claims(request.rest_api(), json!({ claim: "victim" }));
            assert_eq!(status(&database, claim, &event).await, 401);
        }
    }
}

/// A request that no authorizer has seen, be it by a route that was added without one or by a
/// function URL.
#[tokio::test]
async fn without_an_authorizer_there_is_no_identity() {
    let database = victim().await;
    for claim in CLAIMS {
        for request in requests() {
            for event in [request.http_api(), request.function_url(), request.rest_api()] {
                assert_eq!(status(&database, claim, &event).await, 401);
                for authorizer in [json!(null), json!({}), json!({ "jwt": null }), json!({ "jwt": { "claims": null } })]
                {
                    let mut event = event.clone();
                    event["requestContext"]["authorizer"] = authorizer;
                    assert_eq!(status(&database, claim, &event).await, 401, "{event}");
                }
            }
        }
    }
}
