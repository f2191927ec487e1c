//! A recorder between a store and its DynamoDB: which requests were sent, and which of them waited for which.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

/// How long the recorder holds each request up, so that requests side by side are seen to overlap.
const HOLD: Duration = Duration::from_millis(60);

/// A request to DynamoDB.
#[derive(Debug, Clone)]
pub struct Sent {
    /// As `BatchGetItem`.
    pub operation: String,
    /// The input.
    pub input: Value,
    began: Instant,
    ended: Instant,
}

/// A DynamoDB endpoint that records and passes on.
#[derive(Debug, Clone)]
pub struct Recorder {
    /// Its endpoint.
    pub url: String,
    sent: Arc<Mutex<Vec<Sent>>>,
}

#[derive(Clone)]
struct Proxy {
    target: String,
    client: reqwest::Client,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Recorder {
    /// Starts a recorder before this endpoint.
    pub async fn before(target: &str) -> Self {
        let sent = Arc::default();
        let proxy = Proxy {
            target: target.to_owned(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            sent: Arc::clone(&sent),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass_on).with_state(proxy);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, sent }
    }

    /// What was sent since the last call.
    pub fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

async fn pass_on(State(proxy): State<Proxy>, headers: HeaderMap, body: Bytes) -> (StatusCode, Bytes) {
    let began = Instant::now();
    let operation = headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap().to_owned();
    let input = serde_json::from_slice(&body).unwrap();
    tokio::time::sleep(HOLD).await;
    let mut request = proxy.client.post(&proxy.target).body(body);
    for name in ["x-amz-target", "authorization", "x-amz-date", "content-type"] {
        request = request.header(name, headers[name].to_str().unwrap());
    }
    let response = request.send().await.unwrap();
    let status = StatusCode::from_u16(response.status().as_u16()).unwrap();
    let body = response.bytes().await.unwrap();
    proxy.sent.lock().unwrap().push(Sent { operation, input, began, ended: Instant::now() });
    (status, body)
}

/// The longest chain of requests each of which began after the one before it had ended.
pub fn depth(sent: &[Sent]) -> usize {
    let mut sent: Vec<_> = sent.iter().collect();
    sent.sort_by_key(|request| request.began);
    let mut depths: Vec<usize> = Vec::with_capacity(sent.len());
    for (index, request) in sent.iter().enumerate() {
        let before = (0..index).filter(|other| sent[*other].ended <= request.began).map(|other| depths[other]).max();
        depths.push(1 + before.unwrap_or(0));
    }
    depths.into_iter().max().unwrap_or(0)
}

/// Every key that the requests name: table, index, partition and sort key or condition.
pub fn keys(sent: &[Sent]) -> Vec<String> {
    let mut keys = Vec::new();
    for Sent { operation, input, .. } in sent {
        match operation.as_str() {
            "GetItem" => keys.push(format!("{} {}", input["TableName"], input["Key"])),
            "BatchGetItem" => {
                for (table, request) in input["RequestItems"].as_object().unwrap() {
                    keys.extend(request["Keys"].as_array().unwrap().iter().map(|key| format!("{table:?} {key}")));
                }
            }
            "Query" => keys.push(format!(
                "{} {} {} {}",
                input["TableName"], input["IndexName"], input["ExpressionAttributeValues"], input["ExclusiveStartKey"]
            )),
            other => panic!("unexpected {other}"),
        }
    }
    keys
}
