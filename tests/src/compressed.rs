//! Compressed responses of the binary that Lambda runs.

use serde_json::{Value, json};

use crate::events::HttpRequest;
use crate::function::{Function, Outcome};
use crate::responses::body;

/// Requests a list in every encoding, through each kind of gateway, and with the entity tag of the
/// response.
///
/// # Panics
///
/// A response is not marked as the gateway needs it, or does not decode to the one without
/// encoding.
pub async fn check_compressed_responses(function: &mut Function, request: &HttpRequest) {
    let mut send = async |event: Value| match function.invoke(&event.to_string()).await {
        Outcome::Response(response) => response,
        Outcome::Error(error) => panic!("{error}"),
    };
    let plain = send(request.http_api()).await;
    assert_eq!((&plain["statusCode"], &plain["isBase64Encoded"]), (&json!(200), &json!(false)));
    // Again and again: contexts are kept from one event to the next.
    for encoding in ["zstd", "br", "gzip", "zstd", "br", "gzip", "zstd"] {
        let mut request = request.clone();
        request.headers.push(("accept-encoding".into(), encoding.into()));
        let response = send(request.http_api()).await;
        assert_eq!((&response["statusCode"], &response["isBase64Encoded"]), (&json!(200), &json!(true)));
        assert_eq!(response["headers"]["content-encoding"], encoding);
        assert_eq!(response["headers"]["etag"], plain["headers"]["etag"]);
        assert!(body(&response) == body(&plain), "{encoding}");
        let response = send(request.rest_api()).await;
        assert_eq!(response["isBase64Encoded"], false);
        assert!(body(&response) == body(&plain), "{encoding}");

        request.headers.push(("if-none-match".into(), plain["headers"]["etag"].as_str().unwrap().into()));
        let response = send(request.http_api()).await;
        assert_eq!((&response["statusCode"], &response["isBase64Encoded"]), (&json!(304), &json!(false)));
        assert_eq!(response["body"].as_str().unwrap_or_default(), "");
    }
}
