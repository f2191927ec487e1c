//! The crates depend on each other in one direction, and on nothing that their layer must not know.

use std::collections::BTreeSet;
use std::process::Command;

/// The names of the packages that a package is built with, without what its tests need.
fn dependencies(package: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap();
    let tree = Command::new(cargo)
        .args(["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none", "--package", package])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).unwrap();
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn has_none_of(package: &str, forbidden: &[&str]) {
    let dependencies = dependencies(package);
    assert!(dependencies.contains(package));
    let found: Vec<_> = forbidden.iter().filter(|name| dependencies.contains(**name)).collect();
    assert!(found.is_empty(), "{package} depends on {found:?}");
}

const LAMBDA: [&str; 5] =
    ["lambda_runtime", "lambda_runtime_api_client", "lambda_http", "metrique-writer", "metrique-writer-format-emf"];

#[test]
fn the_model_knows_neither_aws_nor_http() {
    has_none_of("agentscope-model", &LAMBDA);
    has_none_of("agentscope-model", &["aws-sdk-dynamodb", "http", "tokio", "agentscope-store", "agentscope-api"]);
}

#[test]
fn the_store_knows_neither_lambda_nor_the_compression_of_responses() {
    has_none_of("agentscope-store", &LAMBDA);
    has_none_of("agentscope-store", &["brotli", "agentscope-api"]);
    assert!(dependencies("agentscope-store").contains("agentscope-model"));
}

#[test]
fn the_synchronization_knows_neither_lambda_nor_the_api() {
    has_none_of("agentscope-sync", &LAMBDA);
    has_none_of("agentscope-sync", &["brotli", "agentscope-api"]);
    assert!(dependencies("agentscope-sync").contains("agentscope-store"));
}
