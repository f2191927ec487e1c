//! The functions of `cargo xtask dev`, which `cargo lambda watch` runs.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use agentscope_api::ResponseMode;
use agentscope_model::Release;
use anyhow::{Context, Result, bail, ensure};
use tokio::process::{Child, Command};

use crate::{cargo, proxy, root, store};

/// The time limit for the first responses, in which `cargo lambda watch` may build the functions.
const READY_TIMEOUT: Duration = Duration::from_secs(900);

/// The interval between two attempts to get a response.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// Builds the functions, so that compile errors appear before the first request.
///
/// # Errors
///
/// cargo fails.
pub(crate) async fn build() -> Result<()> {
    println!("Building the functions …");
    let build = ["build", "--quiet", "--bin", "list-sessions", "--bin", "list-schedule-sessions"];
    let status = cargo().args(build).status().await?;
    ensure!(status.success(), "the functions do not compile ({status})");
    Ok(())
}

/// Starts `cargo lambda watch`, which runs the functions and builds them again after changes.
///
/// # Errors
///
/// It cannot be started.
pub(crate) fn start(
    cargo_lambda: &Path,
    address: SocketAddr,
    store_url: &str,
    release: Release,
    mode: ResponseMode,
) -> Result<Child> {
    let tables = store::tables();
    let mut watch = Command::new(cargo_lambda);
    proxy::exempt_loopback(&mut watch)
        .args(["lambda", "watch"])
        .args(["--invoke-address", &address.ip().to_string()])
        .args(["--invoke-port", &address.port().to_string()])
        .current_dir(root())
        .env("SESSIONS_TABLE", tables.sessions)
        .env("AGENTS_TABLE", tables.agents)
        .env("TEAMS_TABLE", tables.teams)
        .env("SCHEDULES_TABLE", tables.schedules)
        .env("IDENTITY_SOURCE", "header")
        .env("RESPONSE_MODE", mode.as_str())
        .env("AGENTSCOPE_RELEASE", release.as_str())
        .env("AWS_ENDPOINT_URL_DYNAMODB", store_url)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cargo lambda does not start")
}

/// Returns when both routes respond.
///
/// # Errors
///
/// A route does not respond in time.
pub(crate) async fn wait_ready(client: &reqwest::Client, base_url: &str) -> Result<()> {
    let begun = Instant::now();
    for path in ["/sessions/", "/schedule/any/sessions"] {
        // 422: the function runs, and rejects a request without an identity.
        while !client.get(format!("{base_url}{path}")).send().await.is_ok_and(|response| response.status() == 422) {
            if begun.elapsed() > READY_TIMEOUT {
                bail!("{path} does not respond");
            }
            tokio::time::sleep(RETRY_INTERVAL).await;
        }
    }
    Ok(())
}
