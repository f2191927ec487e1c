//! Getting cargo-lambda.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Result, ensure};
use tokio::process::Command;

use crate::venv;

/// The version that is fetched.
const VERSION: &str = "1.9.2";

/// The program: the one on the `PATH`, else one in a virtual environment under `target/`, which is made first if need be.
///
/// # Errors
///
/// Python 3 is missing, or the package cannot be fetched.
pub(crate) async fn find(root: &Path) -> Result<PathBuf> {
    let on_path = PathBuf::from("cargo-lambda");
    if works(&on_path).await {
        return Ok(on_path);
    }
    let folder = root.join("target").join(format!("cargo-lambda-{VERSION}"));
    let program = folder.join("bin").join("cargo-lambda");
    if !works(&program).await {
        println!("Fetching cargo-lambda {VERSION} …");
        // Its only dependency is a cross-compiler, which local runs do not need.
        venv::make(&folder, &format!("cargo-lambda=={VERSION}")).await?;
        ensure!(works(&program).await, "{} does not run", program.display());
    }
    Ok(program)
}

async fn works(program: &Path) -> bool {
    let mut command = Command::new(program);
    let version = command.args(["lambda", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    version.status().await.is_ok_and(|status| status.success())
}
