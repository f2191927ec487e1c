//! The file that an AgentScope export is: JSON, plain or gzipped.
//!
//! - `text`: its text.
//! - `shape`: what a file is that is no export.

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

/// An export: lists of records in the JSON shape of the API, as text, and the ids of the sessions that run.
///
/// Other members of the file are left alone.
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
    /// Ids of running sessions. One stands for every session of the file that bears it.
    #[serde(borrow, default)]
    pub running: Vec<Cow<'a, str>>,
}

impl<'a> Export<'a> {
    /// Reads an export's text.
    ///
    /// # Errors
    ///
    /// It is not JSON, or not an object with such lists. The message says what it is instead, if
    /// that can be told.
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

    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.agents.len() + self.sessions.len() + self.teams.len() + self.schedules.len()
    }

    /// Whether it holds no records.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads the text of an export, unpacked, and made JSON if it has `NaN` or infinities. `-` is
/// standard input.
///
/// # Errors
///
/// The file cannot be read or unpacked, or is not UTF-8.
pub fn read(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.read_to_end(&mut bytes)?;
    }
    text::of(bytes).map(into_json)
}

/// The text with numbers that are not finite in a form that JSON has.
fn into_json(text: String) -> String {
    match with_overflowing_numbers(&text) {
        Cow::Owned(json) => json,
        Cow::Borrowed(_) => text,
    }
}
