//! `cargo xtask dev`: runs both routes on this machine.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use agentscope_api::ResponseMode;
use agentscope_model::Release;
use agentscope_store::{ClientTimeouts, Store, connect, has_proxy};
use agentscope_sync::export::{self, Export};
use agentscope_sync::load;
use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::ProgressBar;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::cors::{self, PageOrigin};
use crate::examples::Example;
use crate::gateway::{self, Origin};
use crate::signals::shutdown_requested;
use crate::{cargo_lambda, documentation, functions, ports, process, root, store, swagger_ui};

/// The sample data of the first releases.
const SAMPLE: &str = include_str!("../sample/export.json");

/// The sample data since 2.0.9, with rosters, channels and operating procedures.
const SAMPLE_OF_2_0_9: &str = include_str!("../sample/export-2.0.9.json");
const SAMPLE_OF_2_0_9_SINCE: Release = Release::V2_0_9;

/// The duration of the leases of sessions that are running according to the data.
const LEASE: Duration = Duration::from_secs(24 * 3600);

/// The characters of a response body that are printed.
const MAX_PRINTED: usize = 2500;

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// Port of the routes.
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// Port of the embedded DynamoDB.
    #[arg(long, default_value_t = 8000, conflicts_with = "store_url")]
    store_port: u16,
    /// Use this running DynamoDB instead of the embedded one. Missing tables are created.
    #[arg(long, value_name = "URL")]
    store_url: Option<String>,
    /// Load this export instead of the sample data: JSON, plain or gzipped.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Release of AgentScope that wrote the data, and whose responses the functions return.
    #[arg(long, env = "AGENTSCOPE_RELEASE", default_value_t = Release::OLDEST, value_name = "RELEASE")]
    release: Release,
    /// AgentScope service that receives all other paths and methods, as behind API Gateway.
    #[arg(long, value_name = "URL")]
    origin: Option<Origin>,
    /// Stream the lists, as a REST API does, instead of returning them whole, as an HTTP API does.
    #[arg(long)]
    streaming: bool,
    /// Origin of a web page that may call the API (CORS), as http://localhost:5173. Repeatable.
    #[arg(long, value_name = "URL")]
    cors_origin: Vec<PageOrigin>,
}

/// Runs until a signal, then stops all processes that it started.
pub(crate) async fn run(options: Dev) -> Result<()> {
    let text = match &options.data {
        Some(file) => export::read(file).with_context(|| file.display().to_string())?,
        None if options.release >= SAMPLE_OF_2_0_9_SINCE => SAMPLE_OF_2_0_9.to_owned(),
        None => SAMPLE.to_owned(),
    };
    let data = Export::parse(&text).context("the data")?;
    let listeners = ports::listen_on_loopback(options.port, "--port")?;

    let mut children = Vec::new();
    let outcome = tokio::select! {
        outcome = serve(&options, &data, listeners, &mut children) => outcome,
        () = shutdown_requested() => Ok(()),
    };
    if !children.is_empty() {
        println!("Stopping …");
    }
    for child in children.into_iter().rev() {
        process::stop(child).await;
    }
    outcome
}

async fn serve(options: &Dev, data: &Export<'_>, listeners: Vec<TcpListener>, children: &mut Vec<Child>) -> Result<()> {
    let function_address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()?));
    let router = gateway::router(function_address, options.origin.as_ref())?.merge(documentation::router());
    let router = cors::allow(router, &options.cors_origin);
    // The functions do not wait for the documentation page.
    let page = tokio::spawn(async { swagger_ui::fetch(&root()).await });
    let root = root();
    let (store_url, cargo_lambda, ()) =
        tokio::try_join!(fill_store(options, data, children), cargo_lambda::find(&root), functions::build())?;

    let mode = if options.streaming { ResponseMode::Streaming } else { ResponseMode::Buffered };
    let mut watch = functions::start(&cargo_lambda, function_address, &store_url, options.release, mode)?;
    let gateway = tokio::spawn(gateway::serve(listeners, router));
    let base_url = format!("http://127.0.0.1:{}", options.port);
    // No proxy can reach the ports of this machine.
    let client = reqwest::Client::builder().no_proxy().build()?;
    let ready = tokio::select! {
        ready = functions::wait_ready(&client, &base_url) => ready,
        status = watch.wait() => exited("cargo lambda", status),
    };
    children.push(watch);
    ready?;
    print_examples(&client, &base_url, data).await?;
    print_documentation(page, &base_url).await;
    println!("\nPress Ctrl-C to stop.");
    let Some(watch) = children.last_mut() else { return Ok(()) };
    tokio::select! {
        status = watch.wait() => exited("cargo lambda", status),
        failed = gateway => failed?,
    }
}

