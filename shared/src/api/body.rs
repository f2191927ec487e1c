//! Bodies, and the JSON in which a function returns an answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::{HeaderMap, Response};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::fmt;

/// The body of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    #[default]
    Empty,
    /// Text in pieces, which are joined where they are needed as one: in what is sent to Lambda.
    Text(Vec<String>),
    /// Bytes.
    Binary(Vec<u8>),
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(vec![text]) }
    }
}

/// An answer in the form that HTTP APIs, REST APIs and function URLs all take.
pub(super) struct GatewayAnswer(pub(super) Response<Body>);

impl Serialize for GatewayAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_map(None)?;
        answer.serialize_entry("statusCode", &self.0.status().as_u16())?;
        answer.serialize_entry("headers", &Headers(self.0.headers()))?;
        match self.0.body() {
            Body::Empty => answer.serialize_entry("body", "")?,
            Body::Text(pieces) => answer.serialize_entry("body", &Joined(pieces))?,
            Body::Binary(bytes) => answer.serialize_entry("body", &STANDARD.encode(bytes))?,
        }
        answer.serialize_entry("isBase64Encoded", &matches!(self.0.body(), Body::Binary(_)))?;
        answer.end()
    }
}

/// Headers, of which none is repeated.
struct Headers<'a>(&'a HeaderMap);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Every value is ASCII: none comes from a request.
        serializer.collect_map(self.0.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default())))
    }
}

/// Pieces as one string, without ever putting them together elsewhere.
struct Joined<'a>(&'a [String]);

impl fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| f.write_str(piece))
    }
}

impl Serialize for Joined<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(body: Body) -> Value {
        let response = Response::builder().status(404).header("x-a", "b").body(body).unwrap();
        serde_json::from_slice(&serde_json::to_vec(&GatewayAnswer(response)).unwrap()).unwrap()
    }

    #[test]
    fn a_gateway_is_told_status_headers_and_body() {
        let expected = |body: &str, is_base64: bool| json!({ "statusCode": 404, "headers": { "x-a": "b" }, "body": body, "isBase64Encoded": is_base64 });
        assert_eq!(answer(Body::Empty), expected("", false));
        assert_eq!(answer(Body::from(String::new())), expected("", false));
        assert_eq!(answer(Body::Text(vec!["\"ü".into(), "\n🦊\\".into()])), expected("\"ü\n🦊\\", false));
        assert_eq!(answer(Body::Binary(vec![0, 255])), expected("AP8=", true));
    }
}
