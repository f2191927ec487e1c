//! Brings a record's JSON text into the shape of a release: fields in the order of AgentScope's
//! responses, defaults filled in, older shapes folded.
//!
//! Only what the service itself depends on is strict: ids, owners, the time that orders lists,
//! required fields, and the JSON types of values with a structure of their own. Any other value
//! that the release does not know is kept and reported.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::value::RawValue;

use crate::generated::Generator;
use crate::json::compact;
use crate::members::{Elements, Members};
use crate::path::Step;
use crate::report::Report;
use crate::scalar::canonical;
use crate::schema::{Absent, Extras, Field, Kind, Type};
use crate::{InvalidRecord, Release};

/// A record in the shape of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shaped {
    /// Compact JSON.
    pub json: String,
    /// The fields with values that the release does not know, each once, such as
    /// `state.context[].role`.
    pub unknown_values: BTreeSet<String>,
}

/// Brings a record into the shape of a release.
///
/// Absent ids are derived from the text, so that the same text always results in the same record.
///
/// # Errors
///
/// The text is not JSON, the record lacks what the service depends on, or a later release wrote
/// it.
pub fn shape(kind: &Kind, text: &str, release: Release) -> Result<Shaped, InvalidRecord> {
    // The functions below require valid JSON.
    serde_json::from_str::<&RawValue>(text).map_err(|error| InvalidRecord::whole(error.to_string()))?;
    let mut shaper = Shaper { release, report: Report::default(), generator: Generator::new(text) };
    let mut json = String::with_capacity(text.len() + text.len() / 4);
    let outcome = shaper.object(kind, text, &mut json);
    let Report { unknown_values, later_release, .. } = shaper.report;
    // A record of a later release may also lack fields. The release is the cause to report.
    if let Some(later) = later_release {
        return Err(InvalidRecord::LaterRelease(later));
    }
    outcome.map(|()| Shaped { json, unknown_values })
}

struct Shaper {
    release: Release,
    report: Report,
    generator: Generator,
}

impl Shaper {
    fn object(&mut self, kind: &Kind, json: &str, out: &mut String) -> Result<(), InvalidRecord> {
        let mut members = self.members(json)?;
        for fold in kind.folds.iter().filter(|fold| fold.since <= self.release) {
            (fold.apply)(&mut members);
        }
        if !kind.keeps_provider_fields(self.release) {
            members.iter().for_each(|(key, _)| self.report.note_later_field(kind, key, self.release));
        }
        let outer_time = (kind.name == "message")
            .then(|| string(members.get("created_at")?))
            .flatten()
            .map(|time| self.generator.set_time(time));
        out.push('{');
        let start = out.len();
        for field in kind.fields_of(self.release) {
            separate(out, start);
            let _ = write!(out, "\"{}\":", field.name);
            match members.get(field.name) {
                Some(value) => {
                    self.report.enter(Step::Field(field.name));
                    self.value(&field.value, value, field, out)?;
                    self.report.leave();
                }
                None => self.absent(field, out)?,
            }
        }
        for (key, value) in members.iter().filter(|(key, _)| self.keeps_extra(kind, key)) {
            separate(out, start);
            push_key(out, key);
            self.copy(value, out)?;
        }
        out.push('}');
        if let Some(outer_time) = outer_time {
            self.generator.set_time(outer_time);
        }
        Ok(())
    }

    /// Whether a member that is not a field of the release is kept: a field that no release knows,
    /// or a provider's field.
    fn keeps_extra(&self, kind: &Kind, key: &str) -> bool {
        let is_field = kind.fields_of(self.release).any(|field| field.name == key);
        if is_field {
            return false;
        }
        match kind.extras {
            Extras::OfProviders(_) => kind.keeps_provider_fields(self.release),
            Extras::OfNewerReleases => kind.fields.iter().all(|field| field.name != key),
        }
    }

    fn absent(&mut self, field: &Field, out: &mut String) -> Result<(), InvalidRecord> {
        match field.absent_in(self.release) {
            Absent::Required => return Err(self.report.invalid(format!("missing field `{}`", field.name))),
            Absent::Json(json) => out.push_str(json),
            Absent::Object => {
                if let Type::Object(kind) = field.value {
                    self.report.enter(Step::Field(field.name));
                    self.object(kind, "{}", out)?;
                    self.report.leave();
                }
            }
            Absent::Generated(generated) => {
                out.push_str(&serde_json::Value::from(self.generator.value(generated)).to_string());
            }
        }
        Ok(())
    }