fn exited(program: &str, status: std::io::Result<ExitStatus>) -> Result<()> {
    bail!("{program} exited unexpectedly ({})", status?)
}

/// Starts the embedded DynamoDB unless another is named, and loads the data. Returns its URL.
async fn fill_store(options: &Dev, data: &Export<'_>, children: &mut Vec<Child>) -> Result<String> {
    let url = match &options.store_url {
        Some(url) => {
            store::create_tables(url).await.with_context(|| url.clone())?;
            url.clone()
        }
        None => {
            ports::check(options.store_port, "--store-port")?;
            children.push(start_store(options.store_port).await?);
            format!("http://127.0.0.1:{}", options.store_port)
        }
    };
    println!("DynamoDB at {url}");
    load_data(&url, data, options.release).await?;
    Ok(url)
}

/// Starts the embedded DynamoDB in a process of its own, which exits with this one.
async fn start_store(port: u16) -> Result<Child> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["store", "--until-input-ends", "--port", &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = child.stdout.take().context("the embedded DynamoDB has no output")?;
    let mut lines = BufReader::new(output).lines();
    match lines.next_line().await? {
        Some(_) => {
            // Drains the remaining output, since a full or closed pipe blocks the process.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            Ok(child)
        }
        None => exited("the embedded DynamoDB", child.wait().await).map(|()| child),
    }
}

async fn load_data(store_url: &str, data: &Export<'_>, release: Release) -> Result<()> {
    let store = Store::new(connect(Some(store_url), ClientTimeouts::LOADER).await, store::tables(), release);
    let report = load::load(&store, data, LEASE, &ProgressBar::hidden()).await?;
    for line in report.remarks.iter().chain(&report.problems) {
        eprintln!("data: {line}");
    }
    if let Some((count, later)) = report.later {
        bail!("{count} records come from AgentScope {later} or later: set --release");
    }
    println!("Loaded {report}");
    Ok(())
}

/// Prints requests to try, and the response to the first of them.
async fn print_examples(client: &reqwest::Client, base_url: &str, data: &Export<'_>) -> Result<()> {
    let examples = Example::of(data);
    println!("\nBoth routes are served at {base_url}\n");
    for example in &examples {
        println!("# {}\n{}\n", example.about, example.curl(base_url, has_proxy()));
    }
    if let Some(example) = examples.first() {
        let request = client.get(format!("{base_url}{}", example.path));
        let response = request.header("x-user-id", example.user_id.as_bytes()).send().await?;
        let status = response.status();
        let body = response.text().await?;
        let printed: String = body.chars().take(MAX_PRINTED).collect();
        println!("Response to the first request, {status}:\n\n{printed}");
        if printed.len() < body.len() {
            println!("… and {} more bytes", body.len() - printed.len());
        }
    }
    Ok(())
}

/// Prints the URL of the documentation page, or why the page is not available.
async fn print_documentation(page: JoinHandle<Result<()>>, base_url: &str) {
    let url = format!("{base_url}{}", documentation::PATH);
    if !page.is_finished() {
        println!("\nDocumentation, available as soon as Swagger UI is downloaded: {url}");
        return;
    }
    match page.await {
        Ok(Ok(())) => println!("\nDocumentation: {url}"),
        Ok(Err(error)) => println!("\nNo documentation, because Swagger UI cannot be downloaded: {error:#}"),
        Err(error) => println!("\nNo documentation: {error}"),
    }
}
