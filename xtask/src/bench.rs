//! `cargo xtask bench`: builds the benchmark driver and the measured programs, and runs the
//! driver.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;
use tokio::process::Command;

use crate::{cargo, proxy};

/// The functions as they are deployed. No other package is selected, since its features could be
/// added to their dependencies.
const FUNCTIONS: [&str; 5] = ["--release", "-p", "list-sessions", "-p", "list-schedule-sessions"];
const BASELINE: [&str; 3] = ["--release", "-p", "agentscope-bench-baseline"];
const DRIVER: [&str; 4] = ["--profile", "driver", "-p", "agentscope-bench"];
/// The driver for `--quick`, whose numbers do not count. It shares its dependencies with the
/// tests.
const QUICK_DRIVER: [&str; 2] = ["-p", "agentscope-bench"];

/// The variables that select the functions' target. The driver is built without them: it runs on
/// this machine.
const TARGET_VARIABLES: [&str; 2] = ["CARGO_BUILD_TARGET", "CARGO_BUILD_RUSTFLAGS"];

/// With one of these arguments the driver needs no functions.
const WITHOUT_FUNCTIONS: [&str; 3] = ["--help", "-h", "--plot-from"];

#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Bench {
    /// Arguments of the driver; `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// The sync process as it is deployed.
const SYNC: [&str; 3] = ["--release", "-p", "agentscope-sync"];

pub(crate) async fn run(Bench { arguments }: Bench) -> Result<()> {
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let driver = build(if is_quick { &QUICK_DRIVER } else { &DRIVER }, &TARGET_VARIABLES).await?;
    let mut command = Command::new(&driver);
    proxy::exempt_loopback(&mut command);
    if let Some((first, arguments)) = arguments.split_first().filter(|(first, _)| *first == "sync") {
        command.arg(first).arg(build(&SYNC, &[]).await?).args(arguments);
        let status = command.status().await.with_context(|| driver.display().to_string())?;
        return if status.success() { Ok(()) } else { bail!("the benchmark failed ({status})") };
    }
    let is_without_functions = |argument: &OsString| {
        let name = argument.to_string_lossy();
        WITHOUT_FUNCTIONS.contains(&name.split('=').next().unwrap_or_default())
    };
    if !arguments.iter().any(is_without_functions) {
        eprintln!("Building the functions as they are deployed, which takes minutes …");
        let function = build(&FUNCTIONS, &[]).await?;
        let baseline = build(&BASELINE, &[]).await?;
        let folder = function.parent().unwrap_or(Path::new(""));
        command.arg("--functions").arg(folder).arg("--baseline").arg(baseline);
    }
    let status = command.args(arguments).status().await.with_context(|| driver.display().to_string())?;
    if status.success() { Ok(()) } else { bail!("the benchmark failed ({status})") }
}

/// A message of `cargo build --message-format json`.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

/// Builds packages without these environment variables. Returns the path of the first binary.
async fn build(arguments: &[&str], without: &[&str]) -> Result<PathBuf> {
    let mut cargo = cargo();
    for name in without {
        cargo.env_remove(name);
    }
    let output = cargo
        .args(["build", "--locked", "--message-format", "json-render-diagnostics"])
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .await?;
    if !output.status.success() {
        bail!("cargo build {} failed ({})", arguments.join(" "), output.status);
    }
    let mut lines = output.stdout.split(|byte| *byte == b'\n');
    let executable = lines.find_map(|line| serde_json::from_slice::<Message>(line).ok()?.executable);
    executable.with_context(|| format!("cargo build {} produces no binary", arguments.join(" ")))
}
