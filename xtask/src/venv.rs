//! Programs from Python packages, each in a virtual environment of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

/// Creates a virtual environment with one package, without its dependencies. Returns the directory
/// of its programs.
///
/// # Errors
///
/// Python 3 is missing, or the package cannot be downloaded.
pub(crate) async fn create(venv: &Path, package: &str) -> Result<PathBuf> {
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv)).await.with_context(|| {
        format!("downloading {package} requires Python 3 with the module venv (Debian: python3-venv)")
    })?;
    let programs = venv.join("bin");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", package];
    run(Command::new(programs.join("python")).args(pip)).await?;
    Ok(programs)
}

/// Runs a program until it exits. Dropping the future kills it.
///
/// # Errors
///
/// The program cannot be started, or exits with another status than 0.
pub(crate) async fn run(command: &mut Command) -> Result<()> {
    let line = format!("{:?}", command.as_std());
    let status = command.stdin(Stdio::null()).kill_on_drop(true).status().await;
    let status = status.with_context(|| format!("{line} cannot be started"))?;
    ensure!(status.success(), "{line} failed ({status})");
    Ok(())
}
