//! A proxy between a function and DynamoDB that counts: requests, waves, read units.
//!
//! It is there for a few calls of each scenario, and never when times are taken.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::waves::{Recorded, Request};

/// How long each request is held up, so that requests side by side are seen to overlap.
const HOLD: Duration = Duration::from_millis(40);

/// The headers that are passed on. No DynamoDB on a laptop checks the signature, but all want to see one.
const PASSED_ON: [&str; 4] = ["x-amz-target", "authorization", "x-amz-date", "content-type"];

/// A DynamoDB endpoint that counts and passes on.
#[derive(Debug, Clone)]
pub(crate) struct Counter {
    /// Its endpoint.
    pub(crate) url: String,
    recorded: Arc<Mutex<Vec<Recorded>>>,
}

#[derive(Clone)]
struct Proxy {
    target: String,
    client: reqwest::Client,
    recorded: Arc<Mutex<Vec<Recorded>>>,
}

impl Counter {
    /// Starts a counter before this endpoint.
    pub(crate) async fn before(target: &str) -> Result<Self> {
        let recorded = Arc::default();
        let proxy =
            Proxy { target: target.to_owned(), client: reqwest::Client::new(), recorded: Arc::clone(&recorded) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(pass_on).layer(DefaultBodyLimit::disable()).with_state(proxy);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, recorded })
    }

    /// What was counted since the last call.
    pub(crate) fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.recorded.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn pass_on(State(proxy): State<Proxy>, headers: HeaderMap, body: Bytes) -> (StatusCode, Bytes) {
    match counted(&proxy, &headers, &body).await {
        Ok(response) => response,
        Err(error) => {
            eprintln!("the counting proxy: {error:#}");
            (StatusCode::BAD_GATEWAY, Bytes::new())
        }
    }
}

async fn counted(proxy: &Proxy, headers: &HeaderMap, body: &Bytes) -> Result<(StatusCode, Bytes)> {
    let began = Instant::now();
    let target = headers.get("x-amz-target").context("no x-amz-target")?.to_str()?;
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let input: Value = serde_json::from_slice(body)?;
    tokio::time::sleep(HOLD).await;
    let mut asked = input.clone();
    asked.as_object_mut().context("the input is no object")?.insert("ReturnConsumedCapacity".into(), json!("TOTAL"));
    let mut request = proxy.client.post(&proxy.target).body(asked.to_string());
    for name in PASSED_ON {
        request = request.header(name, headers.get(name).with_context(|| format!("no {name}"))?.to_str()?);
    }
    let response = request.send().await?;
    let status = StatusCode::from_u16(response.status().as_u16())?;
    let body = response.bytes().await?;
    let read_units = read_units(&serde_json::from_slice(&body)?);
    let recorded = Recorded { request: Request { operation, input }, began, ended: Instant::now(), read_units };
    proxy.recorded.lock().map_err(|_| anyhow!("a request failed while it was being recorded"))?.push(recorded);
    Ok((status, body))
}

/// The units that an response says were consumed: one figure, or one a table.
fn read_units(response: &Value) -> Option<f64> {
    match &response["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(|table| table["CapacityUnits"].as_f64()).sum(),
        one => one["CapacityUnits"].as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_summed_over_tables() {
        assert_eq!(read_units(&json!({"ConsumedCapacity": {"TableName": "t", "CapacityUnits": 2.5}})), Some(2.5));
        let tables = json!([{"TableName": "t", "CapacityUnits": 2.5}, {"TableName": "u", "CapacityUnits": 0.5}]);
        assert_eq!(read_units(&json!({ "ConsumedCapacity": tables })), Some(3.0));
        assert_eq!(read_units(&json!({"Items": []})), None);
    }
}
