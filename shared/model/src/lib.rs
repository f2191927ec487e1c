//! The records of AgentScope 2.0, in the shape of each of its releases.
//!
//! A record that is taken in is read with [`parse`], which brings it into the shape of the set
//! [`Release`]: fields in the order of the wire, absent ones filled in, shapes of older releases
//! folded. What the service does not rely on is kept even where the release does not know it. The
//! result is compact JSON: numbers keep all their digits, strings are unescaped.
//!
//! - [`release`]: the releases, in order, and what the lists of each show.
//! - [`kinds`]: the fields of every kind of object, and the releases that have them. [`schema`]:
//!   what such a table says.
//! - [`shape`], [`folds`]: how a record is brought into a shape.
//! - [`record`], [`session`], `team`: what the service has to know of a record besides its JSON.

pub mod folds;
mod invalid;
mod json;
pub mod kinds;
mod leaf;
mod made;
mod members;
pub mod non_finite;
pub mod number;
mod path;
pub mod record;
#[cfg(test)]
mod recorded;
pub mod release;
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
