//! The side of the functions, for tests that are no Rust: an embedded DynamoDB with empty tables
//! under their default names, another endpoint of it that can be told to throttle, and a gateway
//! before both functions.
//!
//! Prints where they are as a line of JSON, and lives until standard input is closed, or SIGTERM.

mod dump;
mod gateway;
mod throttle;

use std::sync::Arc;

use agentscope_store::TableNames;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::proxy::{self, Upstream};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

use crate::gateway::TestStack;
use crate::throttle::Throttle;

#[tokio::main]
async fn main() {
    let mut terminated = signal(SignalKind::terminate()).unwrap();
    let database = TestDynamoDb::embedded(TableNames::with_prefix("agentscope")).await;
    let throttle = Arc::<Throttle>::default();
    let throttled = proxy::intercept(&database.url, {
        let throttle = Arc::clone(&throttle);
        move |call, upstream| throttle::forward(Arc::clone(&throttle), call, upstream)
    })
    .await;
    let names = database.store.names().clone();
    let stack = Arc::new(TestStack {
        lists: gateway::functions("list-sessions", 3, &database).await,
        schedule_lists: gateway::functions("list-schedule-sessions", 1, &database).await,
        upstream: Upstream::at(&database.url),
        names: names.clone(),
        throttle,
    });
    let gateway = gateway::start(Arc::clone(&stack)).await;
    let tables = [names.sessions, names.agents, names.teams, names.schedules];
    println!(
        "{}",
        json!({ "gateway": gateway, "dynamodb": database.url, "throttled_dynamodb": throttled, "tables": tables })
    );
    let mut input = tokio::io::stdin();
    tokio::select! {
        _ = terminated.recv() => {}
        () = async { while input.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {} } => {}
    }
    stack.lists.stop().await;
    stack.schedule_lists.stop().await;
    // What reads standard input cannot be stopped.
    std::process::exit(0);
}
