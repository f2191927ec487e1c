//! `cargo xtask dev`: both routes on this machine.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

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
use crate::process::end;
use crate::signals::stop_signal;
use crate::{cargo_lambda, documentation, ports, proxy, root, store, swagger_ui};

/// The data that is loaded if no other is named.
const SAMPLE: &str = include_str!("../sample/export.json");

/// The same, with what later releases have: rosters, channels, operating procedures.
const SAMPLE_OF_2_0_9: &str = include_str!("../sample/export-2.0.9.json");
const SAMPLE_OF_2_0_9_SINCE: Release = Release::V2_0_9;

/// How long sessions count as running that the data say are running.
const LEASE: Duration = Duration::from_secs(24 * 3600);

/// How long the functions may take to be built and to response.
const PATIENCE: Duration = Duration::from_secs(900);

/// Characters of an response that are shown.
const SHOWN: usize = 2500;

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// The port of the routes.
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// The port of the embedded DynamoDB.
    #[arg(long, default_value_t = 8000, conflicts_with = "store_url")]
    store_port: u16,
    /// A DynamoDB that runs already. Tables that it does not have are created.
    #[arg(long, value_name = "URL")]
    store_url: Option<String>,
    /// Another export than the sample data: JSON, plain or gzipped.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// The release of AgentScope whose responses the functions give, and in whose shape the data
    /// are.
    #[arg(long, env = "AGENTSCOPE_RELEASE", default_value_t = Release::OLDEST, value_name = "RELEASE")]
    release: Release,
    /// An AgentScope service that responses every other path and method, as behind API Gateway.
    #[arg(long, value_name = "URL")]
    origin: Option<Origin>,
    /// The address of a page that may ask from a browser, as http://localhost:5173. May be repeated.
    #[arg(long, value_name = "URL")]
    cors_origin: Vec<PageOrigin>,
}

/// Starts everything, and ends all of it when it is interrupted.
pub(crate) async fn run(options: Dev) -> Result<()> {
    let text = match &options.data {
        Some(file) => export::read(file).with_context(|| file.display().to_string())?,
        None if options.release >= SAMPLE_OF_2_0_9_SINCE => SAMPLE_OF_2_0_9.to_owned(),
        None => SAMPLE.to_owned(),
    };
    let data = Export::parse(&text).context("the data")?;
    let listeners = ports::listen_by_both(options.port, "--port")?;

    let mut children = Vec::new();
    let outcome = tokio::select! {
        outcome = serve(&options, &data, listeners, &mut children) => outcome,
        () = stop_signal() => Ok(()),
    };
    if !children.is_empty() {
        println!("Ending …");
    }
    for child in children.into_iter().rev() {
        end(child).await;
    }
    outcome
}

async fn serve(options: &Dev, data: &Export<'_>, listeners: Vec<TcpListener>, children: &mut Vec<Child>) -> Result<()> {
    let functions = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()?));
    let router = gateway::router(functions, options.origin.as_ref())?.merge(documentation::router());
    let router = cors::allowing(router, &options.cors_origin);
    // While the functions are built, and never waited for.
    let page = tokio::spawn(async { swagger_ui::fetch(&root()).await });
    let store_url = match &options.store_url {
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
    println!("DynamoDB at {store_url}");
    load_data(&store_url, data, options.release).await?;

    let cargo_lambda = cargo_lambda::find(&root()).await?;
    build().await?;
    let mut watch = start_functions(&cargo_lambda, functions, &store_url, options.release)?;
    let gateway = tokio::spawn(gateway::serve(listeners, router));
    let base_url = format!("http://127.0.0.1:{}", options.port);
    let ready = tokio::select! {
        ready = answering(&base_url) => ready,
        status = watch.wait() => ended("cargo lambda", status),
    };
    children.push(watch);
    ready?;
    show(&base_url, data).await?;
    tell_page(page, &base_url).await;
    println!("\nCtrl-C ends it.");
    let Some(watch) = children.last_mut() else { return Ok(()) };
    tokio::select! {
        status = watch.wait() => ended("cargo lambda", status),
        failed = gateway => failed?,
    }
}

