//! Compressed answers of the binary that Lambda runs.

use serde_json::{Value, json};

use crate::answers::body;
use crate::events::HttpRequest;
use crate::runtime_api::{Function, Outcome};

/// Asks for a list in every encoding, of each kind of gateway, and with the tag of the answer.
///
/// # Panics
///
/// An answer is not marked as the gateway needs it, or does not decode to the one without encoding.
pub async fn decode_to_the_plain_answer(function: &mut Function, request: &HttpRequest) {
    let mut ask = async |event: Value| match function.invoke(&event.to_string()).await {
        Outcome::Response(answer) => answer,
        Outcome::Error(error) => panic!("{error}"),
    };
    let plain = ask(request.http_api()).await;
    assert_eq!((&plain["statusCode"], &plain["isBase64Encoded"]), (&json!(200), &json!(false)));
    // Again and again: contexts are kept from one event to the next.
    for encoding in ["zstd", "br", "gzip", "zstd", "br", "gzip", "zstd"] {
        let mut request = request.clone();
        request.headers.push(("accept-encoding".into(), encoding.into()));
        let answer = ask(request.http_api()).await;
        assert_eq!((&answer["statusCode"], &answer["isBase64Encoded"]), (&json!(200), &json!(true)));
        assert_eq!(answer["headers"]["content-encoding"], encoding);
        assert_eq!(answer["headers"]["etag"], plain["headers"]["etag"]);
        assert!(body(&answer) == body(&plain), "{encoding}");
        let answer = ask(request.rest_api()).await;
        assert_eq!(answer["isBase64Encoded"], false);
        assert!(body(&answer) == body(&plain), "{encoding}");

        request.headers.push(("if-none-match".into(), plain["headers"]["etag"].as_str().unwrap().into()));
        let answer = ask(request.http_api()).await;
        assert_eq!((&answer["statusCode"], &answer["isBase64Encoded"]), (&json!(304), &json!(false)));
        assert_eq!(answer["body"].as_str().unwrap_or_default(), "");
    }
}
