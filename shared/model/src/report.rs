//! Collects what is wrong with a record, by the paths of its fields.

use std::collections::BTreeSet;

use crate::json::{compact_text, kind_of};
use crate::path::{FieldPath, Step};
use crate::scalar::expected;
use crate::schema::{Kind, Type};
use crate::{InvalidRecord, Release};

/// The problems of one record, and the path of the field that is being read.
#[derive(Default)]
pub(crate) struct Report {
    path: FieldPath,
    pub(crate) unknown_values: BTreeSet<String>,
    /// The latest of the releases that introduced a field of the record and are later than the set
    /// release.
    pub(crate) later_release: Option<Release>,
}

impl Report {
    /// Enters a field, a key or an element.
    pub(crate) fn enter(&mut self, step: Step) {
        self.path.push(step);
    }

    /// Leaves the field, the key or the element that was entered last.
    pub(crate) fn leave(&mut self) {
        self.path.pop();
    }

    /// Notes that the value of the current field is unknown to the release.
    pub(crate) fn note_unknown_value(&mut self) {
        self.unknown_values.insert(self.path.pattern());
    }

    /// Notes a member if it is a field that a release after `release` introduced.
    pub(crate) fn note_later_field(&mut self, kind: &Kind, key: &str, release: Release) {
        let fields = kind.fields.iter().filter(|field| field.name == key);
        let since = fields.map(|field| field.since).min();
        if let Some(since) = since.filter(|since| *since > release) {
            self.later_release = self.later_release.max(Some(since));
        }
    }

    /// The error of a value of the wrong type.
    pub(crate) fn unexpected(&self, value: &Type, json: &str) -> InvalidRecord {
        self.invalid(format!("invalid type: {}, expected {}", kind_of(&compact_text(json)), expected(value)))
    }

    /// The error of a value that cannot be parsed as an object or a list: it is of another type,
    /// or a string in it is invalid.
    pub(crate) fn unreadable(&self, value: &Type, json: &str, error: &serde_json::Error) -> InvalidRecord {
        let is_of_type = match value {
            Type::List(_) => json.starts_with('['),
            _ => json.starts_with('{'),
        };
        if is_of_type { self.malformed(error) } else { self.unexpected(value, json) }
    }

    /// The error of a value that is not valid JSON.
    pub(crate) fn malformed(&self, error: &serde_json::Error) -> InvalidRecord {
        let message = error.to_string();
        // The position is that of a fragment, which says nothing about the record.
        let end = message.rfind(" at line ").unwrap_or(message.len());
        self.invalid(&message[..end])
    }

    /// The error of the current field.
    pub(crate) fn invalid(&self, problem: impl Into<String>) -> InvalidRecord {
        InvalidRecord::Field { path: self.path.exact(), problem: problem.into() }
    }
}
