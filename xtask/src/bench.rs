//! `cargo xtask bench`: builds what is measured and what measures it, and starts it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;
use tokio::process::Command;

use crate::{cargo, proxy};

/// The functions as they are deployed: nothing else is built with them, which could add features to their libraries.
const FUNCTIONS: [&str; 5] = ["--release", "-p", "list-sessions", "-p", "list-schedule-sessions"];
const BASELINE: [&str; 3] = ["--release", "-p", "agentscope-bench-baseline"];
const DRIVER: [&str; 4] = ["--profile", "driver", "-p", "agentscope-bench"];
/// Where nothing is measured, the driver need not be fast; it is built as the tests are.
const QUICK_DRIVER: [&str; 2] = ["-p", "agentscope-bench"];

/// What the functions may be built for, and the driver is not, which runs here and shares what the tests have built.
const TARGET: [&str; 2] = ["CARGO_BUILD_TARGET", "CARGO_BUILD_RUSTFLAGS"];

/// ListRequest for one of these, the driver measures nothing.
const WITHOUT_FUNCTIONS: [&str; 3] = ["--help", "-h", "--plot-from"];

#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Bench {
    /// What the driver takes; `--help` lists it.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// The process that keeps the tables in step, as it is deployed.
const SYNC: [&str; 3] = ["--release", "-p", "agentscope-sync"];

pub(crate) async fn run(Bench { arguments }: Bench) -> Result<()> {
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let driver = build(if is_quick { &QUICK_DRIVER } else { &DRIVER }, &TARGET).await?;
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

/// A line that cargo prints of what it does.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

/// Builds packages without these variables and returns one of their binaries.
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
    executable.with_context(|| format!("cargo build {} makes no binary", arguments.join(" ")))
}
