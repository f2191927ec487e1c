//! The kinds of objects in records, as tables of fields.
//!
//! A table states the first and the last release of each field, and the default for records that
//! lack it. The source is the models of the releases. `tests/contract/releases/fields.json` is a
//! dump of them, and a test compares every release with that file.

pub mod agent;
pub mod block;
pub mod config;
pub mod message;
pub mod origin;
pub mod permission;
pub mod schedule;
pub mod session;
pub mod state;
pub mod task;
pub mod team;
pub mod tool;

use crate::Release;
use crate::schema::{Field, Generated, Type};

/// The release of everything that no later release introduced.
const OLDEST: Release = Release::OLDEST;

const TEXTS: Type = Type::List(&Type::Text);

/// The id of a record, unique among its owner's records of its kind.
const fn record_id() -> Field {
    Field::generated("id", Type::Id, Generated::Id, "The record's id, unique among its owner's records of this kind.")
}

/// The time at which a record was last written.
const fn updated_at() -> Field {
    Field::generated("updated_at", Type::Time, Generated::Now, "When the record was last written.")
}

/// The time at which a record was created.
const fn created_at(value: Type) -> Field {
    Field::generated("created_at", value, Generated::Now, "When the record was created.")
}

/// The owner of a record.
const fn user_id() -> Field {
    Field::required("user_id", Type::Id, "The user who owns the record.")
}

/// An id inside a record.
const fn id() -> Field {
    Field::generated("id", Type::Text, Generated::Id, "Its id.")
}
