//! Brings a record's JSON text into the shape of a release: fields in the order of the wire,
//! defaults filled in, older shapes folded.
//!
//! Only what the service itself relies on is strict: ids, owners, the time that orders lists,
//! required fields, and the JSON kind of what it takes apart (objects and lists with a structure of
//! their own). Any other value that the release does not know is kept as it came and reported.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::json::{compact, compact_text, kind_of};
use crate::leaf::{canonical, expected};
use crate::members::{Elements, Members};
use crate::path::{FieldPath, Step};
use crate::schema::{Absent, Extras, Field, Kind, Made, Type};
use crate::{InvalidRecord, Release, Timestamp, made};

/// A record in the shape of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shaped {
    /// Compact JSON.
    pub json: String,
    /// The fields with values that the release does not know, each once, as `state.context[].role`.
    pub unknown_values: BTreeSet<String>,
}

/// Brings a record into the shape of a release.
///
/// Absent ids are made from the text, so that the same text always gives the same record.
///
/// # Errors
///
/// The text is not JSON, the record lacks what the service relies on, or it was written by a later
/// release.
pub fn shape(kind: &Kind, text: &str, release: Release) -> Result<Shaped, InvalidRecord> {
    // Everything below may take the text for valid JSON.
    serde_json::from_str::<&serde_json::value::RawValue>(text)
        .map_err(|error| InvalidRecord::whole(error.to_string()))?;
    let mut shaper = Shaper {
        release,
        path: FieldPath::default(),
        ids: made::Ids::new(text),
        time: time_of(text),
        unknown_values: BTreeSet::new(),
        later: None,
    };
    let mut json = String::with_capacity(text.len() + text.len() / 4);
    let outcome = shaper.object(kind, text, &mut json);
    // A record of a later release may also lack fields: that is not what is wrong with it.
    if let Some(later) = shaper.later {
        return Err(InvalidRecord::LaterRelease(later));
    }
    outcome.map(|()| Shaped { json, unknown_values: shaper.unknown_values })
}

/// The time that stands for absent times inside of a record: when it was last written, or created.
fn time_of(record: &str) -> String {
    let members = Members::new(record.trim()).unwrap_or_default();
    let time = ["updated_at", "created_at"].iter().find_map(|name| text_of(members.get(name)?));
    time.unwrap_or_else(|| Timestamp::now().as_str().to_owned())
}

