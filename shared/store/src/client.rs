//! The configuration of the DynamoDB client.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};

use crate::proxy::{self, is_loopback};
use crate::trace::CarryTrace;
use crate::usage::Count;

/// The variable that replaces the endpoint of AWS.
const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";
/// The variables that name the region. Lambda sets the first one.
const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
/// The variable that is part of all credentials in the environment.
const ACCESS_KEY: &str = "AWS_ACCESS_KEY_ID";
/// The region for a DynamoDB on this machine.
const LOCAL_REGION: Region = Region::from_static("us-east-1");

/// The timeouts and the retries of a DynamoDB client.
///
/// An operation has no timeout of its own: its attempts bound it, and the budget of a function
/// bounds all of its operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// For the TCP connection and the TLS handshake.
    pub connect: Duration,
    /// For the first byte of a response, the connection included.
    pub first_byte: Duration,
    /// For one attempt, until the end of the response.
    pub attempt: Duration,
    /// The maximum number of attempts of a request.
    pub attempts: u32,
    /// The maximum idle time of a connection that is used again.
    pub idle: Duration,
}

impl ClientTimeouts {
    /// Of a Lambda function.
    ///
    /// DynamoDB begins to respond within milliseconds. Two seconds without a byte mean that the
    /// connection is dead, that the request is lost, or that a small Lambda opens dozens of
    /// connections at once. They leave time for another attempt within Lambda's default timeout of
    /// three seconds. A whole response may have 16 MB, which a small Lambda receives in seconds.
    ///
    /// Lambda freezes a function between invocations. Meanwhile the peer or a network device may
    /// drop a connection, which shows only when the connection is used. A large list leaves dozens
    /// of connections open. If all are dead, each attempt of the next request uses a dead one.
    pub const FUNCTION: Self = Self {
        connect: Duration::from_secs(1),
        first_byte: Duration::from_secs(2),
        attempt: Duration::from_secs(6),
        attempts: 4,
        idle: Duration::from_secs(20),
    };

    /// Of the process that keeps replicas: no user waits for it, but later changes do. Requests
    /// with parts of a state have 2 MB.
    pub const FOLLOWER: Self = Self {
        connect: Duration::from_secs(2),
        first_byte: Duration::from_secs(5),
        attempt: Duration::from_secs(20),
        attempts: 4,
        idle: Duration::from_secs(20),
    };

    /// Of the import of an export: it sends megabytes, maybe over a slow network, and no user
    /// waits for it.
    pub const LOADER: Self = Self {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(30),
        attempt: Duration::from_secs(30),
        attempts: 6,
        idle: Duration::from_secs(20),
    };
}

/// The upper bound of the delay before the first retry. It doubles with each retry, and a delay is
/// a random share of it.
const INITIAL_BACKOFF: Duration = Duration::from_millis(100);
/// The upper bound of all delays.
const MAX_BACKOFF: Duration = Duration::from_millis(1000);

/// Retry tokens a second. A retry takes 5 to 10 of 500 tokens. Without a refill, a client that has
/// used up its tokens regains one with each success only.
const RETRY_TOKENS: f32 = 10.0;

/// A client with the standard configuration of AWS tools: environment, profile or role. Sends no
/// request to DynamoDB. `endpoint_url` replaces the configured endpoint.
///
/// An endpoint on this machine needs no credentials and no region: the client uses placeholders
/// for those that the environment lacks.
pub async fn connect(endpoint_url: Option<&str>, timeouts: ClientTimeouts) -> Client {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client(timeouts));
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let endpoint = endpoint_url.map(str::to_owned).or_else(|| variable(ENDPOINT));
    if endpoint.as_deref().is_some_and(is_loopback) {
        if variable(ACCESS_KEY).is_none() {
            loader = loader.credentials_provider(placeholder_credentials());
        }
        if REGIONS.into_iter().find_map(variable).is_none() {
            loader = loader.region(LOCAL_REGION);
        }
    }
    client(&loader.load().await, timeouts)
}

/// A client for a function, configured by the environment variables that Lambda sets. Sends no
/// request.
///
/// Lambda passes credentials in the environment. The code that reads them from profiles, token
/// services and metadata services would make a function a fifth larger and slower to start.
pub fn connect_from_environment(timeouts: ClientTimeouts) -> Client {
    let endpoint = variable(ENDPOINT).or_else(|| variable("AWS_ENDPOINT_URL"));
    let is_local = endpoint.as_deref().is_some_and(is_loopback);
    let region = REGIONS.into_iter().find_map(variable).map(Region::new);
    let is_true = |name| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let credentials = if is_local && variable(ACCESS_KEY).is_none() {
        SharedCredentialsProvider::new(placeholder_credentials())
    } else {
        SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())
    };
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.or_else(|| is_local.then_some(LOCAL_REGION)))
        .credentials_provider(credentials)
        .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
    config.set_endpoint_url(endpoint);
    client(&config.build(), timeouts)
}

fn client(config: &SdkConfig, timeouts: ClientTimeouts) -> Client {
    let timeout_config = TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.first_byte)
        .operation_attempt_timeout(timeouts.attempt)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(timeouts.attempts)
        .with_initial_backoff(INITIAL_BACKOFF)
        .with_max_backoff(MAX_BACKOFF);
    // The tokens of the default partition are shared by the process and are not refilled with
    // time.
    let tokens = TokenBucket::builder().refill_rate(RETRY_TOKENS).build();
    let partition = RetryPartition::custom("agentscope").token_bucket(tokens).build();
    let config = aws_sdk_dynamodb::config::Builder::from(config)
        .timeout_config(timeout_config)
        .retry_config(retries)
        .retry_partition(partition)
        .http_client(http_client(timeouts))
        .interceptor(Count)
        .interceptor(CarryTrace);
    Client::from_conf(config.build())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn placeholder_credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "local endpoint")
}

/// An HTTPS client with a connection pool. It reads the root certificates now and not with the
/// first request: Lambda gives a function more CPU at start-up than afterwards.
pub fn http_client(timeouts: ClientTimeouts) -> SharedHttpClient {
    let settings = HttpConnectorSettings::builder().connect_timeout(timeouts.connect).read_timeout(timeouts.first_byte);
    let settings = settings.build();
    proxy::client(|proxies| {
        let connector = Connector::builder()
            .connector_settings(settings.clone())
            .proxy_config(proxies)
            .pool_idle_timeout(timeouts.idle)
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build();
        SharedHttpConnector::new(connector)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_has_the_timeouts_and_retries_that_it_is_given() {
        for timeouts in [ClientTimeouts::FUNCTION, ClientTimeouts::FOLLOWER, ClientTimeouts::LOADER] {
            for client in [connect(Some("http://127.0.0.1:1"), timeouts).await, connect_from_environment(timeouts)] {
                let retries = client.config().retry_config().unwrap();
                assert_eq!(retries.max_attempts(), timeouts.attempts);
                assert_eq!((retries.initial_backoff(), retries.max_backoff()), (INITIAL_BACKOFF, MAX_BACKOFF));
                // A delay is a random share of its upper bound.
                assert!(!retries.use_static_exponential_base());
                let configured = client.config().timeout_config().unwrap();
                assert_eq!(configured.connect_timeout(), Some(timeouts.connect));
                assert_eq!(configured.read_timeout(), Some(timeouts.first_byte));
                assert_eq!(configured.operation_attempt_timeout(), Some(timeouts.attempt));
            }
        }
    }
}