fn ended(program: &str, status: std::io::Result<ExitStatus>) -> Result<()> {
    bail!("{program} ended by itself ({})", status?)
}

/// Starts the embedded DynamoDB in a process of its own, which ends with this one.
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
            // The rest is read too: a process whose output nobody takes may not write.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            Ok(child)
        }
        None => ended("the embedded DynamoDB", child.wait().await).map(|()| child),
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

/// Builds the functions here, where errors are seen, rather than when the first request comes.
async fn build() -> Result<()> {
    println!("Building the functions …");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--bin", "list-sessions", "--bin", "list-schedule-sessions"])
        .current_dir(root())
        .kill_on_drop(true)
        .status()
        .await?;
    if status.success() { Ok(()) } else { bail!("the functions do not build ({status})") }
}

fn start_functions(cargo_lambda: &Path, address: SocketAddr, store_url: &str, release: Release) -> Result<Child> {
    let tables = store::tables();
    let mut watch = Command::new(cargo_lambda);
    proxy::exempt_loopback(&mut watch)
        .args(["lambda", "watch"])
        .args(["--invoke-address", &address.ip().to_string()])
        .args(["--invoke-port", &address.port().to_string()])
        .current_dir(root())
        .env("SESSIONS_TABLE", tables.sessions)
        .env("AGENTS_TABLE", tables.agents)
        .env("TEAMS_TABLE", tables.teams)
        .env("SCHEDULES_TABLE", tables.schedules)
        .env("IDENTITY_SOURCE", "header")
        .env("AGENTSCOPE_RELEASE", release.as_str())
        .env("AWS_ENDPOINT_URL_DYNAMODB", store_url)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cargo lambda does not start")
}

/// A client for this machine's own ports, which no proxy can reach.
fn direct_client() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

/// Returns when both routes response.
async fn answering(base_url: &str) -> Result<()> {
    let client = direct_client()?;
    let begun = Instant::now();
    for path in ["/sessions/", "/schedule/any/sessions"] {
        loop {
            let response = client.get(format!("{base_url}{path}")).send().await;
            // Without an identity both routes response that one is missing.
            if response.is_ok_and(|response| response.status().as_u16() == 422) {
                break;
            }
            if begun.elapsed() > PATIENCE {
                bail!("{path} does not respond");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    Ok(())
}

/// Prints what can be asked, and one response.
async fn show(base_url: &str, data: &Export<'_>) -> Result<()> {
    let examples = Example::of(data);
    println!("\nBoth routes response at {base_url}\n");
    for example in &examples {
        println!("# {}\n{}\n", example.about, example.curl(base_url, has_proxy()));
    }
    if let Some(example) = examples.first() {
        let request = direct_client()?.get(format!("{base_url}{}", example.path));
        let response = request.header("x-user-id", example.user_id.as_bytes()).send().await?;
        let status = response.status();
        let body = response.text().await?;
        let shown: String = body.chars().take(SHOWN).collect();
        println!("The first of them responses {status}:\n\n{shown}");
        if shown.len() < body.len() {
            println!("… and {} more bytes", body.len() - shown.len());
        }
    }
    Ok(())
}

/// Says where the documentation is, or why it is not.
async fn tell_page(page: JoinHandle<Result<()>>, base_url: &str) {
    let url = format!("{base_url}{}", documentation::PATH);
    if !page.is_finished() {
        println!("\nDocumentation, once Swagger UI is fetched: {url}");
        return;
    }
    match page.await {
        Ok(Ok(())) => println!("\nDocumentation: {url}"),
        Ok(Err(error)) => println!("\nNo documentation, for Swagger UI cannot be fetched: {error:#}"),
        Err(error) => println!("\nNo documentation: {error}"),
    }
}
