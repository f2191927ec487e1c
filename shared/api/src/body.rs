//! Bodies, and the JSON in which a function returns an response.

use std::{fmt, io};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::{HeaderMap, Response};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::event::PayloadFormat;
use crate::response::BodyStats;

/// The body of an response.
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

/// An response in the form that the gateway takes that sent the event.
pub(crate) struct GatewayResponse {
    pub(crate) format: PayloadFormat,
    pub(crate) response: Response<Body>,
}

impl GatewayResponse {
    /// How many bytes it has as JSON.
    pub(crate) fn size(&self) -> usize {
        let mut count = Count(0);
        // Neither counting nor what is counted can fail.
        let _ = match self.response.extensions().get::<BodyStats>() {
            // A list may have megabytes, which have been counted already.
            Some(weight) => {
                count.0 = weight.bytes;
                serde_json::to_writer(&mut count, &WithoutBody(self))
            }
            None => serde_json::to_writer(&mut count, self),
        };
        count.0
    }

    fn serialize_with<S: Serializer>(&self, body: &Body, serializer: S) -> Result<S::Ok, S::Error> {
        let mut response = serializer.serialize_map(None)?;
        response.serialize_entry("statusCode", &self.response.status().as_u16())?;
        response.serialize_entry("headers", &Headers(self.response.headers()))?;
        match body {
            Body::Empty => response.serialize_entry("body", "")?,
            Body::Text(pieces) => response.serialize_entry("body", &Joined(pieces))?,
            Body::Binary(bytes) => response.serialize_entry("body", &STANDARD.encode(bytes))?,
        }
        response.serialize_entry("isBase64Encoded", &matches!(self.response.body(), Body::Binary(_)))?;
        if self.format == PayloadFormat::HttpApi {
            // There are none; but `cargo lambda watch` reads no response without them. REST APIs take no unknown members.
            response.serialize_entry("cookies", &[(); 0])?;
        }
        response.end()
    }
}

impl Serialize for GatewayResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize_with(self.response.body(), serializer)
    }
}

/// An response as if its body were empty, of whatever kind it is.
struct WithoutBody<'a>(&'a GatewayResponse);

impl Serialize for WithoutBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_with(&Body::Empty, serializer)
    }
}

/// Counts the bytes that are written to it.
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
    use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
    use serde_json::{Value, json};

    use super::*;

    fn response(format: PayloadFormat, body: Body) -> Value {
        let response = Response::builder().status(404).header("x-a", "b").body(body).unwrap();
        serde_json::from_slice(&serde_json::to_vec(&GatewayResponse { format, response }).unwrap()).unwrap()
    }

    #[test]
    fn a_gateway_is_told_status_headers_and_body() {
        for (body, expected, is_base64) in [
            (Body::Empty, "", false),
            (Body::from(String::new()), "", false),
            (Body::Text(vec!["\"ü".into(), "\n🦊\\".into()]), "\"ü\n🦊\\", false),
            (Body::Binary(vec![0, 255]), "AP8=", true),
        ] {
            let mut expected =
                json!({ "statusCode": 404, "headers": { "x-a": "b" }, "body": expected, "isBase64Encoded": is_base64 });
            assert_eq!(response(PayloadFormat::RestApi, body.clone()), expected);
            expected["cookies"] = json!([]);
            assert_eq!(response(PayloadFormat::HttpApi, body), expected);
        }
    }

    /// `cargo lambda watch` reads responds with these types, and responses nothing if it cannot.
    #[test]
    fn the_local_gateway_can_read_it() {
        for body in [Body::Empty, Body::from("text".to_owned()), Body::Binary(vec![0, 255])] {
            let read: ApiGatewayV2httpResponse =
                serde_json::from_value(response(PayloadFormat::HttpApi, body.clone())).unwrap();
            assert_eq!(read.status_code, 404, "{body:?}");
            assert_eq!(read.headers["x-a"], "b", "{body:?}");
            assert_eq!(read.is_base64_encoded, matches!(body, Body::Binary(_)), "{body:?}");
        }
    }
}
