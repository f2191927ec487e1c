//! The DynamoDB to which a proxy forwards.

use serde_json::Value;

use crate::proxy::{Call, Response};

/// Neither the embedded DynamoDB nor DynamoDB Local checks the signature; both require the header.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                             SignedHeaders=host;x-amz-date, Signature=0";

/// A DynamoDB endpoint, and a client for it.
#[derive(Debug, Clone)]
pub struct Upstream {
    url: String,
    client: reqwest::Client,
}

impl Upstream {
    /// The DynamoDB at this endpoint.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), client: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    /// Sends a request and returns the response.
    pub async fn send(&self, call: &Call) -> Response {
        self.request(&call.operation, &call.input).await
    }

    /// Sends a request with this operation and input.
    pub async fn request(&self, operation: &str, input: &Value) -> Response {
        let request = self
            .client
            .post(&self.url)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", AUTHORIZATION)
            .header("x-amz-date", "20260101T000000Z")
            .body(input.to_string());
        let response = request.send().await.unwrap();
        (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }
}
