//! The schema of records: kinds of objects, their fields, and how both differ between releases.
//!
//! The schema is data. [`shape`](crate::shape) uses it to bring records into the shape of a
//! release, and `openapi.yaml` is generated from it.

use crate::Release;
use crate::bound::Bound;
use crate::folds::Fold;

/// A kind of object, with the fields of all releases.
#[derive(Debug)]
pub struct Kind {
    /// Its name, unique among the kinds.
    pub name: &'static str,
    /// Its description, in a sentence.
    pub about: &'static str,
    /// Its fields in the order of AgentScope's responses. A field that moved is listed once for
    /// each position.
    pub fields: &'static [Field],
    /// The treatment of other fields.
    pub extras: Extras,
    /// The folds of earlier shapes into later ones, oldest first.
    pub folds: &'static [Fold],
    /// The field that identifies an object of this kind without a `type`. Empty if there is none.
    pub recognized_by: &'static str,
}

/// The treatment of a field that no release knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extras {
    /// The field is of an unknown, newer release. It is kept after the known fields.
    OfNewerReleases,
    /// The field is a model provider's. It is kept after the known fields up to this release, and
    /// dropped in later ones. `None`: kept in all releases.
    OfProviders(Option<Release>),
}

/// A field of a kind of object.
#[derive(Debug)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its description, in a sentence.
    pub about: &'static str,
    /// The type of its value.
    pub value: Type,
    /// The default of the oldest release that has it.
    pub absent: Absent,
    /// The defaults of later releases, oldest first.
    pub absent_later: &'static [(Release, Absent)],
    /// The first release that has it.
    pub since: Release,
    /// The last release that has it in this position. `None`: the newest has it.
    pub until: Option<Release>,
    /// The bounds of its number, each with the first release that has them, oldest first.
    pub bounds: &'static [(Release, &'static [Bound])],
}

/// The default of an absent field.
#[derive(Debug, Clone, Copy)]
pub enum Absent {
    /// None: the record is invalid.
    Required,
    /// This JSON.
    Json(&'static str),
    /// An object of the field's kind in which every field is absent.
    Object,
    /// A value that is generated for this record.
    Generated(Generated),
}

/// A value that AgentScope generates for an absent field whenever it reads the record. The service
/// generates it once, when it stores the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    /// An id: 32 hexadecimal digits.
    Id,
    /// The current time.
    Now,
    /// The time of the message or of the record in which the field is absent, as text.
    Time,
    /// The name of a session: the record's time, as `2026-01-01 10:00:00`.
    SessionName,
    /// The name of a time zone.
    TimeZone,
}

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// An id that the service depends on: a string. Any other value makes the record invalid.
    Id,
    /// The time that orders lists. Any other value makes the record invalid.
    ListTime,
    /// A date and time.
    Time,
    /// A string.
    Text,
    /// A URL.
    Url,
    /// An integer of any length.
    Integer,
    /// A floating-point number.
    Float,
    /// `true` or `false`.
    Boolean,
    /// Any value.
    Any,
    /// An object with any keys and values.
    Free,
    /// One of these strings, or of the strings that later releases added.
    OneOf(&'static [&'static str], &'static [(Release, &'static str)]),
    /// An object.
    Object(&'static Kind),
    /// An object of one of these kinds. `type` identifies the kind.
    Tagged(&'static [&'static Kind]),
    /// A list.
    List(&'static Type),
    /// An object with any keys and values of this type.
    Map(&'static Type),
    /// A value of this type, or null.
    Nullable(&'static Type),
    /// A string, or a list of objects of these kinds.
    TextOr(&'static [&'static Kind]),
}

impl Kind {
    pub(crate) const fn new(name: &'static str, about: &'static str, fields: &'static [Field]) -> Self {
        Self { name, about, fields, extras: Extras::OfNewerReleases, folds: &[], recognized_by: "" }
    }

    pub(crate) const fn extras(mut self, extras: Extras) -> Self {
        self.extras = extras;
        self
    }

    pub(crate) const fn folds(mut self, folds: &'static [Fold]) -> Self {
        self.folds = folds;
        self
    }

    pub(crate) const fn recognized_by(mut self, field: &'static str) -> Self {
        self.recognized_by = field;
        self
    }

    /// The fields of a release, in the order of AgentScope's responses.
    pub fn fields_of(&self, release: Release) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().filter(move |field| field.exists_in(release))
    }

    /// The value of `type` that identifies this kind. `None`: the kind has no alternatives.
    pub fn tag(&self) -> Option<&'static str> {
        match self.fields {
            [Field { name: "type", value: Type::OneOf([tag], []), .. }, ..] => Some(*tag),
            _ => None,
        }
    }

    /// The first release that has it.
    pub fn since(&self) -> Release {
        self.fields.iter().map(|field| field.since).min().unwrap_or(Release::OLDEST)
    }

    /// Whether a release keeps the fields of providers.
    pub fn keeps_provider_fields(&self, release: Release) -> bool {
        match self.extras {
            Extras::OfNewerReleases => false,
            Extras::OfProviders(until) => until.is_none_or(|until| release <= until),
        }
    }
}

