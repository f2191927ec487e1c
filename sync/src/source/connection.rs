//! Opens and checks the connection to Redis.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo, RedisResult, TlsCertificates, Value};

use super::Keys;
use super::clock::Clock;
use super::problem::explain;

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long Redis may take for a response. A state of hundreds of megabytes over a slow network
/// takes that long.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
/// The first wait before another attempt to connect, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// After how long a quiet connection sends TCP keepalives.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// How to connect to Redis.
#[derive(Debug, Clone)]
pub struct SourceOptions {
    /// The URL, with user and password if necessary. No message quotes it.
    pub url: String,
    /// The number of the database. It overrides the one in the URL.
    pub db: Option<i64>,
    /// Certificates to trust instead of the machine's.
    pub ca_file: Option<PathBuf>,
    /// The templates of the keys.
    pub keys: Keys,
}

/// The Redis of an AgentScope service. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    pub(super) client: Client,
    pub(super) connection: ConnectionManager,
    pub(super) db: i64,
    pub(super) clock: Arc<Clock>,
    keys: Keys,
}

impl Source {
    /// Connects.
    ///
    /// # Errors
    ///
    /// The URL is invalid, the server does not respond, the password is wrong, or the server is a
    /// node of a Redis Cluster with several shards.
    pub async fn connect(options: &SourceOptions) -> Result<Self> {
        let client = client(options)?;
        let info = client.get_connection_info();
        let db = info.redis_settings().db();
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_number_of_retries(2)
            .set_min_delay(FIRST_WAIT)
            .set_max_delay(LONGEST_WAIT);
        let address = info.addr().to_string();
        let connection = client.get_connection_manager_with_config(config).await;
        let connection =
            connection.map_err(|error| anyhow!("Redis at {address} cannot be reached: {}", explain(&error)))?;
        let source = Self { client, connection, db, clock: Arc::default(), keys: options.keys.clone() };
        source.check_server().await.with_context(|| format!("Redis at {address} cannot be copied"))?;
        // A server that is still loading its data does not report its time. The follower waits for
        // it.
        if let Err(error) = source.read_clock().await {
            tracing::warn!(cause = explain(&error), "the clock of Redis cannot be read yet");
        }
        Ok(source)
    }

    /// Refuses servers that have only a part of the keys: a reconciliation would delete the
    /// replicas of the others. Every user may run HELLO.
    async fn check_server(&self) -> Result<()> {
        let hello: RedisResult<Vec<Value>> = redis::cmd("HELLO").query_async(&mut self.connection.clone()).await;
        let Ok(hello) = hello else { return Ok(()) };
        let mode = hello.chunks_exact(2).find(|pair| text_of(&pair[0]).as_deref() == Some("mode"));
        match mode.and_then(|pair| text_of(&pair[1])).as_deref() {
            Some("sentinel") => bail!("it is a Sentinel; the URL has to name the server itself"),
            Some("cluster") => self.check_cluster().await,
            _ => Ok(()),
        }
    }

    /// Accepts a cluster with one shard: it has all keys, and its node reports all changes.
    async fn check_cluster(&self) -> Result<()> {
        let info = redis::cmd("CLUSTER").arg("INFO").query_async::<String>(&mut self.connection.clone()).await;
        let Ok(info) = info else {
            tracing::warn!(
                "Redis runs in cluster mode, and the number of its shards cannot be read; a cluster with more than one shard \
                 cannot be copied. Grant the Redis user +cluster|info"
            );
            return Ok(());
        };
        let value = |name: &str| info.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::to_owned);
        let (state, shards, slots) =
            (value("cluster_state:"), value("cluster_size:"), value("cluster_slots_assigned:"));
        // A node that is still joining counts the slots of the others before it counts their
        // shards.
        if state.as_deref() != Some("ok") {
            bail!(
                "it is a node of a Redis Cluster whose state is {}: it serves no keys until the cluster is complete",
                state.as_deref().unwrap_or("unknown")
            );
        }
        if shards.as_deref() == Some("1") && slots.as_deref() == Some("16384") {
            return Ok(());
        }
        bail!(
            "it is a node of a Redis Cluster with {} shards: each node has and reports only its own keys. \
             agentscope-sync needs one server with all keys, which may have replicas",
            shards.as_deref().unwrap_or("several")
        )
    }

    /// Reads a large string on a connection of its own. The buffers of a connection grow with the
    /// largest response, and are freed with the connection.
    ///
    /// # Errors
    ///
    /// Redis does not respond, or the value is not a string.
    pub async fn large_text(&self, key: &str) -> RedisResult<Option<Vec<u8>>> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        redis::cmd("GET").arg(key).query_async(&mut connection).await
    }

    /// Waits until Redis responds on the connection for commands as well. That connection detects
    /// that it is lost only when it is used.
    ///
    /// # Errors
    ///
    /// Redis does not respond to a few attempts.
    pub async fn ready(&self) -> redis::RedisResult<()> {
        let ping = async || redis::cmd("PING").query_async::<()>(&mut self.connection.clone()).await;
        for _ in 0..3 {
            if ping().await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(FIRST_WAIT).await;
        }
        ping().await
    }

    /// The templates of its keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The address and the database, without user and password.
    pub fn address(&self) -> String {
        format!("{}/{}", self.client.get_connection_info().addr(), self.db)
    }
}

fn text_of(value: &Value) -> Option<String> {
    redis::from_redis_value_ref(value).ok()
}

fn client(options: &SourceOptions) -> Result<Client> {
    let info = options.url.as_str().into_connection_info();
    // The error quotes nothing of the URL.
    let info = info.context("the address of Redis is invalid: expected redis://, rediss:// or redis+unix://")?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 3);
    let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
    let mut info: ConnectionInfo = info.set_tcp_settings(tcp);
    if let Some(db) = options.db {
        let settings = info.redis_settings().clone().set_db(db);
        info = info.set_redis_settings(settings);
    }
    let Some(file) = &options.ca_file else { return Ok(Client::open(info)?) };
    if !options.url.starts_with("rediss://") {
        bail!("--ca-file is for addresses that begin with rediss://");
    }
    let root_cert = std::fs::read(file).with_context(|| file.display().to_string())?;
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(root_cert) };
    Client::build_with_tls(info, certificates).with_context(|| file.display().to_string())
}
