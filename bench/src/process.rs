//! The processes that are measured, and what the kernel says of them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use agentscope_api::ResponseMode;
use agentscope_model::Release;
use agentscope_store::TableNames;
use agentscope_tests::runtime_api::{Event, Posted, PostedKind, ResponseLimit, RuntimeApi, deadline_in};
use anyhow::{Context, Result, bail};
use axum::body::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long a function may take to request an event, and to respond. It bounds a run that has gone
/// wrong.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The time that a function has for an event: about what API Gateway waits.
const DEADLINE: Duration = Duration::from_secs(30);

/// The clock ticks of `/proc`, a second: what Linux shows is counted in these, whatever the
/// kernel's own clock.
const TICKS: f64 = 100.0;

/// What Lambda gives every function and a client needs; without them in this environment, these.
const AWS: [(&str, &str); 3] =
    [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")];

/// What the functions are started with.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    /// The tables.
    pub(crate) names: TableNames,
    /// The endpoint of DynamoDB.
    pub(crate) store_url: String,
    /// The release whose responses the functions return.
    pub(crate) release: Release,
    /// How the functions return responses.
    pub(crate) response_mode: ResponseMode,
}

impl Deployment {
    /// A command with the environment that Lambda would give it, and nothing else.
    fn command(&self, binary: &Path, runtime_api: &str) -> Command {
        let mut command = Command::new(binary);
        command.env_clear().kill_on_drop(true);
        for (name, value) in AWS {
            command.env(name, std::env::var(name).unwrap_or_else(|_| value.to_owned()));
        }
        if let Ok(token) = std::env::var("AWS_SESSION_TOKEN") {
            command.env("AWS_SESSION_TOKEN", token);
        }
        command
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("SESSIONS_TABLE", &self.names.sessions)
            .env("AGENTS_TABLE", &self.names.agents)
            .env("TEAMS_TABLE", &self.names.teams)
            .env("SCHEDULES_TABLE", &self.names.schedules)
            .env("IDENTITY_SOURCE", "header")
            .env("AGENTSCOPE_RELEASE", self.release.as_str())
            .env("RESPONSE_MODE", self.response_mode.as_str())
            .env("AWS_ENDPOINT_URL_DYNAMODB", &self.store_url)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// The same with the responses of another release.
    pub(crate) fn of_release(&self, release: Release) -> Self {
        Self { release, ..self.clone() }
    }

    /// The same with responses that are returned in another way.
    pub(crate) fn in_mode(&self, response_mode: ResponseMode) -> Self {
        Self { response_mode, ..self.clone() }
    }

    /// The same by way of another endpoint.
    pub(crate) fn at(&self, store_url: &str) -> Self {
        Self { store_url: store_url.to_owned(), ..self.clone() }
    }
}

/// A function that runs behind a Runtime API of its own.
#[derive(Debug)]
pub(crate) struct Function {
    child: Child,
    api: RuntimeApi,
    /// Just before the process was started.
    pub(crate) spawned: Instant,
    /// When it requested its first event.
    pub(crate) first_requested: Instant,
}

impl Function {
    /// Starts a function and waits until it requests an event.
    pub(crate) async fn start(binary: &Path, deployment: &Deployment, arguments: &[&Path]) -> Result<Self> {
        let mut api = RuntimeApi::start(ResponseLimit::Unlimited).await?;
        let mut command = deployment.command(binary, &api.address);
        command.args(arguments);
        let spawned = Instant::now();
        let mut child = command.spawn().with_context(|| binary.display().to_string())?;
        let first_requested = tokio::select! {
            requested = requested(&mut api) => requested?,
            status = child.wait() => bail!("{} ended by itself ({})", binary.display(), status?),
        };
        Ok(Self { child, api, spawned, first_requested })
    }

    /// Sends an event, waits for the response, and for the function to be ready for the next.
    pub(crate) async fn call(&mut self, event: &Bytes) -> Result<Posted> {
        let posted = self.last_call(event).await?;
        requested(&mut self.api).await?;
        Ok(posted)
    }

