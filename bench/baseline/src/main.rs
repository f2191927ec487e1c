//! The baseline of a benchmark: what remains of a route when there is nothing but its DynamoDB
//! requests, sent by the AWS SDK as it comes, with the responses thrown away.
//!
//! It is a crate of its own so that it is built as the functions are: same profile, same features.

mod replay;

use std::io::{BufRead, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use crate::replay::Replay;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(mode), Some(waves)) = (arguments.next(), arguments.next()) else {
        bail!("usage: baseline (warm | cold) WAVES.json");
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = runtime.block_on(client());
    match mode.as_str() {
        "warm" => warm(&runtime, &Replay::read(&client, &waves)?),
        "cold" => cold(&runtime, &client, &waves),
        _ => bail!("no such mode: {mode}"),
    }
}

/// A client with the functions' timeouts and retries.
///
/// It is not the functions' own: what they do to make theirs faster should be seen next to a plain
/// one.
async fn client() -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(1000))
        .operation_attempt_timeout(Duration::from_millis(5000))
        .operation_timeout(Duration::from_millis(15_000))
        .build();
    let https = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(https)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(4));
    Client::new(&loader.load().await)
}

/// Replays once for each line of standard input, and says how many nanoseconds it took.
fn warm(runtime: &tokio::runtime::Runtime, replay: &Replay) -> Result<()> {
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        line?;
        let prepared = replay.prepare();
        let time = runtime.block_on(async {
            let begun = Instant::now();
            prepared.send().await?;
            anyhow::Ok(begun.elapsed())
        })?;
        writeln!(output, "{}", time.as_nanos())?;
        output.flush()?;
    }
    Ok(())
}

/// Requests an event from the Runtime API, replays once, and posts an empty response.
fn cold(runtime: &tokio::runtime::Runtime, client: &Client, waves: &str) -> Result<()> {
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API").context("AWS_LAMBDA_RUNTIME_API")?;
    let path = "/2018-06-01/runtime/invocation";
    let mut connection = TcpStream::connect(&address)?;
    connection.set_nodelay(true)?;
    write!(connection, "GET {path}/next HTTP/1.1\r\nhost: {address}\r\n\r\n")?;
    let mut response = [0; 64 * 1024];
    let length = connection.read(&mut response)?;
    let head = String::from_utf8_lossy(&response[..length]).to_lowercase();
    let id = head
        .lines()
        .find_map(|line| line.strip_prefix("lambda-runtime-aws-request-id:"))
        .context("the Runtime API sent no request id")?
        .trim()
        .to_owned();
    runtime.block_on(Replay::read(client, waves)?.prepare().send())?;
    let mut connection = TcpStream::connect(&address)?;
    write!(connection, "POST {path}/{id}/response HTTP/1.1\r\nhost: {address}\r\ncontent-length: 2\r\n\r\n{{}}")?;
    // The process is ended from outside, as a function is.
    connection.read_to_end(&mut Vec::new())?;
    Ok(())
}
