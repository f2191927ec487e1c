//! The DynamoDB client.

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

/// The variable that names another endpoint than Amazon's.
const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";
/// The variables that name the region. The first is the one that Lambda sets.
const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
/// The variable that every kind of credentials in the environment has.
const ACCESS_KEY: &str = "AWS_ACCESS_KEY_ID";
/// The region of a DynamoDB on this machine.
const MADE_UP_REGION: Region = Region::from_static("us-east-1");

/// How long a program waits for DynamoDB.
///
/// No operation has a time-out of its own: the attempts bound it, and a function's budget bounds all of its operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// For a connection, TCP and TLS.
    pub connect: Duration,
    /// For the first byte of an response, the connection included.
    pub first_byte: Duration,
    /// For a whole response.
    pub attempt: Duration,
    /// How often a request is sent before it counts as unanswered.
    pub attempts: u32,
    /// How long a connection may have been idle and be used again.
    pub idle: Duration,
}

impl ClientTimeouts {
    /// A function's.
    ///
    /// DynamoDB begins to response within milliseconds. Two seconds without a byte mean that the connection is dead or the
    /// request is lost, or else that a small Lambda is opening dozens of connections at once; and they leave time for
    /// another attempt even where the function's time-out is Lambda's default of three seconds. A whole response may have
    /// 16 MB, which take a small Lambda seconds to receive and read.
    ///
    /// A function sleeps between requests, and what is sent to a sleeper may be lost: the other end has closed a connection,
    /// or something on the way has forgotten it, and nothing shows until it is used. A large list leaves dozens of
    /// connections behind; if all of them are dead, every attempt of the next request finds another dead one.
    pub const FUNCTION: Self = Self {
        connect: Duration::from_secs(1),
        first_byte: Duration::from_secs(2),
        attempt: Duration::from_secs(6),
        attempts: 4,
        idle: Duration::from_secs(20),
    };

    /// Of a process that keeps copies: nobody waits at a screen, but a change does that comes after. Parts of a state are 2 MB a
    /// request.
    pub const FOLLOWER: Self = Self {
        connect: Duration::from_secs(2),
        first_byte: Duration::from_secs(5),
        attempt: Duration::from_secs(20),
        attempts: 4,
        idle: Duration::from_secs(20),
    };

    /// A loader's: it sends megabytes, maybe over a slow line, and nobody waits at a screen.
    pub const LOADER: Self = Self {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(30),
        attempt: Duration::from_secs(30),
        attempts: 6,
        idle: Duration::from_secs(20),
    };
}

/// The longest that the first wait before another attempt may be, and any wait. Each may be twice as long as the one before
/// it, and is a random share of that.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_millis(1000);

/// Tokens a second for the client's retries. A retry takes 5 to 10 of 500; without these, a client that has used them up
/// in a bad minute would get them back by its successes alone, one each.
const RETRY_TOKENS: f32 = 10.0;

/// A client configured as every AWS tool is, by environment, profile or role, and by `endpoint_url` if it is given. Sends
/// nothing.
///
/// An endpoint on this machine needs neither credentials nor a region: if the environment has none, it gets made-up ones.
pub async fn connect(endpoint_url: Option<&str>, patience: ClientTimeouts) -> Client {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client(patience));
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let endpoint = endpoint_url.map(str::to_owned).or_else(|| variable(ENDPOINT));
    if endpoint.as_deref().is_some_and(is_loopback) {
        if variable(ACCESS_KEY).is_none() {
            loader = loader.credentials_provider(made_up());
        }
        if REGIONS.into_iter().find_map(variable).is_none() {
            loader = loader.region(MADE_UP_REGION);
        }
    }
    client(&loader.load().await, patience)
}

/// A function's client: configured by the environment variables that Lambda sets, and nothing else. Sends nothing.
///
/// Lambda hands credentials over by environment. To look for them in profiles, at token services and at metadata services as
/// well takes programs that make a function a fifth larger and slower to start.
pub fn connect_from_environment(patience: ClientTimeouts) -> Client {
    let endpoint = variable(ENDPOINT).or_else(|| variable("AWS_ENDPOINT_URL"));
    let is_local = endpoint.as_deref().is_some_and(is_loopback);
    let region = REGIONS.into_iter().find_map(variable).map(Region::new);
    let is_true = |name| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let credentials = if is_local && variable(ACCESS_KEY).is_none() {
        SharedCredentialsProvider::new(made_up())
    } else {
        SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())
    };
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.or_else(|| is_local.then_some(MADE_UP_REGION)))
        .credentials_provider(credentials)
        .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
    config.set_endpoint_url(endpoint);
    client(&config.build(), patience)
}

fn client(config: &SdkConfig, patience: ClientTimeouts) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(patience.connect)
        .read_timeout(patience.first_byte)
        .operation_attempt_timeout(patience.attempt)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(patience.attempts)
        .with_initial_backoff(FIRST_WAIT)
        .with_max_backoff(LONGEST_WAIT);
    // The default partition is the process's, and its tokens do not come back with time.
    let tokens = TokenBucket::builder().refill_rate(RETRY_TOKENS).build();
    let partition = RetryPartition::custom("agentscope").token_bucket(tokens).build();
    let config = aws_sdk_dynamodb::config::Builder::from(config)
        .timeout_config(timeouts)
        .retry_config(retries)
        .retry_partition(partition)
        .http_client(http_client(patience))
        .interceptor(Count)
        .interceptor(CarryTrace);
    Client::from_conf(config.build())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn made_up() -> Credentials {
    Credentials::new("local", "local", None, None, "local endpoint")
}

/// An HTTPS client that keeps connections for a time. The machine's certificates are read
/// now and not with the first request: Lambda starts a function on a faster processor than it runs it.
pub fn http_client(patience: ClientTimeouts) -> SharedHttpClient {
    let settings = HttpConnectorSettings::builder().connect_timeout(patience.connect).read_timeout(patience.first_byte);
    let settings = settings.build();
    proxy::client(|proxies| {
        let connector = Connector::builder()
            .connector_settings(settings.clone())
            .proxy_config(proxies)
            .pool_idle_timeout(patience.idle)
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build();
        SharedHttpConnector::new(connector)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_is_as_patient_as_it_is_told() {
        for patience in [ClientTimeouts::FUNCTION, ClientTimeouts::FOLLOWER, ClientTimeouts::LOADER] {
            for client in [connect(Some("http://127.0.0.1:1"), patience).await, connect_from_environment(patience)] {
                let retries = client.config().retry_config().unwrap();
                assert_eq!(retries.max_attempts(), patience.attempts);
                assert_eq!((retries.initial_backoff(), retries.max_backoff()), (FIRST_WAIT, LONGEST_WAIT));
                // A wait is a random share of the longest that it may be.
                assert!(!retries.use_static_exponential_base());
                let timeouts = client.config().timeout_config().unwrap();
                assert_eq!(timeouts.connect_timeout(), Some(patience.connect));
                assert_eq!(timeouts.read_timeout(), Some(patience.first_byte));
                assert_eq!(timeouts.operation_attempt_timeout(), Some(patience.attempt));
            }
        }
    }
}