    fn value(&mut self, value: &Type, json: &str, field: &Field, out: &mut String) -> Result<(), InvalidRecord> {
        match value {
            Type::Nullable(_) if json == "null" => {
                out.push_str("null");
                Ok(())
            }
            Type::Nullable(inner) => self.value(inner, json, field, out),
            Type::Object(kind) => self.object(kind, json, out),
            Type::Tagged(kinds) => self.tagged(kinds, json, out),
            Type::List(element) => self.list(json, out, |shaper, json, out| shaper.value(element, json, field, out)),
            Type::Map(element) => self.map(element, json, field, out),
            Type::TextOr(kinds) => match json.as_bytes().first() {
                Some(b'"') => self.copy(json, out),
                Some(b'[') => self.list(json, out, |shaper, json, out| shaper.tagged(kinds, json, out)),
                _ => Err(self.report.unexpected(value, json)),
            },
            Type::OneOf(values, added) => {
                let is_known = string(json).is_some_and(|text| {
                    values.contains(&text.as_str())
                        || added.iter().any(|(since, value)| *since <= self.release && *value == text)
                });
                if !is_known {
                    self.report.note_unknown_value();
                }
                self.copy(json, out)
            }
            scalar => self.scalar(scalar, json, field, out),
        }
    }

    fn scalar(&mut self, value: &Type, json: &str, field: &Field, out: &mut String) -> Result<(), InvalidRecord> {
        let start = out.len();
        self.copy(json, out)?;
        match canonical(value, &out[start..], field.bounds_in(self.release)) {
            Some(Cow::Borrowed(_)) => {}
            Some(Cow::Owned(text)) => out.replace_range(start.., &text),
            None if matches!(value, Type::Id | Type::ListTime) => return Err(self.report.unexpected(value, json)),
            None => {
                self.report.note_unknown_value();
                // JSON has no infinite numbers.
                if out[start..].parse::<f64>().is_ok_and(|number| !number.is_finite()) {
                    out.replace_range(start.., "null");
                }
            }
        }
        Ok(())
    }

    /// Shapes an object of one of these kinds. An object of a kind that the release does not know
    /// is copied.
    fn tagged(&mut self, kinds: &'static [&'static Kind], json: &str, out: &mut String) -> Result<(), InvalidRecord> {
        let mut members = self.members(json)?;
        let tag = members.get("type").filter(|tag| *tag != "null");
        let mut kinds = kinds.iter().filter(|kind| kind.since() <= self.release);
        if let Some(tag) = tag {
            let tag = string(tag);
            if let Some(kind) = kinds.find(|kind| kind.tag() == tag.as_deref()) {
                return self.object(kind, json, out);
            }
            self.report.enter(Step::Field("type"));
            self.report.note_unknown_value();
            self.report.leave();
            return self.copy(json, out);
        }
        let Some(kind) = kinds.find(|kind| !kind.recognized_by.is_empty() && members.has(kind.recognized_by)) else {
            return Err(self.report.invalid("missing field `type`"));
        };
        // Replaces a null.
        members.set("type", format!("\"{}\"", kind.tag().unwrap_or_default()));
        self.object(kind, &members.to_json(), out)
    }

    fn list(
        &mut self,
        json: &str,
        out: &mut String,
        mut each: impl FnMut(&mut Self, &str, &mut String) -> Result<(), InvalidRecord>,
    ) -> Result<(), InvalidRecord> {
        let elements =
            Elements::new(json).map_err(|error| self.report.unreadable(&Type::List(&Type::Any), json, &error))?;
        out.push('[');
        let start = out.len();
        for (index, element) in elements.0.into_iter().enumerate() {
            separate(out, start);
            self.report.enter(Step::Index(index));
            each(self, element, out)?;
            self.report.leave();
        }
        out.push(']');
        Ok(())
    }

    fn map(&mut self, element: &Type, json: &str, field: &Field, out: &mut String) -> Result<(), InvalidRecord> {
        let members = self.members(json)?;
        out.push('{');
        let start = out.len();
        for (key, value) in members.iter() {
            separate(out, start);
            push_key(out, key);
            self.report.enter(Step::Key(key.to_owned()));
            self.value(element, value, field, out)?;
            self.report.leave();
        }
        out.push('}');
        Ok(())
    }

    /// Copies a value without blanks and needless escapes.
    fn copy(&self, json: &str, out: &mut String) -> Result<(), InvalidRecord> {
        match compact(json).map_err(|error| self.report.malformed(&error))? {
            Some(text) => out.push_str(&text),
            None => out.push_str(json),
        }
        Ok(())
    }

    fn members<'a>(&self, json: &'a str) -> Result<Members<'a>, InvalidRecord> {
        Members::new(json).map_err(|error| self.report.unreadable(&Type::Free, json, &error))
    }
}

fn string(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

fn push_key(out: &mut String, key: &str) {
    out.push_str(&serde_json::Value::from(key).to_string());
    out.push(':');
}

fn separate(out: &mut String, start: usize) {
    if out.len() > start {
        out.push(',');
    }
}
