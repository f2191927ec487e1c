//! Reading a record, and saying where and why one does not fit.

use serde::de::{DeserializeOwned, Error};
use serde_json::value::RawValue;
use serde_path_to_error::{Path, Segment};

use super::generated;

/// Why a record does not fit the models. It names the field and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct Misfit {
    /// The path of the field, as `state.context[3].content[0].text`; `.` for the record as a whole.
    pub path: String,
    /// What is wrong there, and what was expected.
    pub problem: String,
}

/// Reads a record from JSON text.
///
/// Absent ids are made from the text, so that the same text always gives the same record.
///
/// # Errors
///
/// The text is not JSON, or it does not fit the record's type.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Misfit> {
    generated::seeded(text, || read(text))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Misfit> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let record = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = place(error.path());
        let message = error.inner().to_string();
        match message.split(MARK).collect::<Vec<_>>()[..] {
            ["", inner_path, problem, _] => Misfit { path: join(&path, inner_path), problem: problem.to_owned() },
            _ => Misfit { path, problem: without_position(&message).to_owned() },
        }
    })?;
    deserializer.end().map_err(|error| Misfit { path: ".".into(), problem: error.to_string() })?;
    Ok(record)
}

/// Brackets the path and the problem of an error that is found in a value that was set aside. No other message begins with
/// it, whatever it quotes of the record.
const MARK: char = '\u{1}';

/// Reads a value that had to be set aside until its kind was known; an error keeps the path to the field inside of it.
pub(super) fn nested<T: DeserializeOwned, E: Error>(raw: &RawValue) -> Result<T, E> {
    read(raw.get()).map_err(|Misfit { path, problem }| {
        E::custom(format_args!("{MARK}{}{MARK}{}{MARK}", path.replace(MARK, "?"), problem.replace(MARK, "?")))
    })
}

/// The path to where the error is; to what holds it if the text ends where a field's name should be.
fn place(path: &Path) -> String {
    let text = path.to_string();
    match path.iter().next_back() {
        Some(Segment::Unknown) => match text.strip_suffix('?').map(|outer| outer.trim_end_matches('.')) {
            Some(outer) if !outer.is_empty() => outer.to_owned(),
            _ => ".".to_owned(),
        },
        _ => text,
    }
}

fn join(outer: &str, inner: &str) -> String {
    match (outer, inner) {
        (outer, ".") => outer.to_owned(),
        (".", inner) => inner.to_owned(),
        (outer, inner) if inner.starts_with('[') => format!("{outer}{inner}"),
        (outer, inner) => format!("{outer}.{inner}"),
    }
}

/// The message without serde_json's position, which is that of a fragment as often as that of the record.
fn without_position(message: &str) -> &str {
    match message.rfind(" at line ") {
        Some(at) => &message[..at],
        None => message,
    }
}
