//! The process under test, between its Redis and its DynamoDB.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::proxy;
use agentscope_tests::records::World;
use agentscope_tests::redis::TestRedis;
use aws_sdk_dynamodb::types::AttributeValue;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

/// How long anything may take. It bounds a test that has gone wrong; nothing is measured.
const TIMEOUT: Duration = Duration::from_secs(30);

/// An item, so that it can be compared.
pub(crate) type Item = BTreeMap<String, AttributeValue>;

/// Both ends of the process.
pub(crate) struct Ends {
    pub(crate) redis: TestRedis,
    pub(crate) database: TestDynamoDb,
    /// Where the process finds DynamoDB, if it is another place than the database.
    pub(crate) url: Option<String>,
    /// What a shell does before it becomes the process, as `ulimit -d 524288`.
    pub(crate) setup: Option<String>,
}

/// An address where the process can listen.
pub(crate) fn free_address() -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("127.0.0.1:{port}")
}

/// What `/healthz` says.
pub(crate) async fn health(address: &str) -> Option<serde_json::Value> {
    let response = reqwest::get(format!("http://{address}/healthz")).await.ok()?;
    serde_json::from_str(&response.text().await.ok()?).ok()
}

/// A process that follows.
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

    /// Lets DynamoDB turn requests away from the process, those whose numbers are named.
    pub(crate) async fn throttle(&mut self, is_turned_away: impl Fn(usize) -> bool + Send + Sync + 'static) {
        let count = AtomicUsize::new(0);
        let url = proxy::intercept(&self.database.url, move |call, upstream| {
            let is_turned_away = is_turned_away(count.fetch_add(1, Ordering::Relaxed));
            async move {
                if is_turned_away {
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

    /// Runs a command to its end: its status, what it printed, and what it logged.
    pub(crate) async fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        output(self.command(arguments)).await
    }

    /// The same, of a command that knows neither end.
    pub(crate) async fn run_alone(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        output(bare(arguments)).await
    }

    /// Compares everything once, which has to succeed, and returns the summary.
    pub(crate) async fn once(&self) -> String {
        let (code, summary, log) = self.run(&["redis", "--once"]).await;
        assert_eq!(code, Some(0), "{log}");
        summary
    }

    /// Starts a process that follows.
    pub(crate) fn follow(&self, arguments: &[&str]) -> Follower {
        Follower { child: self.command(&[&["redis"], arguments].concat()).spawn().unwrap() }
    }

    /// Waits until both ends hold the same.
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

    /// Waits until this is so.
    pub(crate) async fn until<F: Future<Output = bool>>(&self, what: &str, condition: impl Fn() -> F) {
        let begun = Instant::now();
        while !condition().await {
            assert!(begun.elapsed() < TIMEOUT, "not so: {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything that the tables hold, by table; without what is new with every write.
    pub(crate) async fn items(&self) -> Vec<Item> {
        let mut all = Vec::new();
        for table in self.database.store.names().definitions() {
            let mut start = None;
            loop {
                let page = self.database.client.scan().table_name(&table.name).set_exclusive_start_key(start);
                let page = page.send().await.unwrap();
                all.extend(page.items.unwrap_or_default().into_iter().map(|item| item.into_iter().collect()));
                start = page.last_evaluated_key;
                if start.is_none() {
                    break;
                }
            }
        }
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
    /// The most memory that it has had resident, in MB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    /// Whether it runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().await.unwrap().success());
    }

    /// Waits for its end: its status, and what it logged.
    pub(crate) async fn end(mut self) -> (Option<i32>, String) {
        let status = tokio::time::timeout(TIMEOUT, self.child.wait()).await.unwrap().unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
        (status.code(), log)
    }

    /// Ends it as it should be ended, which has to succeed.
    pub(crate) async fn stop(self) -> String {
        self.signal("TERM").await;
        let (code, log) = self.end().await;
        assert_eq!(code, Some(0), "{log}");
        log
    }
}
