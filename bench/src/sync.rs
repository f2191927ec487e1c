//! How `agentscope-sync redis` keeps up: a first load, a restart over the same, and changes that
//! are followed. `cargo xtask bench sync`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::proxy::DynamoDbProxy;
use agentscope_tests::records::{World, agent, session, with};
use agentscope_tests::redis::{TestRedis, key, lock};
use anyhow::{Result, bail, ensure};
use clap::Args;
use serde_json::Value;

use crate::large;
use crate::process::peak_memory;
use crate::text::TextGenerator;

/// Of a hundred sessions, how many have a conversation of how many bytes: most are short, few are
/// very long.
const SIZES: [(usize, usize); 4] = [(70, 4_000), (20, 40_000), (9, 200_000), (1, 1_500_000)];
/// Sessions of one user.
const PER_USER: usize = 100;
/// Of a hundred changes, how many are locks taken or dropped. The others are chat turns: they
/// write the whole session.
const LOCKS: usize = 20;

/// What is measured.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The binary.
    binary: PathBuf,
    /// How many sessions there are.
    #[arg(long, default_value_t = 10_000)]
    sessions: usize,
    /// How many changes are followed.
    #[arg(long, default_value_t = 1_000)]
    changes: usize,
    /// How many of them a second.
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// In MB, the sizes of sessions that are copied alone. With 0 sessions only these are
    /// measured.
    #[arg(long, value_delimiter = ',', default_values_t = [10, 40, 80])]
    large: Vec<usize>,
}

/// The process between its ends.
pub(crate) struct Sync<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) redis: &'a TestRedis,
    pub(crate) database: &'a TestDynamoDb,
}

/// Prints a table of what was measured.
pub(crate) async fn run(options: Options) -> Result<()> {
    if options.sessions > 0 {
        follow(&options).await?;
    }
    large::run(&options.binary, &options.large).await
}

async fn follow(options: &Options) -> Result<()> {
    let redis = TestRedis::start();
    let mut sessions = Vec::with_capacity(options.sessions);
    let mut bytes = 0;
    for chunk in (0..options.sessions).collect::<Vec<_>>().chunks(PER_USER) {
        let user = format!("user-{}", chunk[0] / PER_USER);
        let mut world = World { agents: vec![agent(&user, "assistant")], ..World::default() };
        world.sessions = chunk.iter().map(|number| conversation(&user, *number)).collect();
        bytes += world.sessions.iter().map(|session| session.to_string().len()).sum::<usize>();
        redis.put(&world);
        sessions.extend(chunk.iter().map(|number| (user.clone(), *number)));
    }
    let database = TestDynamoDb::start().await;
    let sync = Sync { binary: &options.binary, redis: &redis, database: &database };
    println!("{} sessions, {} MB of JSON\n", sessions.len(), bytes / 1_000_000);
    println!("| | time | requests to DynamoDB | peak memory |\n|---|---|---|---|");

    let (time, memory, summary) = sync.once(&database.url, &[])?;
    println!("| first load | {} | | {} MB |", seconds(time), memory >> 20);
    eprintln!("{summary}");
    let proxy = DynamoDbProxy::recording(&database.url).await;
    let (time, memory, summary) = sync.once(&proxy.url, &[])?;
    eprintln!("{summary}");
    let mut operations = BTreeMap::new();
    for call in proxy.calls() {
        *operations.entry(call.operation).or_insert(0) += 1;
    }
    println!("| restart, nothing changed | {} | {} | {} MB |", seconds(time), counted(&operations), memory >> 20);
    ensure!(operations.keys().all(|name| ["BatchGetItem", "Query", "Scan"].contains(&name.as_str())), "it has written");
    sync.follow(options, &sessions).await
}

