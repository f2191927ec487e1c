//! The form in which a function returns a response to the gateway.

use std::{fmt, io};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::{HeaderMap, Response};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::body::{Body, BodyStats};
use crate::delivery::{Delivery, ResponseMode};
use crate::failure::Failure;
use crate::payload_format::{HeaderForm, PayloadFormat};
use crate::stream::StreamedResult;

/// A response in the payload format of the event that it belongs to.
pub(crate) struct GatewayResponse {
    pub(crate) delivery: Delivery,
    pub(crate) response: Response<Body>,
}

/// What a function returns to Lambda.
pub(crate) enum FunctionResult {
    /// A JSON document.
    Buffered(Vec<u8>),
    /// A stream.
    Streamed(StreamedResult),
    /// An error of the invocation, which the function has logged.
    Failed(Failure),
}

impl GatewayResponse {
    /// The result of the function.
    ///
    /// # Errors
    ///
    /// There are none: every part of a response has a JSON form.
    pub(crate) fn into_result(self) -> serde_json::Result<FunctionResult> {
        Ok(match self.delivery.mode {
            ResponseMode::Buffered => {
                // A list may have megabytes: a buffer that grows would be copied several times.
                let mut result = Vec::with_capacity(self.json_size());
                serde_json::to_writer(&mut result, &self)?;
                FunctionResult::Buffered(result)
            }
            ResponseMode::Streaming => {
                let metadata = serde_json::to_vec(&Metadata(&self))?;
                FunctionResult::Streamed(StreamedResult::new(metadata, self.response.into_body()))
            }
        })
    }

    /// The number of bytes of the result.
    pub(crate) fn size(&self) -> usize {
        match self.delivery.mode {
            ResponseMode::Buffered => self.json_size(),
            ResponseMode::Streaming => {
                let mut metadata = Count(0);
                // Neither counting nor the serialization can fail.
                let _ = serde_json::to_writer(&mut metadata, &Metadata(self));
                StreamedResult::size(metadata.0, self.response.body().len())
            }
        }
    }

    fn json_size(&self) -> usize {
        let mut count = Count(0);
        // Neither counting nor the serialization can fail.
        let _ = match self.response.extensions().get::<BodyStats>() {
            // A list may have megabytes, and its bytes have been counted.
            Some(stats) => {
                count.0 = stats.bytes;
                serde_json::to_writer(&mut count, &WithoutBody(self))
            }
            None => serde_json::to_writer(&mut count, self),
        };
        count.0
    }

    fn serialize_with<S: Serializer>(&self, body: &Body, serializer: S) -> Result<S::Ok, S::Error> {
        let mut response = serializer.serialize_map(None)?;
        let status = self.response.status();
        response.serialize_entry("statusCode", &status.as_u16())?;
        if let PayloadFormat::LoadBalancer(_) = self.delivery.format {
            // Status and reason, such as `200 OK`.
            response.serialize_entry("statusDescription", &status.to_string())?;
        }
        let headers = self.response.headers();
        if self.delivery.format == PayloadFormat::LoadBalancer(HeaderForm::Multiple) {
            response.serialize_entry("multiValueHeaders", &MultiValueHeaders(headers))?;
        } else {
            response.serialize_entry("headers", &Headers(headers))?;
        }
        match body {
            Body::Empty => response.serialize_entry("body", "")?,
            Body::Text(pieces) => response.serialize_entry("body", &Joined(pieces))?,
            Body::Binary(bytes) => response.serialize_entry("body", &STANDARD.encode(bytes))?,
        }
        response.serialize_entry("isBase64Encoded", &matches!(self.response.body(), Body::Binary(_)))?;
        if self.has_cookies() {
            // `cargo lambda watch` requires the member. Others do not know it, and REST APIs refuse
            // unknown members.
            response.serialize_entry("cookies", &[(); 0])?;
        }
        response.end()
    }

    /// Whether the payload format has cookies.
    fn has_cookies(&self) -> bool {
        matches!(self.delivery.format, PayloadFormat::HttpApi | PayloadFormat::FunctionUrl)
    }
}

/// The metadata of a streamed response.
struct Metadata<'a>(&'a GatewayResponse);

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut metadata = serializer.serialize_map(None)?;
        metadata.serialize_entry("statusCode", &self.0.response.status().as_u16())?;
        metadata.serialize_entry("headers", &Headers(self.0.response.headers()))?;
        if self.0.has_cookies() {
            metadata.serialize_entry("cookies", &[(); 0])?;
        }
        metadata.end()
    }
}

impl Serialize for GatewayResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize_with(self.response.body(), serializer)
    }
}

/// A response that is serialized as if its body were empty.
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

/// Headers. No response repeats one.
struct Headers<'a>(&'a HeaderMap);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Every value is ASCII: no value comes from a request.
        serializer.collect_map(self.0.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default())))
    }
}

/// Headers with a list of values for each name.
struct MultiValueHeaders<'a>(&'a HeaderMap);

impl Serialize for MultiValueHeaders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name.as_str(), [value.to_str().unwrap_or_default()])))
    }
}

/// Pieces that are serialized as one string, without a copy of the whole.
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
    use crate::delivery::DeliverySettings;

    fn response(format: PayloadFormat, body: Body) -> Value {
        let response = Response::builder().status(404).header("x-a", "b").body(body).unwrap();
        let delivery = DeliverySettings::default().delivery(format);
        serde_json::from_slice(&serde_json::to_vec(&GatewayResponse { delivery, response }).unwrap()).unwrap()
    }

    #[test]
    fn the_result_has_status_headers_and_body() {
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

    #[test]
    fn a_load_balancer_gets_a_reason_and_headers_in_the_form_of_its_event() {
        for (form, name, value) in
            [(HeaderForm::Single, "headers", json!("b")), (HeaderForm::Multiple, "multiValueHeaders", json!(["b"]))]
        {
            let expected = json!({
                "statusCode": 404, "statusDescription": "404 Not Found", name: { "x-a": value }, "body": "AP8=",
                "isBase64Encoded": true,
            });
            assert_eq!(response(PayloadFormat::LoadBalancer(form), Body::Binary(vec![0, 255])), expected);
        }
    }

    /// `cargo lambda watch` deserializes results into these types.
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
