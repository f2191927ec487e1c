//! The HTTP endpoints for the health and the metrics of a process that follows.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::follow::context::SyncContext;
use crate::follow::queue::Queue;
use crate::observe::Phase;
use crate::options::set_release;

/// How long a health check may take.
const TIMEOUT: Duration = Duration::from_secs(4);

type Process = State<(Arc<SyncContext>, Arc<Queue>)>;

/// Serves the endpoints at this address, forever: `/livez` with 200, `/healthz` with 200 while the
/// tables are in step and 503 otherwise, and `/metrics`.
///
/// # Errors
///
/// The address cannot be bound.
pub async fn listen(address: SocketAddr, context: Arc<SyncContext>, queue: Arc<Queue>) -> Result<()> {
    let router =
        Router::new().route("/healthz", get(health)).route("/livez", get(alive)).route("/metrics", get(metrics));
    let listener = TcpListener::bind(address).await.with_context(|| format!("--listen {address}"))?;
    tracing::info!(address = %listener.local_addr()?, "serving /healthz, /livez and /metrics");
    axum::serve(listener, router.with_state((context, queue))).await?;
    Ok(())
}

async fn health(process: Process) -> impl IntoResponse {
    let observer = process.0.0.observer();
    let is_healthy = observer.phase() == Phase::Following && observer.later_release().is_none();
    let status = if is_healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, alive(process).await)
}

async fn alive(State((context, queue)): Process) -> impl IntoResponse {
    let observer = context.observer();
    let lag = observer.lag();
    Json(json!({
        "phase": observer.phase().as_str(),
        "mode": observer.mode().as_str(),
        "pending": queue.len(),
        "skipped": observer.skipped(),
        "problem": observer.later_release().map(set_release),
        "too_large": observer.too_large(),
        "lag_ms": { "p50": lag.p50, "p99": lag.p99, "max": lag.max, "changes": lag.count },
    }))
}

async fn metrics(State((context, queue)): Process) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], context.observer().prometheus(queue.len()))
}

/// Checks whether the process at this address is alive, for a container without other programs. A
/// process that waits for Redis or reconciles is alive: a restart would not help.
///
/// # Errors
///
/// The process does not respond with status 200.
pub async fn check(address: &str) -> Result<()> {
    let response = tokio::time::timeout(TIMEOUT, async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("GET /livez HTTP/1.0\r\nhost: {address}\r\n\r\n").as_bytes()).await?;
        let mut response = String::new();
        stream.read_to_string(&mut response).await?;
        anyhow::Ok(response)
    });
    let response = response.await.context("no response")?.with_context(|| address.to_owned())?;
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        bail!("{status} {body}");
    }
    println!("{body}");
    Ok(())
}
