//! The DynamoDB client.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;

/// The variable that names another endpoint than Amazon's.
const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";

/// A client configured by the usual AWS environment, and by `endpoint_url` if it is given. Sends nothing.
///
/// An endpoint on this machine needs neither credentials nor a region: if the environment has none, it gets made-up ones.
pub async fn connect(endpoint_url: Option<&str>) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(1000))
        .operation_attempt_timeout(Duration::from_millis(5000))
        .operation_timeout(Duration::from_millis(15_000))
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(4));
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let endpoint = endpoint_url.map(str::to_owned).or_else(|| std::env::var(ENDPOINT).ok());
    if endpoint.as_deref().is_some_and(is_on_this_machine) {
        if std::env::var_os("AWS_ACCESS_KEY_ID").is_none() {
            loader = loader.credentials_provider(Credentials::new("local", "local", None, None, "local endpoint"));
        }
        if std::env::var_os("AWS_REGION").is_none() && std::env::var_os("AWS_DEFAULT_REGION").is_none() {
            loader = loader.region(Region::from_static("us-east-1"));
        }
    }
    Client::new(&loader.load().await)
}

fn is_on_this_machine(url: &str) -> bool {
    let Ok(url) = url.parse::<lambda_http::http::Uri>() else { return false };
    matches!(url.host(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::is_on_this_machine;

    #[test]
    fn only_loopback_goes_without_credentials() {
        assert!(is_on_this_machine("http://127.0.0.1:8000"));
        assert!(is_on_this_machine("http://localhost:8000/"));
        assert!(is_on_this_machine("http://[::1]:8000"));
        assert!(!is_on_this_machine("https://dynamodb.eu-central-1.amazonaws.com"));
        assert!(!is_on_this_machine("http://localhost.example.com"));
        assert!(!is_on_this_machine("127.0.0.1 nonsense"));
    }
}
