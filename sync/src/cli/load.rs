//! `load`: loads exports into the tables.

use std::path::PathBuf;
use std::time::Duration;

use agentscope_store::ClientTimeouts;
use anyhow::{Context, Result};
use clap::Args;

use super::{Outcome, progress};
use crate::export::{self, Export};
use crate::load::{self, Report};
use crate::options::Tables;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Exports: JSON, plain or gzipped; `-` is standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only check the records: send no request to DynamoDB.
    #[arg(long)]
    check: bool,
    /// How long the sessions count as running that an export lists as running.
    #[arg(long, default_value_t = 600, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    lease_seconds: u64,
    #[command(flatten)]
    tables: Tables,
}

pub(super) async fn run(options: Options) -> Result<Outcome> {
    let Options { files, check, lease_seconds, tables } = options;
    let release = tables.release();
    let store = if check { None } else { Some(tables.store(ClientTimeouts::LOADER).await) };
    let mut is_valid = true;
    let mut later = None;
    for file in files {
        let name = file.display().to_string();
        let text = export::read(&file).with_context(|| name.clone())?;
        let export = Export::parse(&text).with_context(|| name.clone())?;
        let report = match &store {
            None => load::check(&export, release),
            Some(store) => {
                let progress = progress::bar(export.len());
                let report = load::load(store, &export, Duration::from_secs(lease_seconds), &progress).await;
                progress.finish_and_clear();
                report.with_context(|| name.clone())?
            }
        };
        is_valid &= report.problems.is_empty();
        later = later.max(report.later.map(|(_, release)| release));
        print(&name, if check { "valid" } else { "loaded" }, &report);
    }
    Ok(match later {
        Some(later) => Outcome::LaterRelease(later),
        None if is_valid => Outcome::Clean,
        None => Outcome::DifferencesFound,
    })
}

fn print(file: &str, what: &str, report: &Report) {
    for line in report.remarks.iter().chain(&report.problems) {
        eprintln!("{file}: {line}");
    }
    println!("{file}: {what}: {report}");
}
