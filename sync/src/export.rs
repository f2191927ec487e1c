//! The file that an AgentScope export is: JSON, plain or gzipped.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use agentscope_shared::model::non_finite::with_overflowing_numbers;
use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;
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
    /// It is not JSON, or not an object with such lists.
    pub fn parse(text: &'a str) -> Result<Self> {
        let export: Self = serde_json::from_str(text)?;
        if export.is_empty() && export.running.is_empty() {
            let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)?;
            if !["agents", "sessions", "teams", "schedules"].iter().any(|list| members.contains_key(*list)) {
                bail!("expected an object with the lists agents, sessions, teams and schedules");
            }
        }
        Ok(export)
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

/// Reads the text of an export, unpacked, and made JSON if it has `NaN` or infinities. `-` is standard input.
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
    unpack(bytes).map(into_json)
}

fn into_json(text: String) -> String {
    match with_overflowing_numbers(&text) {
        Cow::Owned(json) => json,
        Cow::Borrowed(_) => text,
    }
}

/// The first bytes of gzipped data.
const GZIP: [u8; 2] = [0x1f, 0x8b];

fn unpack(bytes: Vec<u8>) -> Result<String> {
    if !bytes.starts_with(&GZIP) {
        return String::from_utf8(bytes).context("the file is not UTF-8");
    }
    let mut text = String::new();
    MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).context("the file cannot be unpacked")?;
    Ok(text)
}