fn conversation(user: &str, number: usize) -> Value {
    let mut place = number % 100;
    let mut size = 0;
    for (share, bytes) in SIZES {
        size = bytes;
        if place < share {
            break;
        }
        place -= share;
    }
    let mut generator = TextGenerator::new(number as u64);
    let session = session(user, "assistant", &format!("session-{number}"), "2026-01-01T00:00:00");
    with(session, "/state/context", generator.conversation("assistant", size))
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn counted(operations: &BTreeMap<String, usize>) -> String {
    operations.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

impl Sync<'_> {
    fn command(&self, arguments: &[&str], url: &str) -> Command {
        let names = self.database.store.names();
        let mut command = Command::new(self.binary);
        command.args(arguments).env_clear().env("REDIS_URL", &self.redis.url).args(["--endpoint-url", url]);
        command.args(["--sessions-table", &names.sessions, "--agents-table", &names.agents]);
        command.args(["--teams-table", &names.teams, "--schedules-table", &names.schedules]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    /// Compares everything once: how long that takes, the most memory that it takes, and what the
    /// process says.
    pub(crate) fn once(&self, url: &str, arguments: &[&str]) -> Result<(Duration, u64, String)> {
        let begun = Instant::now();
        let mut child = self.command(&[&["redis", "--once"], arguments].concat(), url).spawn()?;
        let mut memory = 0;
        while child.try_wait()?.is_none() {
            memory = memory.max(peak_memory(child.id()).unwrap_or(0));
            std::thread::sleep(Duration::from_millis(20));
        }
        let time = begun.elapsed();
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "agentscope-sync failed ({})", output.status);
        Ok((time, memory, String::from_utf8_lossy(&output.stdout).trim().to_owned()))
    }

    async fn follow(&self, options: &Options, sessions: &[(String, usize)]) -> Result<()> {
        let address = format!("127.0.0.1:{}", std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
        let arguments = ["redis", "--configure", "--listen", &address];
        let mut child = self.command(&arguments, &self.database.url).stdout(Stdio::null()).spawn()?;
        let health = async || -> Result<Value> {
            let response = reqwest::get(format!("http://{address}/healthz")).await?.error_for_status()?;
            Ok(serde_json::from_str(&response.text().await?)?)
        };
        while health().await.is_err() {
            ensure!(child.try_wait()?.is_none(), "agentscope-sync has ended");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let mut connection = self.redis.connection();
        let mut random = fastrand::Rng::with_seed(7);
        let begun = Instant::now();
        for number in 0..options.changes {
            let (user, chosen) = &sessions[random.usize(0..sessions.len())];
            let id = format!("session-{chosen}");
            let command = if random.usize(0..100) >= LOCKS {
                let changed = with(conversation(user, *chosen), "/config/name", format!("change {number}"));
                redis::cmd("SET").arg(key("session", &changed)).arg(changed.to_string()).to_owned()
            } else if random.bool() {
                redis::cmd("SET").arg(lock(&id)).arg("token").arg("EX").arg(600).to_owned()
            } else {
                redis::cmd("DEL").arg(lock(&id)).to_owned()
            };
            command.query::<()>(&mut connection)?;
            let next = begun + Duration::from_secs(1) * (u32::try_from(number)? + 1) / options.rate;
            tokio::time::sleep(next.saturating_duration_since(Instant::now())).await;
        }
        let took = begun.elapsed();
        // The process has caught up when both ends are equal.
        let verdict = self.command(&["verify"], &self.database.url).output()?;
        let lag = &health().await?["lag_ms"];
        let memory = peak_memory(child.id())?;
        child.kill()?;
        child.wait()?;
        if !verdict.status.success() {
            bail!("{}", String::from_utf8_lossy(&verdict.stdout));
        }
        eprintln!("{}", String::from_utf8_lossy(&verdict.stdout).trim());
        println!("| {} changes followed | {} | | {} MB |", options.changes, seconds(took), memory >> 20);
        println!(
            "\nFrom notification to item, of {} changes: half within {} ms, 99 of 100 within {} ms, all within {} ms.",
            lag["changes"], lag["p50"], lag["p99"], lag["max"]
        );
        Ok(())
    }
}