fn text_of(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

struct Shaper {
    release: Release,
    path: FieldPath,
    ids: made::Ids,
    time: String,
    unknown_values: BTreeSet<String>,
    /// The latest of the releases that brought a field of the record which the set release cannot
    /// have.
    later: Option<Release>,
}

type Outcome = Result<(), InvalidRecord>;

impl Shaper {
    fn object(&mut self, kind: &Kind, json: &str, out: &mut String) -> Outcome {
        let mut members = Members::new(json).map_err(|error| self.unreadable(&Type::Free, json, &error))?;
        for fold in kind.folds.iter().filter(|fold| fold.since <= self.release) {
            (fold.apply)(&mut members);
        }
        self.note_later_fields(kind, &members);
        let outer_time = (kind.name == "message")
            .then(|| text_of(members.get("created_at")?))
            .flatten()
            .map(|time| std::mem::replace(&mut self.time, time));
        out.push('{');
        let start = out.len();
        for field in kind.fields_of(self.release) {
            separate(out, start);
            let _ = write!(out, "\"{}\":", field.name);
            match members.get(field.name) {
                Some(value) => {
                    self.path.push(Step::Field(field.name));
                    self.value(&field.value, value, field, out)?;
                    self.path.pop();
                }
                None => self.absent(field, out)?,
            }
        }
        for (key, value) in members.iter().filter(|(key, _)| self.keeps_extra(kind, key)) {
            separate(out, start);
            out.push_str(&serde_json::Value::from(key).to_string());
            out.push(':');
            self.copy(value, out)?;
        }
        out.push('}');
        if let Some(outer_time) = outer_time {
            self.time = outer_time;
        }
        Ok(())
    }

    /// Whether a member that is no field of the release stays: one that no release knows, or a
    /// provider's.
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

    fn note_later_fields(&mut self, kind: &Kind, members: &Members<'_>) {
        if kind.keeps_provider_fields(self.release) {
            return;
        }
        for (key, _) in members.iter() {
            let mut fields = kind.fields.iter().filter(|field| field.name == key);
            let since = fields.by_ref().map(|field| field.since).min();
            if let Some(since) = since.filter(|since| *since > self.release) {
                self.later = self.later.max(Some(since));
            }
        }
    }

    fn absent(&mut self, field: &Field, out: &mut String) -> Outcome {
        match field.absent_in(self.release) {
            Absent::Required => {
                return Err(self.invalid(format!("missing field `{}`", field.name)));
            }
            Absent::Json(json) => out.push_str(json),
            Absent::Object => {
                if let Type::Object(kind) = field.value {
                    self.path.push(Step::Field(field.name));
                    self.object(kind, "{}", out)?;
                    self.path.pop();
                }
            }
            Absent::Made(made) => {
                let text = match made {
                    Made::Id => self.ids.next(),
                    Made::Now => Timestamp::now().as_str().to_owned(),
                    Made::Time => self.time.clone(),
                    Made::SessionName => self.time.get(..19).unwrap_or(&self.time).replace('T', " "),
                    Made::TimeZone => "UTC".to_owned(),
                };
                out.push_str(&serde_json::Value::from(text).to_string());
            }
        }
        Ok(())
    }

    fn value(&mut self, value: &Type, json: &str, field: &Field, out: &mut String) -> Outcome {
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
                _ => Err(self.unexpected(value, json)),
            },
            Type::OneOf(values, added) => {
                let known = text_of(json).is_some_and(|text| {
                    values.contains(&text.as_str())
                        || added.iter().any(|(since, value)| *since <= self.release && *value == text)
                });
                if !known {
                    self.note_unknown_value();
                }
                self.copy(json, out)
            }
            leaf => self.leaf(leaf, json, field, out),
        }
    }

    fn leaf(&mut self, value: &Type, json: &str, field: &Field, out: &mut String) -> Outcome {
        let start = out.len();
        self.copy(json, out)?;
        match canonical(value, &out[start..], field.bounds_in(self.release)) {
            Some(Cow::Borrowed(_)) => {}
            Some(Cow::Owned(text)) => out.replace_range(start.., &text),
            None if matches!(value, Type::Id | Type::ListTime) => return Err(self.unexpected(value, json)),
            None => {
                self.note_unknown_value();
                // JSON has no such number.
                if out[start..].parse::<f64>().is_ok_and(|number| !number.is_finite()) {
                    out.replace_range(start.., "null");
                }
            }
        }
        Ok(())
    }

    /// An object of one of these kinds. One whose kind the release does not know is kept as it
    /// came.
    fn tagged(&mut self, kinds: &'static [&'static Kind], json: &str, out: &mut String) -> Outcome {
        let members = Members::new(json).map_err(|error| self.unreadable(&Type::Free, json, &error))?;
        let tag = members.get("type").filter(|tag| *tag != "null");
        let mut known = kinds.iter().filter(|kind| kind.since() <= self.release);
        let kind = match tag {
            Some(tag) => {
                let tag = text_of(tag);
                known.find(|kind| kind.tag() == tag.as_deref())
            }
            None => {
                let kind = known.find(|kind| !kind.told_by.is_empty() && members.has(kind.told_by));
                if kind.is_none() {
                    return Err(self.invalid("missing field `type`"));
                }
                kind
            }
        };
        match kind {
            Some(kind) if tag.is_some() => self.object(kind, json, out),
            // The null is no type.
            Some(kind) => {
                let mut members = members;
                members.set("type", format!("\"{}\"", kind.tag().unwrap_or_default()));
                let json = members.to_json();
                self.object(kind, &json, out)
            }
            None => {
                self.path.push(Step::Field("type"));
                self.note_unknown_value();
                self.path.pop();
                self.copy(json, out)
            }
        }
    }

    fn list(
        &mut self,
        json: &str,
        out: &mut String,
        mut each: impl FnMut(&mut Self, &str, &mut String) -> Outcome,
    ) -> Outcome {
        let elements = match Elements::new(json) {
            Ok(elements) => elements,
            Err(error) => return Err(self.unreadable(&Type::List(&Type::Any), json, &error)),
        };
        out.push('[');
        let start = out.len();
        for (index, element) in elements.0.into_iter().enumerate() {
            separate(out, start);
            self.path.push(Step::Index(index));
            each(self, element, out)?;
            self.path.pop();
        }
        out.push(']');
        Ok(())
    }

    fn map(&mut self, element: &Type, json: &str, field: &Field, out: &mut String) -> Outcome {
        let members = Members::new(json).map_err(|error| self.unreadable(&Type::Free, json, &error))?;
        out.push('{');
        let start = out.len();
        for (key, value) in members.iter() {
            separate(out, start);
            out.push_str(&serde_json::Value::from(key).to_string());
            out.push(':');
            self.path.push(Step::Key(key.to_owned()));
            self.value(element, value, field, out)?;
            self.path.pop();
        }
        out.push('}');
        Ok(())
    }

    /// Copies a value as it came, without blanks and needless escapes.
    fn copy(&self, json: &str, out: &mut String) -> Outcome {
        let compact = compact(json);
        match compact.map_err(|error| self.invalid(without_position(&error.to_string())))? {
            Some(text) => out.push_str(&text),
            None => out.push_str(json),
        }
        Ok(())
    }

    fn note_unknown_value(&mut self) {
        self.unknown_values.insert(self.path.pattern());
    }

    fn unexpected(&self, value: &Type, json: &str) -> InvalidRecord {
        self.invalid(format!("invalid type: {}, expected {}", kind_of(&compact_text(json)), expected(value)))
    }

    /// The error of a value that was read as an object or a list: it is neither, or a text in it
    /// cannot be read.
    fn unreadable(&self, value: &Type, json: &str, error: &serde_json::Error) -> InvalidRecord {
        let is_of_kind = match value {
            Type::List(_) => json.starts_with('['),
            _ => json.starts_with('{'),
        };
        if is_of_kind { self.invalid(without_position(&error.to_string())) } else { self.unexpected(value, json) }
    }

    fn invalid(&self, problem: impl Into<String>) -> InvalidRecord {
        InvalidRecord::Field { path: self.path.exact(), problem: problem.into() }
    }
}

fn separate(out: &mut String, start: usize) {
    if out.len() > start {
        out.push(',');
    }
}

/// The message without the position, which is that of a fragment.
fn without_position(message: &str) -> &str {
    message.rfind(" at line ").map_or(message, |at| &message[..at])
}
