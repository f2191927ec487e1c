//! How the objects of records are described: kinds of object, their fields, and how both differ
//! between releases.
//!
//! The descriptions are data. [`shape`](crate::shape) brings records into the shape of a release by
//! them, and the API's description takes its schemas from them.

use crate::Release;
use crate::folds::Fold;

/// A kind of object, with all the fields that it has had.
#[derive(Debug)]
pub struct Kind {
    /// Its name, unique among the kinds.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// Its fields in the order of the wire. A field that moved stands in each of its places.
    pub fields: &'static [Field],
    /// What becomes of fields that are not among these.
    pub extras: Extras,
    /// The steps that bring the shapes of earlier releases into a later one.
    pub folds: &'static [Fold],
    /// The field by which an object of this kind is recognized where it has no `type`. Empty: it is
    /// not.
    pub told_by: &'static str,
}

/// What becomes of a field that no release knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extras {
    /// It belongs to a release that is not known yet, and is kept after the known fields.
    OfNewerReleases,
    /// Model providers add fields of their own. They are kept after the known fields, up to this
    /// release (`None`: in all releases), and dropped later.
    OfProviders(Option<Release>),
}

/// A field of a kind of object.
#[derive(Debug)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// The type of its value.
    pub value: Type,
    /// What stands for it where it is absent.
    pub absent: Absent,
    /// What stands for it from later releases on, oldest first.
    pub absent_later: &'static [(Release, Absent)],
    /// The first release that has it.
    pub since: Release,
    /// The last release that has it here. `None`: the newest has it.
    pub until: Option<Release>,
    /// The bounds of its number, and from which release on they hold. The latest counts.
    pub bounds: &'static [(Release, &'static [Bound])],
}

/// What stands for an absent field.
#[derive(Debug, Clone, Copy)]
pub enum Absent {
    /// Nothing: the record is invalid.
    Required,
    /// This JSON.
    Json(&'static str),
    /// An object of the field's kind in which every field is absent.
    Object,
    /// A value that is made for this record.
    Made(Made),
}

/// Values that AgentScope makes up for absent fields, anew whenever it reads a record. Here they
/// are made once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// An id: 32 hexadecimal digits.
    Id,
    /// The time of writing, of a record.
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
    /// A text that the service relies on: an id. Anything else makes the record invalid.
    Id,
    /// The time by which lists are ordered. Anything else makes the record invalid.
    ListTime,
    /// A date and time.
    Time,
    /// A text.
    Text,
    /// An address.
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
    /// One of these texts, or of those that came with a later release.
    OneOf(&'static [&'static str], &'static [(Release, &'static str)]),
    /// An object.
    Object(&'static Kind),
    /// An object of one of these kinds, told apart by `type`.
    Tagged(&'static [&'static Kind]),
    /// A list.
    List(&'static Type),
    /// An object with any keys and such values.
    Map(&'static Type),
    /// Such a value, or null.
    Nullable(&'static Type),
    /// A text, or a list of objects of these kinds.
    TextOr(&'static [&'static Kind]),
}

/// A bound of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// It is greater.
    Above(f64),
    /// It is greater or equal.
    AtLeast(f64),
    /// It is less.
    Below(f64),
    /// It is less or equal.
    AtMost(f64),
}

impl Bound {
    /// Whether a number keeps within it.
    pub fn contains(self, number: f64) -> bool {
        match self {
            Self::Above(bound) => number > bound,
            Self::AtLeast(bound) => number >= bound,
            Self::Below(bound) => number < bound,
            Self::AtMost(bound) => number <= bound,
        }
    }
}

impl Kind {
    pub(crate) const fn new(name: &'static str, about: &'static str, fields: &'static [Field]) -> Self {
        Self { name, about, fields, extras: Extras::OfNewerReleases, folds: &[], told_by: "" }
    }

    pub(crate) const fn extras(mut self, extras: Extras) -> Self {
        self.extras = extras;
        self
    }

    pub(crate) const fn folds(mut self, folds: &'static [Fold]) -> Self {
        self.folds = folds;
        self
    }

    pub(crate) const fn told_by(mut self, field: &'static str) -> Self {
        self.told_by = field;
        self
    }

    /// The fields that a release has, in the order of the wire.
    pub fn fields_of(&self, release: Release) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().filter(move |field| field.exists_in(release))
    }

    /// The value of `type` that names this kind. `None`: it is not one of several.
    pub fn tag(&self) -> Option<&'static str> {
        match self.fields {
            [Field { name: "type", value: Type::OneOf([tag], []), .. }, ..] => Some(*tag),
            _ => None,
        }
    }

    /// The first release that has it. A kind that is one of several came when its `type` did.
    pub fn since(&self) -> Release {
        self.fields.iter().map(|field| field.since).min().unwrap_or(Release::OLDEST)
    }

    /// Whether extra fields that providers add are kept in a release.
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

    /// A field that must be there.
    pub(crate) const fn required(name: &'static str, value: Type, about: &'static str) -> Self {
        Self::new(name, value, Absent::Required, about)
    }

    /// A field with a default, as JSON.
    pub(crate) const fn default(name: &'static str, value: Type, json: &'static str, about: &'static str) -> Self {
        Self::new(name, value, Absent::Json(json), about)
    }

    /// A field that is null where it is absent.
    pub(crate) const fn nullable(name: &'static str, value: &'static Type, about: &'static str) -> Self {
        Self::new(name, Type::Nullable(value), Absent::Json("null"), about)
    }

    /// An object that may be absent, as all of its fields may.
    pub(crate) const fn object(name: &'static str, kind: &'static Kind, about: &'static str) -> Self {
        Self::new(name, Type::Object(kind), Absent::Object, about)
    }

    /// A field whose value is made up where it is absent.
    pub(crate) const fn made(name: &'static str, value: Type, made: Made, about: &'static str) -> Self {
        Self::new(name, value, Absent::Made(made), about)
    }

    /// The `type` of a kind that is one of several.
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

    /// What stands for it in a release where it is absent.
    pub fn absent_in(&self, release: Release) -> Absent {
        latest(self.absent_later, release).unwrap_or(self.absent)
    }

    /// The bounds of its number in a release.
    pub fn bounds_in(&self, release: Release) -> &'static [Bound] {
        latest(self.bounds, release).unwrap_or(&[])
    }
}

/// The value that came last up to a release.
fn latest<T: Copy>(values: &[(Release, T)], release: Release) -> Option<T> {
    values.iter().rev().find(|(since, _)| *since <= release).map(|(_, value)| *value)
}
