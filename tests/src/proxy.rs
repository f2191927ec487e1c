//! A proxy between a store and its DynamoDB, for what no DynamoDB on a laptop does by itself: throttling, lag, and others
//! who write between two reads.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

/// A request to DynamoDB.
#[derive(Debug, Clone)]
pub struct Call {
    /// As `BatchGetItem`.
    pub operation: String,
    /// The input.
    pub input: Value,
    /// The trace that the request says it belongs to.
    pub trace: Option<String>,
}

/// An response of DynamoDB's: status and body.
pub type Response = (u16, Value);

/// An error as DynamoDB words it.
pub fn error(status: u16, code: &str) -> Response {
    (status, json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "injected" }))
}

/// The DynamoDB behind a proxy.
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

    /// Sends a request on. It need not be the one that came.
    pub async fn send(&self, call: &Call) -> Response {
        let request = self
            .client
            .post(&self.url)
            .header("x-amz-target", format!("DynamoDB_20120810.{}", call.operation))
            .header("content-type", "application/x-amz-json-1.0")
            // No DynamoDB on a laptop checks a signature, but all want to see one, with these credentials.
            .header("authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0")
            .header("x-amz-date", "20260101T000000Z")
            .body(call.input.to_string());
        let response = request.send().await.unwrap();
        (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }
}

/// Starts a proxy before this endpoint, and returns its own. `handle` responses every request.
pub async fn before<F, A>(target: &str, handle: F) -> String
where
    F: Fn(Call, Upstream) -> A + Send + Sync + 'static,
    A: Future<Output = Response> + Send + 'static,
{
    let upstream = Upstream::at(target);
    let response = async move |State(handle): State<Arc<F>>, headers: HeaderMap, body: Bytes| {
        let operation = headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap().to_owned();
        let trace = headers.get("x-amzn-trace-id").map(|trace| trace.to_str().unwrap().to_owned());
        let call = Call { operation, input: serde_json::from_slice(&body).unwrap(), trace };
        let (status, body) = handle(call, upstream.clone()).await;
        (StatusCode::from_u16(status).unwrap(), body.to_string())
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(response).layer(axum::extract::DefaultBodyLimit::disable());
    let router = router.with_state(Arc::new(handle));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}
