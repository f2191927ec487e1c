//! `verify`: compares the tables with Redis.

use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::connect::connect;
use super::{Outcome, progress};
use crate::memory::MemoryOptions;
use crate::options::{Redis, Tables};
use crate::verify::verify;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    redis: Redis,
    #[command(flatten)]
    memory: MemoryOptions,
    #[command(flatten)]
    tables: Tables,
}

pub(super) async fn run(options: Options) -> Result<Outcome> {
    let context = connect(options.redis, options.tables, options.memory, Duration::ZERO).await?;
    let progress = progress::spinner();
    let verdict = verify(&context, &progress, |finding| progress.suspend(|| println!("{finding}"))).await?;
    progress.finish_and_clear();
    println!("{verdict}");
    Ok(match context.observer().later_release() {
        Some(later) => Outcome::LaterRelease(later),
        None if verdict.differences.is_empty() => Outcome::Clean,
        None => Outcome::DifferencesFound,
    })
}
