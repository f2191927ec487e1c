//! Getting cargo-lambda.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// The version that is fetched.
const VERSION: &str = "1.9.2";

/// The program: the one on the `PATH`, else one in a virtual environment under `target/`, which is made first if need be.
///
/// # Errors
///
/// Python 3 is missing, or the package cannot be fetched.
pub(crate) fn find(root: &Path) -> Result<PathBuf> {
    let on_path = PathBuf::from("cargo-lambda");
    if works(&on_path) {
        return Ok(on_path);
    }
    let venv = root.join("target").join(format!("cargo-lambda-{VERSION}"));
    let program = venv.join("bin").join("cargo-lambda");
    if !works(&program) {
        println!("Fetching cargo-lambda {VERSION} …");
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))
            .context("cargo-lambda is fetched with Python 3 and its module venv (Debian's package python3-venv)")?;
        // Its only dependency is a cross-compiler, which local runs do not need.
        let package = format!("cargo-lambda=={VERSION}");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", &package];
        run(Command::new(venv.join("bin").join("python")).args(pip))?;
        ensure!(works(&program), "{} does not run", program.display());
    }
    Ok(program)
}

fn works(program: &Path) -> bool {
    let version =
        Command::new(program).args(["lambda", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?} cannot be run"))?;
    ensure!(status.success(), "{command:?} failed ({status})");
    Ok(())
}
