//! Records: their JSON, and the fields that the service looks up.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::kinds::agent::AGENT;
use crate::kinds::schedule::SCHEDULE;
use crate::schema::Kind;
use crate::shape::{Shaped, shape};
use crate::{InvalidRecord, Release};

/// A record of one of the four kinds.
pub trait Record: Sized {
    /// Its table of fields.
    const KIND: &'static Kind;

    /// Builds the record from its JSON in the shape of a release, and from its original text.
    ///
    /// # Errors
    ///
    /// The JSON is not a record of this kind.
    fn new(shaped: Shaped, source: &str, release: Release) -> Result<Self, InvalidRecord>;

    /// The user who owns it.
    fn user_id(&self) -> &str;

    /// Its id, unique among the owner's records of its kind.
    fn id(&self) -> &str;

    /// The fields with values that the release does not know. See [`Shaped::unknown_values`].
    fn unknown_values(&self) -> &BTreeSet<String>;
}

/// Reads a record from JSON text and brings it into the shape of a release.
///
/// Absent ids are derived from the text, so that the same text always results in the same record.
///
/// # Errors
///
/// The text is not JSON, the record lacks what the service depends on, or a later release wrote
/// it.
pub fn parse<T: Record>(text: &str, release: Release) -> Result<T, InvalidRecord> {
    T::new(shape(T::KIND, text, release)?, text, release)
}

/// Implements the methods of [`Record`] that return fields of the same names.
macro_rules! accessors {
    () => {
        fn user_id(&self) -> &str {
            &self.user_id
        }

        fn id(&self) -> &str {
            &self.id
        }

        fn unknown_values(&self) -> &BTreeSet<String> {
            &self.unknown_values
        }
    };
}

pub(crate) use accessors;

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRecord {
    /// The agent's id, unique among its owner's agents.
    pub id: String,
    /// The user who owns it.
    pub user_id: String,
    /// The record as compact JSON.
    pub json: String,
    /// The release of its shape.
    pub release: Release,
    /// See [`Record::unknown_values`].
    pub unknown_values: BTreeSet<String>,
}

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRecord {
    /// The schedule's id, unique among its owner's schedules.
    pub id: String,
    /// The user who owns it.
    pub user_id: String,
    /// The record as compact JSON.
    pub json: String,
    /// The release of its shape.
    pub release: Release,
    /// See [`Record::unknown_values`].
    pub unknown_values: BTreeSet<String>,
}

/// Implements [`Record`] for a kind of which the service looks up only owner and id.
macro_rules! plain_record {
    ($record:ident, $kind:expr) => {
        impl Record for $record {
            const KIND: &'static Kind = $kind;

            fn new(shaped: Shaped, _source: &str, release: Release) -> Result<Self, InvalidRecord> {
                let Keys { id, user_id } = facts(&shaped.json)?;
                Ok(Self { id, user_id, json: shaped.json, release, unknown_values: shaped.unknown_values })
            }

            accessors!();
        }
    };
}

plain_record!(AgentRecord, &AGENT);
plain_record!(ScheduleRecord, &SCHEDULE);

#[derive(Deserialize)]
struct Keys {
    id: String,
    user_id: String,
}

/// Deserializes the fields that the service looks up from shaped JSON.
pub(crate) fn facts<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, InvalidRecord> {
    serde_json::from_str(json).map_err(|error| InvalidRecord::whole(error.to_string()))
}
