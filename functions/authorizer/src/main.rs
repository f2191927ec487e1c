//! Wires logs, settings, the issuer and the handler.

use std::time::{Instant, SystemTime};

use agentscope_api::runtime::{Invocation, serve_json};
use agentscope_api::telemetry;
use authorizer::handler::{Handled, handle};
use authorizer::issuer::Issuer;
use authorizer::key_cache::KeyCache;
use authorizer::metrics::{CompletedEvent, Metrics};
use authorizer::settings::Settings;
use authorizer::signatures;
use lambda_http::Error;
use tokio::sync::Mutex;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    signatures::install();
    let Settings { issuer, token, metrics_namespace } = Settings::from_env()?;
    let issuer = Issuer::new(issuer)?;
    // Lambda sends one event at a time, so nothing waits for this lock.
    let state = Mutex::new((KeyCache::new(async || issuer.keys().await), Metrics::new(&metrics_namespace)));
    serve_json(async |Invocation { request_id, event, .. }| {
        let (received, start) = (SystemTime::now(), Instant::now());
        let (keys, metrics) = &mut *state.lock().await;
        let fetches = keys.fetches();
        let Handled { outcome, result } = handle(&token, keys, event.get()).await;
        let (latency, key_fetches) = (start.elapsed(), keys.fetches() - fetches);
        metrics.write(&CompletedEvent { received, latency, outcome, key_fetches, request_id: &request_id });
        result
    })
    .await
}
