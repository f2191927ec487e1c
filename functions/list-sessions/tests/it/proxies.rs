//! Proxies in the environment of the binary.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::function::{Function, environment};
use agentscope_tests::golden::world;
use agentscope_tests::runtime_api::deadline_in;
use tokio::net::TcpListener;

const BINARY: &str = env!("CARGO_BIN_EXE_list-sessions");
const VARIABLES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// Nothing listens there.
const DEAD: &str = "http://127.0.0.1:9";

fn event() -> serde_json::Value {
    HttpRequest::sessions("alice", "7e14b3568b099142e11578fc0ae259f4").http_api()
}

/// A proxy that hangs up, its URL, and how many connections it has had.
async fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (url, count)
}

#[tokio::test]
async fn a_database_on_this_machine_is_reached_directly() {
    let database = TestDynamoDb::with_export(&world()).await;
    for url in [database.url.clone(), database.url.replace("127.0.0.1", "localhost")] {
        for no_proxy in [None, Some("example.com")] {
            let mut environment = environment(&database, "header");
            environment.extend(VARIABLES.map(|name| (name, DEAD.to_owned())));
            environment.push(("AWS_ENDPOINT_URL_DYNAMODB", url.clone()));
            environment.extend(no_proxy.map(|hosts| ("NO_PROXY", hosts.to_owned())));
            let mut function = Function::start(BINARY, environment, Stdio::inherit()).await;
            assert_eq!(function.call(&event()).await.0, 200, "{url}, {no_proxy:?}");
        }
    }
}

#[tokio::test]
async fn any_other_database_is_reached_through_the_proxy_unless_it_is_exempt() {
    let database = TestDynamoDb::start().await;
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        for (no_proxy, is_proxied) in [(None, true), (Some("example.com"), true), (Some("dynamodb.invalid"), false)] {
            let (url, connections) = proxy().await;
            let mut environment = environment(&database, "header");
            environment.extend([
                (variable, url),
                ("AWS_ENDPOINT_URL_DYNAMODB", "http://dynamodb.invalid".to_owned()),
                ("AWS_REGION", "eu-central-1".to_owned()),
                ("AWS_ACCESS_KEY_ID", "id".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", "key".to_owned()),
            ]);
            environment.extend(no_proxy.map(|hosts| ("NO_PROXY", hosts.to_owned())));
            let mut function = Function::start(BINARY, environment, Stdio::null()).await;
            let deadline = deadline_in(Duration::from_millis(1500));
            assert_eq!(function.call_until(deadline, &event()).await.0, 503);
            let count = connections.load(Ordering::SeqCst);
            assert_eq!(count > 0, is_proxied, "{variable}, {no_proxy:?}: {count} connections");
        }
    }
}
