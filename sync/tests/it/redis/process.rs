//! Runs the process under test between a Redis and a DynamoDB.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use agentscope_store::keys;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::proxy;
use agentscope_tests::records::World;
use agentscope_tests::redis::TestRedis;
use aws_sdk_dynamodb::types::AttributeValue;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

/// How long a step may take before the test fails.
const TIMEOUT: Duration = Duration::from_secs(120);

/// An item with ordered attributes.
pub(crate) type Item = BTreeMap<String, AttributeValue>;

/// Both ends of the process.
pub(crate) struct Ends {
    pub(crate) redis: TestRedis,
    pub(crate) database: TestDynamoDb,
    /// The endpoint that the process uses, if it is not the database itself.
    pub(crate) url: Option<String>,
    /// A shell command that runs before the process, such as `ulimit -d 524288`.
    pub(crate) setup: Option<String>,
}

/// An address that the process can bind.
pub(crate) fn free_address() -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("127.0.0.1:{port}")
}

/// The response of `/healthz`.
pub(crate) async fn health(address: &str) -> Option<serde_json::Value> {
    let response = reqwest::get(format!("http://{address}/healthz")).await.ok()?;
    serde_json::from_str(&response.text().await.ok()?).ok()
}

/// A running process.
pub(crate) struct Follower {
    child: Child,
}

impl Ends {
    /// Redis with these records, and empty tables.
    pub(crate) async fn with(world: &World) -> Self {
        let ends = Self { redis: TestRedis::start(), database: TestDynamoDb::start().await, url: None, setup: None };
        ends.redis.put(world);
        ends
    }

    /// Throttles the requests of the process with these numbers.
    pub(crate) async fn throttle(&mut self, is_throttled: impl Fn(usize) -> bool + Send + Sync + 'static) {
        let count = AtomicUsize::new(0);
        let url = proxy::intercept(&self.database.url, move |call, upstream| {
            let is_throttled = is_throttled(count.fetch_add(1, Ordering::Relaxed));
            async move {
                if is_throttled {
                    return proxy::error(400, "ProvisionedThroughputExceededException");
                }
                upstream.send(&call).await
            }
        });
        self.url = Some(url.await);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let names = self.database.store.names();
        let mut command = match &self.setup {
            None => bare(arguments),
            Some(setup) => {
                let shell = format!("{setup}; exec \"$0\" \"$@\"");
                let mut words = vec!["-c", &shell, env!("CARGO_BIN_EXE_agentscope-sync")];
                words.extend(arguments);
                command("/bin/sh", &words)
            }
        };
        command.env("REDIS_URL", &self.redis.url);
        command.arg("--endpoint-url").arg(self.url.as_ref().unwrap_or(&self.database.url));
        for (option, name) in [
            ("--sessions-table", &names.sessions),
            ("--agents-table", &names.agents),
            ("--teams-table", &names.teams),
            ("--schedules-table", &names.schedules),
        ] {
            command.arg(option).arg(name);
        }
        command
    }

    /// Runs a command. Returns its exit status, its output and its log.
    pub(crate) async fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        output(self.command(arguments)).await
    }

    /// Runs a command without Redis and DynamoDB, as [`run`](Self::run) does.
    pub(crate) async fn run_alone(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        output(bare(arguments)).await
    }

    /// Runs `redis --once`, which must succeed, and returns the summary.
    pub(crate) async fn once(&self) -> String {
        let (code, summary, log) = self.run(&["redis", "--once"]).await;
        assert_eq!(code, Some(0), "{log}");
        summary
    }

    /// Starts `redis`.
    pub(crate) fn follow(&self, arguments: &[&str]) -> Follower {
        Follower { child: self.command(&[&["redis"], arguments].concat()).spawn().unwrap() }
    }

    /// Waits until `verify` finds no difference.
    pub(crate) async fn settle(&self) {
        let begun = Instant::now();
        loop {
            let (code, differences, log) = self.run(&["verify"]).await;
            if code == Some(0) {
                return;
            }
            assert!(begun.elapsed() < TIMEOUT, "{differences}{log}");
        }
    }

    /// Waits until the condition is true.
    pub(crate) async fn until<F: Future<Output = bool>>(&self, what: &str, condition: impl Fn() -> F) {
        let begun = Instant::now();
        while !condition().await {
            assert!(begun.elapsed() < TIMEOUT, "not so: {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// All items except change marks, table by table.
    pub(crate) async fn items(&self) -> Vec<Item> {
        let mut all = Vec::new();
        for table in self.database.store.names().definitions() {
            let mut start = None;
            loop {
                let page = self.database.client.scan().table_name(&table.name).set_exclusive_start_key(start);
                let page = page.send().await.unwrap();
                all.extend(page.items.unwrap_or_default().into_iter().map(|item| item.into_iter().collect::<Item>()));
                start = page.last_evaluated_key;
                if start.is_none() {
                    break;
                }
            }
        }
        all.retain(|item| !item.get("item").is_some_and(|key| key.as_s().unwrap().starts_with(keys::CHANGE_PREFIX)));
        all
    }
}

fn bare(arguments: &[&str]) -> Command {
    command(env!("CARGO_BIN_EXE_agentscope-sync"), arguments)
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn output(mut command: Command) -> (Option<i32>, String, String) {
    let output = tokio::time::timeout(TIMEOUT * 2, command.output());
    let Output { status, stdout, stderr } = output.await.unwrap().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

impl Follower {
    /// The peak resident memory in MB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    /// Whether the process runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().await.unwrap().success());
    }

    /// Waits until the process ends. Returns its exit status and its log.
    pub(crate) async fn end(mut self) -> (Option<i32>, String) {
        let status = tokio::time::timeout(TIMEOUT, self.child.wait()).await.unwrap().unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
        (status.code(), log)
    }

    /// Stops the process, which must succeed, and returns its log.
    pub(crate) async fn stop(self) -> String {
        self.signal("TERM").await;
        let (code, log) = self.end().await;
        assert_eq!(code, Some(0), "{log}");
        log
    }
}
