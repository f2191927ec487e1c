//! Programs that come as Python packages: each in a virtual environment of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

/// Makes a virtual environment with one package and nothing that it depends on. Returns its folder of programs.
///
/// # Errors
///
/// Python 3 is missing, or the package cannot be fetched.
pub(crate) async fn make(venv: &Path, package: &str) -> Result<PathBuf> {
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv)).await.with_context(|| {
        format!("{package} is fetched with Python 3 and its module venv (Debian's package python3-venv)")
    })?;
    let programs = venv.join("bin");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", package];
    run(Command::new(programs.join("python")).args(pip)).await?;
    Ok(programs)
}

/// Runs a program to its end. It ends earlier if what waits for it is dropped.
///
/// # Errors
///
/// It cannot be run, or fails.
pub(crate) async fn run(command: &mut Command) -> Result<()> {
    let about = format!("{:?}", command.as_std());
    let status = command.stdin(Stdio::null()).kill_on_drop(true).status().await;
    let status = status.with_context(|| format!("{about} cannot be run"))?;
    ensure!(status.success(), "{about} failed ({status})");
    Ok(())
}
