//! The kinds of object that records are made of, one subject a file.
//!
//! Each states from which release on a field exists, until which, and what stands for it where a
//! record lacks it. The source is the models of the releases themselves, as
//! `tests/contract/releases/fields.json` records them; a test holds every release to that file.

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

use super::schema::{Field, Made, Type};

/// The release in which everything began that has no other.
const OLDEST: super::Release = super::Release::OLDEST;

const TEXTS: Type = Type::List(&Type::Text);

/// The id of a record, unique among its owner's records of its kind.
const fn record_id() -> Field {
    Field::made("id", Type::Id, Made::Id, "The record's id, unique among its owner's records of this kind.")
}

/// The time at which a record was last written.
const fn updated_at() -> Field {
    Field::made("updated_at", Type::Time, Made::Now, "When the record was last written.")
}

/// The time at which a record was created.
const fn created_at(value: Type) -> Field {
    Field::made("created_at", value, Made::Now, "When the record was created.")
}

/// The owner of a record.
const fn user_id() -> Field {
    Field::required("user_id", Type::Id, "The user who owns the record.")
}

/// An id inside a record.
const fn id() -> Field {
    Field::made("id", Type::Text, Made::Id, "Its id.")
}
