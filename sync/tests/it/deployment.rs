//! The command line accepts the arguments of the image, ECS and systemd.

use std::collections::BTreeSet;
use std::process::Command;

use agentscope_tests::process::{Start, checks, container, starts};
use agentscope_tests::template::Template;

/// The output of `agentscope-sync SUBCOMMAND --help`.
fn help(subcommand: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_agentscope-sync")).args([subcommand, "--help"]).output().unwrap();
    assert!(output.status.success(), "{subcommand}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The options of a subcommand, and their environment variables.
fn taken(help: &str) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let option = |line: &'_ str| -> Option<usize> { line.trim_start().starts_with('-').then(|| line.find("--"))? };
    let options = help.lines().filter_map(|line| line[option(line)?..].split([' ', ',']).next()).collect();
    let variables = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next()).collect();
    (options, variables)
}

#[test]
fn every_argument_that_a_deployment_gives_is_one_that_the_program_takes() {
    let template = Template::sync(&[]);
    for (by, arguments) in starts(&template).into_iter().chain::<Vec<Start>>(checks(&template)) {
        let help = help(&arguments[0]);
        let (options, _) = taken(&help);
        for argument in arguments.iter().filter(|argument| argument.starts_with('-')) {
            assert!(options.contains(argument.as_str()), "{by} gives {argument}; there are {options:?}");
        }
    }
}

#[test]
fn every_variable_that_ecs_gives_is_one_that_the_program_reads() {
    let container = container(&Template::sync(&[]));
    let help = help("redis");
    let (_, mut read) = taken(&help);
    // Read by the AWS SDK.
    read.insert("AWS_REGION");
    for given in container["Environment"].as_array().unwrap().iter().chain(container["Secrets"].as_array().unwrap()) {
        let name = given["Name"].as_str().unwrap();
        assert!(read.contains(name), "{name}; there are {read:?}");
    }
}
