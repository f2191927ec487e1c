//! Responses as a client reads them.

use std::io::Read;

use agentscope_api::{Body, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http;
use serde_json::Value;

/// The response with its body as text, decoded.
///
/// # Panics
///
/// The body is not encoded as it says, or is no text.
pub fn text(response: Response) -> http::Response<String> {
    let encoding = response.headers().get("content-encoding").map(|name| name.to_str().unwrap().to_owned());
    response.map(|body| match (body, encoding.as_deref()) {
        (Body::Empty, None) => String::new(),
        (Body::Text(pieces), None) => pieces.concat(),
        (Body::Binary(bytes), Some(encoding)) => decoded(&bytes, encoding),
        (body, encoding) => panic!("{encoding:?} {body:?}"),
    })
}

/// The body of what a function returned, decoded as the gateway and then the client do.
///
/// # Panics
///
/// The body is not encoded as it says, or is no text.
pub fn body(response: &Value) -> String {
    let body = response["body"].as_str().unwrap_or_default();
    match (response["isBase64Encoded"].as_bool(), header(response, "content-encoding")) {
        (Some(true), Some(encoding)) => decoded(&STANDARD.decode(body).unwrap(), encoding),
        (Some(false), None) => body.to_owned(),
        other => panic!("{other:?}"),
    }
}

/// A header of what a function returned, in either form.
pub fn header<'a>(response: &'a Value, name: &str) -> Option<&'a str> {
    response["headers"][name].as_str().or(response["multiValueHeaders"][name][0].as_str())
}

/// A body that is encoded like this.
///
/// # Panics
///
/// It is not.
pub fn decoded(bytes: &[u8], encoding: &str) -> String {
    let mut text = String::new();
    match encoding {
        "zstd" => zstd::Decoder::new(bytes).unwrap().read_to_string(&mut text),
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_string(&mut text),
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_string(&mut text),
        other => panic!("unexpected encoding {other}"),
    }
    .unwrap();
    text
}
