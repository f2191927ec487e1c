//! Cold starts: a function and a process that does the least, spawned in turns.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Bytes;

use crate::measure::{Binaries, count};
use crate::process::{Deployment, Function, TemporaryFile};
use crate::results::ColdStart;
use crate::scenario::Scenario;
use crate::stats::Times;

#[derive(Default)]
struct Series {
    next: Vec<Duration>,
    response: Vec<Duration>,
}

/// Starts the function of a scenario again and again.
pub(crate) async fn starts(
    scenario: &Scenario,
    binaries: &Binaries<'_>,
    deployment: &Deployment,
    spawns: usize,
) -> Result<ColdStart> {
    let binary = binaries.function(scenario.function())?;
    let counted = count(scenario, binary, deployment).await?.context("the response has no etag")?;
    let file = TemporaryFile::with(&serde_json::to_vec(&counted.waves)?)?;
    let baseline_arguments = [Path::new("cold"), file.path()];
    let (mut function, mut baseline) = (Series::default(), Series::default());
    for _ in 0..spawns {
        function.spawn(binary, deployment, &[], &counted.event).await?;
        baseline.spawn(binaries.baseline, deployment, &baseline_arguments, &counted.event).await?;
    }
    let times = |times: &[Duration]| Times::of(times).context("nothing was started");
    Ok(ColdStart {
        function: scenario.function().to_owned(),
        next: times(&function.next)?,
        response: times(&function.response)?,
        baseline_next: times(&baseline.next)?,
        baseline_response: times(&baseline.response)?,
    })
}

impl Series {
    async fn spawn(
        &mut self,
        binary: &Path,
        deployment: &Deployment,
        arguments: &[&Path],
        event: &Bytes,
    ) -> Result<()> {
        let mut function = Function::start(binary, deployment, arguments).await?;
        let posted = function.last_call(event).await?;
        self.next.push(function.first_requested - function.spawned);
        self.response.push(posted.ended - function.spawned);
        function.stop().await
    }
}