    /// Sends an event and waits for the response. The function is not called again.
    pub(crate) async fn last_call(&mut self, event: &Bytes) -> Result<Posted> {
        let trace = Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned());
        let event = Event { payload: event.clone(), deadline: deadline_in(DEADLINE), trace, headers: Vec::new() };
        let posted = self.api.send(event);
        let posted = tokio::select! {
            posted = tokio::time::timeout(TIMEOUT, posted) => posted.context("the function does not respond")??,
            status = self.child.wait() => bail!("the function ended by itself ({})", status?),
        };
        if posted.kind == PostedKind::Error {
            bail!("the function posted an error: {}", String::from_utf8_lossy(&posted.body()));
        }
        Ok(posted)
    }

    pub(crate) fn usage(&self) -> Result<Usage> {
        Usage::of(&self.child)
    }

    /// The most memory that the process has had resident, in bytes.
    pub(crate) fn peak_memory(&self) -> Result<u64> {
        peak_memory(self.child.id().context("the function has ended")?)
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// Waits until the function requests an event.
async fn requested(api: &mut RuntimeApi) -> Result<Instant> {
    let requested = tokio::time::timeout(TIMEOUT, api.requested()).await;
    requested.context("the function requests no event")?.context("the Runtime API has ended")
}

/// A process that replays the requests of a call.
#[derive(Debug)]
pub(crate) struct Baseline {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Baseline {
    /// Starts it over the waves in a file.
    pub(crate) fn start(binary: &Path, deployment: &Deployment, waves: &Path) -> Result<Self> {
        let mut command = deployment.command(binary, "");
        command.args([Path::new("warm"), waves]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| binary.display().to_string())?;
        let input = child.stdin.take().context("the baseline has no input")?;
        let output = child.stdout.take().context("the baseline has no output")?;
        Ok(Self { child, input, output: BufReader::new(output).lines() })
    }

    /// Replays once, and returns the time that the process took for it.
    pub(crate) async fn replay(&mut self) -> Result<Duration> {
        self.input.write_all(b"\n").await?;
        let line = self.output.next_line().await?.context("the baseline ended by itself")?;
        Ok(Duration::from_nanos(line.parse()?))
    }

    pub(crate) fn usage(&self) -> Result<Usage> {
        Usage::of(&self.child)
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// The time that a process has spent on a processor, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usage {
    /// In the process.
    pub(crate) user: f64,
    /// In the kernel, for it.
    pub(crate) system: f64,
}

impl Usage {
    fn of(child: &Child) -> Result<Self> {
        let id = child.id().context("the process has ended")?;
        Self::parse(&std::fs::read_to_string(format!("/proc/{id}/stat"))?).context("/proc/…/stat cannot be read")
    }

    /// Fields 14 and 15. The name, field 2, is in brackets, for it may have blanks and brackets
    /// itself.
    fn parse(stat: &str) -> Option<Self> {
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace().skip(11);
        let mut seconds = || Some(fields.next()?.parse::<f64>().ok()? / TICKS);
        Some(Self { user: seconds()?, system: seconds()? })
    }
}

/// A file that is deleted when it is dropped.
#[derive(Debug)]
pub(crate) struct TemporaryFile(PathBuf);

impl TemporaryFile {
    pub(crate) fn with(content: &[u8]) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("agentscope-bench-{}.json", uuid::Uuid::now_v7().simple()));
        std::fs::write(&path, content).with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // Should it stay, the system clears its folder of temporary files.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The most memory that a process has had resident, in bytes.
pub(crate) fn peak_memory(id: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_found_behind_a_name_with_blanks() {
        let stat = "1234 (a (b) c) S 1 1 1 0 -1 4194304 8000 0 0 0 250 31 0 0 20 0 1 0 100 0 0";
        assert_eq!(Usage::parse(stat), Some(Usage { user: 2.5, system: 0.31 }));
        assert_eq!(Usage::parse("1234 (a"), None);
    }
}
