//! What others may ask a process that follows: whether it is well, and what it has done.

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

use crate::follow::copier::Copier;
use crate::follow::queue::Queue;
use crate::observe::Phase;
use crate::source_record::set_release;

/// How long an response may take.
const PATIENCE: Duration = Duration::from_secs(4);

type Process = State<(Arc<Copier>, Arc<Queue>)>;

/// Answers at this address, for ever: `/livez` with 200, `/healthz` with 200 while the tables are kept in step and 503
/// otherwise, and `/metrics`.
///
/// # Errors
///
/// Nobody can listen there.
pub async fn listen(address: SocketAddr, copier: Arc<Copier>, queue: Arc<Queue>) -> Result<()> {
    let router =
        Router::new().route("/healthz", get(health)).route("/livez", get(alive)).route("/metrics", get(metrics));
    let listener = TcpListener::bind(address).await.with_context(|| format!("--listen {address}"))?;
    tracing::info!(address = %listener.local_addr()?, "listening for questions about health");
    axum::serve(listener, router.with_state((copier, queue))).await?;
    Ok(())
}

async fn health(process: Process) -> impl IntoResponse {
    let observer = &process.0.0.observer;
    let is_well = observer.phase() == Phase::Following && observer.later_release().is_none();
    let status = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, alive(process).await)
}

async fn alive(State((copier, queue)): Process) -> impl IntoResponse {
    let lag = copier.observer.lag();
    Json(json!({
        "phase": copier.observer.phase().as_str(),
        "mode": copier.observer.mode().as_str(),
        "pending": queue.len(),
        "skipped": copier.observer.skipped(),
        "problem": copier.observer.later_release().map(set_release),
        "too_large": copier.observer.too_large(),
        "lag_ms": { "p50": lag.p50, "p99": lag.p99, "max": lag.max, "changes": lag.count },
    }))
}

async fn metrics(State((copier, queue)): Process) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], copier.observer.prometheus(queue.len()))
}

/// Asks the process that listens at this address whether it is alive: for a container without any other program in it. One
/// that waits for Redis or compares everything is: to start it anew would help nobody.
///
/// # Errors
///
/// It does not respond, or something else does.
pub async fn ask(address: &str) -> Result<()> {
    let response = tokio::time::timeout(PATIENCE, async {
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
