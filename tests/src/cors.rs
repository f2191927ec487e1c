//! Which pages may read the responses of the binaries that Lambda runs.

use std::process::Stdio;

use serde_json::json;

use crate::dynamodb::TestDynamoDb;
use crate::events::HttpRequest;
use crate::function::{Function, Outcome, environment};
use crate::golden::world;
use crate::responses::header;

/// Sends a request, which gets 200, and others that are refused, from pages of several origins.
///
/// # Panics
///
/// A response can be read by a page that may not read it, or not by one that may, or a cache could
/// give it to the wrong one.
pub async fn check_cors(binary: &str, request: &HttpRequest) {
    let database = TestDynamoDb::with_export(&world()).await;
    let post = HttpRequest { method: "POST".into(), ..request.clone() };
    let requests = [request.clone(), post, HttpRequest::get("/nowhere", "", "alice")];
    for (setting, origin, allowed) in [
        (Some("https://a.example.com,https://b.example.com"), Some("https://b.example.com"), true),
        (Some("https://a.example.com,https://b.example.com"), Some("https://c.example.com"), false),
        (Some("https://a.example.com"), Some("https://a.example.com.evil.example"), false),
        (Some("https://a.example.com"), Some("null"), false),
        (Some("https://a.example.com"), None, false),
        (Some("*"), Some("https://c.example.com"), true),
        (None, Some("https://a.example.com"), false),
    ] {
        let mut environment = environment(&database, "header");
        environment.extend(setting.map(|origins| ("ALLOWED_ORIGINS", origins.to_owned())));
        environment.push(("RESPONSE_MODE", "streaming".to_owned()));
        let mut function = Function::start(binary, environment, Stdio::null()).await;
        for mut request in requests.clone() {
            request.headers.extend(origin.map(|origin| ("Origin".to_owned(), origin.to_owned())));
            for event in [request.rest_api(), request.load_balancer_multi_value(), request.http_api()] {
                let about = format!("{setting:?} {origin:?} {event}");
                let Outcome::Response(response) = function.invoke(&event.to_string()).await else { panic!("{about}") };
                let expected = origin.filter(|_| allowed);
                assert_eq!(header(&response, "access-control-allow-origin"), expected, "{about}");
                let exposed =
                    header(&response, "access-control-expose-headers").is_some_and(|names| names.contains("etag"));
                assert_eq!(exposed, allowed, "{about}");
                assert!(header(&response, "access-control-allow-credentials").is_none(), "{about}");
                let vary = header(&response, "vary").unwrap_or_default();
                assert_eq!(vary.split(", ").any(|name| name == "origin"), setting.is_some(), "{about}");
                if response["statusCode"] == json!(200) {
                    assert!(vary.starts_with("accept-encoding, x-user-id"), "{about}");
                }
            }
        }
    }
}
