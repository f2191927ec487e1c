//! Reads AgentScope exports: JSON files, plain or gzipped.
//!
//! - `text`: decompresses and decodes a file.
//! - `shape`: explains files that are not exports.

mod shape;
mod text;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use agentscope_model::non_finite::with_overflowing_numbers;
use anyhow::{Result, bail};
use serde::Deserialize;
use serde_json::value::RawValue;

/// An export: lists of records in the JSON shape of the API, and the ids of running sessions.
///
/// Other members of the file are ignored.
#[derive(Debug, Default, Deserialize)]
pub struct Export<'a> {
    /// Agents.
    #[serde(borrow, default)]
    pub agents: Vec<&'a RawValue>,
    /// Sessions.
    #[serde(borrow, default)]
    pub sessions: Vec<&'a RawValue>,
    /// Teams.
    #[serde(borrow, default)]
    pub teams: Vec<&'a RawValue>,
    /// Schedules.
    #[serde(borrow, default)]
    pub schedules: Vec<&'a RawValue>,
    /// Ids of running sessions. An id names every session of the file that has it.
    #[serde(borrow, default)]
    pub running: Vec<Cow<'a, str>>,
}

impl<'a> Export<'a> {
    /// Parses the text of an export.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or not an object with such lists. If possible, the message says what
    /// it is instead.
    pub fn parse(text: &'a str) -> Result<Self> {
        match serde_json::from_str::<Self>(text) {
            Ok(export) => match shape::problem_of_object(text) {
                Some(problem) => bail!(problem),
                None => Ok(export),
            },
            Err(error) => match shape::problem_of_text(text, &error) {
                Some(problem) => bail!(problem),
                None => Err(error.into()),
            },
        }
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.agents.len() + self.sessions.len() + self.teams.len() + self.schedules.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads the text of an export. Decompresses it, and replaces `NaN` and infinities by JSON
/// numbers. `-` is standard input.
///
/// # Errors
///
/// The file cannot be read or decompressed, or is not UTF-8.
pub fn read(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.read_to_end(&mut bytes)?;
    }
    text::decode(bytes).map(into_json)
}

/// Replaces non-finite numbers by numbers that JSON has.
fn into_json(text: String) -> String {
    match with_overflowing_numbers(&text) {
        Cow::Owned(json) => json,
        Cow::Borrowed(_) => text,
    }
}