impl Field {
    const fn new(name: &'static str, value: Type, absent: Absent, about: &'static str) -> Self {
        Self { name, about, value, absent, absent_later: &[], since: Release::OLDEST, until: None, bounds: &[] }
    }

    /// A required field.
    pub(crate) const fn required(name: &'static str, value: Type, about: &'static str) -> Self {
        Self::new(name, value, Absent::Required, about)
    }

    /// A field with a default, as JSON.
    pub(crate) const fn default(name: &'static str, value: Type, json: &'static str, about: &'static str) -> Self {
        Self::new(name, value, Absent::Json(json), about)
    }

    /// A field with the default null.
    pub(crate) const fn nullable(name: &'static str, value: &'static Type, about: &'static str) -> Self {
        Self::new(name, Type::Nullable(value), Absent::Json("null"), about)
    }

    /// A field whose default is an object with defaults in all its fields.
    pub(crate) const fn object(name: &'static str, kind: &'static Kind, about: &'static str) -> Self {
        Self::new(name, Type::Object(kind), Absent::Object, about)
    }

    /// A field whose default is generated.
    pub(crate) const fn generated(name: &'static str, value: Type, generated: Generated, about: &'static str) -> Self {
        Self::new(name, value, Absent::Generated(generated), about)
    }

    /// The `type` of a kind that has alternatives.
    pub(crate) const fn tag(values: &'static [&'static str], json: &'static str) -> Self {
        Self::default("type", Type::OneOf(values, &[]), json, "Tells the kind of object.")
    }

    pub(crate) const fn since(mut self, release: Release) -> Self {
        self.since = release;
        self
    }

    pub(crate) const fn until(mut self, release: Release) -> Self {
        self.until = Some(release);
        self
    }

    pub(crate) const fn absent_later(mut self, later: &'static [(Release, Absent)]) -> Self {
        self.absent_later = later;
        self
    }

    pub(crate) const fn bounds(mut self, bounds: &'static [(Release, &'static [Bound])]) -> Self {
        self.bounds = bounds;
        self
    }

    /// Whether a release has it.
    pub fn exists_in(&self, release: Release) -> bool {
        self.since <= release && self.until.is_none_or(|until| release <= until)
    }

    /// Its default in a release.
    pub fn absent_in(&self, release: Release) -> Absent {
        latest(self.absent_later, release).unwrap_or(self.absent)
    }

    /// The bounds of its number in a release.
    pub fn bounds_in(&self, release: Release) -> &'static [Bound] {
        latest(self.bounds, release).unwrap_or(&[])
    }
}

/// The newest value up to a release.
fn latest<T: Copy>(values: &[(Release, T)], release: Release) -> Option<T> {
    values.iter().rev().find(|(since, _)| *since <= release).map(|(_, value)| *value)
}
