//! `cargo xtask openapi`: updates the schemas in the API description.

use anyhow::{Result, ensure};

use crate::cargo;

/// Runs the generator. It is a program of its own, so that no other command waits until its
/// dependencies are built.
pub(crate) async fn run() -> Result<()> {
    // Not by `--package`: features would then differ from those of the workspace, and dependencies
    // be built twice.
    let status = cargo().args(["run", "--quiet", "--bin", "agentscope-openapi"]).status().await?;
    ensure!(status.success(), "the generator failed ({status})");
    Ok(())
}
