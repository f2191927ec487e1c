//! Which claim of a token names the caller.

use serde_json::{Value, json};

use crate::events::{HttpRequest, with_claims};
use crate::function::Function;

/// Sends requests as every caller whom claims, headers and gateways could name. The request of a
/// user must get 200 for `alice` and 404 for others.
///
/// # Panics
///
/// The function takes anything but this claim for the caller. It may not be `sub`.
pub async fn check_that_only_the_claim_counts(
    function: &mut Function,
    claim: &str,
    request_of: impl Fn(&str) -> HttpRequest,
) {
    let named = |value: Value| json!({ claim: value, "sub": "mallory" });
    let similar = format!("{}{}", claim[..1].to_uppercase(), &claim[1..]);
    for (claims, status) in [
        (named(json!("alice")), 200),
        (json!({ claim: "mallory", "sub": "alice" }), 404),
        (json!({ "sub": "alice", "username": "alice", similar: "alice" }), 401),
        (named(json!(["alice"])), 401),
        (named(json!("")), 401),
        (json!({}), 401),
    ] {
        let event = with_claims(request_of("alice").http_api(), claims.clone());
        assert_eq!(function.call(&event).await.0, status, "{claims}");
    }
    for event in [request_of("alice").function_url(), request_of("alice").rest_api()] {
        assert_eq!(function.call(&event).await.0, 401, "{event}");
    }
    let event = with_claims(request_of("alice").rest_api(), named(json!("alice")));
    assert_eq!(function.call(&event).await.0, 401);
}
