//! Starts `agentscope-sync load`.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use agentscope_tests::dynamodb::TestDynamoDb;

/// A run of `agentscope-sync load`.
pub(crate) struct Load {
    pub(crate) arguments: Vec<String>,
    pub(crate) input: Vec<u8>,
    pub(crate) variables: Vec<(&'static str, &'static str)>,
}

impl Load {
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { arguments, input: Vec::new(), variables: Vec::new() }
    }

    pub(crate) fn into(mut self, database: &TestDynamoDb) -> Self {
        let names = database.store.names();
        for (option, value) in [
            ("--endpoint-url", &database.url),
            ("--sessions-table", &names.sessions),
            ("--agents-table", &names.agents),
            ("--teams-table", &names.teams),
            ("--schedules-table", &names.schedules),
        ] {
            self.arguments.extend([option.to_owned(), value.clone()]);
        }
        self
    }

    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    pub(crate) fn run(self) -> (Option<i32>, String, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_agentscope-sync"))
            .arg("load")
            .args(self.arguments)
            .env_clear()
            .envs(self.variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(&self.input).ok());
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        writer.join().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }
}
