//! Finding or downloading cargo-lambda.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Result, ensure};
use tokio::process::Command;

use crate::venv;

/// The version that is downloaded.
const VERSION: &str = "1.9.2";

/// Returns the program on the `PATH`, else the one in a virtual environment under `target/`.
///
/// Creates the virtual environment if necessary.
///
/// # Errors
///
/// Python 3 is missing, or the package cannot be downloaded.
pub(crate) async fn find(root: &Path) -> Result<PathBuf> {
    let on_path = PathBuf::from("cargo-lambda");
    if works(&on_path).await {
        return Ok(on_path);
    }
    let venv = root.join("target").join(format!("cargo-lambda-{VERSION}"));
    let program = venv.join("bin").join("cargo-lambda");
    if !works(&program).await {
        println!("Downloading cargo-lambda {VERSION} …");
        // Its only dependency is a cross-compiler, which local runs do not need.
        venv::create(&venv, &format!("cargo-lambda=={VERSION}")).await?;
        ensure!(works(&program).await, "{} does not run", program.display());
    }
    Ok(program)
}

async fn works(program: &Path) -> bool {
    let mut command = Command::new(program);
    let version = command.args(["lambda", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    version.status().await.is_ok_and(|status| status.success())
}
