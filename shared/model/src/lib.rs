//! The records of AgentScope 2.0, in the shape of each of its releases.
//!
//! [`parse`] reads a record and brings it into the shape of the set [`Release`]: fields in the
//! order of AgentScope's responses, defaults filled in, shapes of older releases folded. Values
//! that the service does not depend on are kept, even if the release does not know them. The
//! result is compact JSON: numbers keep all their digits, and strings are unescaped.
//!
//! # Layout
//!
//! - [`release`]: the releases in order, and what the lists of each show.
//! - [`schema`], [`bound`]: the types of a table of fields.
//! - [`kinds`]: the table of every kind of object, with the releases that have each field.
//! - [`folds`]: steps that migrate a record from an earlier shape to a later one.
//! - [`shape`]: brings a record into the shape of a release.
//! - `report`, `path`: the problems of a record and the paths of its fields.
//! - `generated`: values for fields that a record lacks.
//! - `scalar`, [`number`], [`non_finite`], [`url`], `timestamp`: values in the spelling of
//!   AgentScope.
//! - `json`, `members`: JSON as text.
//! - `invalid`: the error of a record that cannot be used.
//! - [`record`], [`session`], `team`, `status`: records, and what the service looks up in them.

pub mod bound;
pub mod folds;
mod generated;
mod invalid;
mod json;
pub mod kinds;
mod members;
pub mod non_finite;
pub mod number;
mod path;
pub mod record;
#[cfg(test)]
mod recorded;
pub mod release;
mod report;
mod scalar;
pub mod schema;
pub mod session;
pub mod shape;
mod status;
mod team;
mod timestamp;
pub mod url;

pub use invalid::InvalidRecord;
pub use record::{AgentRecord, Record, ScheduleRecord, parse};
pub use release::Release;
pub use session::{Outline, SessionRecord};
pub use status::ParkedStatus;
pub use team::{RosterEntry, TeamMembers, TeamRecord};
pub use timestamp::Timestamp;
