//! Wires logs, settings, the DynamoDB client and the handler.

use agentscope_api::{Request, Settings, run, telemetry};
use agentscope_store::{ClientTimeouts, Store, connect_from_environment};
use lambda_http::Error;
use list_sessions::handler;

/// Faster than the system's allocator, and keeps the memory of a response for the next one: see
/// docs/PERFORMANCE.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let Settings { tables, identity, release, metrics_namespace, base_path, delivery } = Settings::from_env()?;
    let store = Store::new(connect_from_environment(ClientTimeouts::FUNCTION), tables, release);
    store.warm_up_by_agents().await;
    let route = env!("CARGO_PKG_NAME");
    let handle = async |request: Request| handler::handle(&store, identity, &request.below(base_path.as_deref())).await;
    run(route, &metrics_namespace, identity, delivery, handle).await
}
