//! The typed record that a source record's text holds, and the operations on its replica.

use std::collections::BTreeSet;

use agentscope_model::non_finite::with_overflowing_numbers;
use agentscope_model::{AgentRecord, InvalidRecord, Release, ScheduleRecord, SessionRecord, TeamRecord};
use agentscope_store::{Difference, RecordKind, SourceFingerprint, Store, StoreError, StoredVersion};

use crate::record::Record;
use crate::source::identity::without_values;

/// Why a record cannot be copied. It quotes nothing of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidSourceRecord {
    /// It violates the model or the limits of the tables, as described.
    Problem(String),
    /// It comes from this release of AgentScope or a later one, and an earlier one is set.
    LaterRelease(Release),
}

/// A valid source record.
#[derive(Debug)]
pub struct ParsedRecord {
    kind: RecordKind,
    fingerprint: SourceFingerprint,
    pub(super) record: TypedRecord,
}

#[derive(Debug)]
pub(super) enum TypedRecord {
    Agent(AgentRecord),
    Team(TeamRecord),
    Schedule(ScheduleRecord),
    Session(Box<SessionRecord>),
}

/// Evaluates an expression for the record of whichever kind.
macro_rules! for_any_kind {
    ($typed:expr, $record:ident => $value:expr) => {
        match $typed {
            TypedRecord::Agent($record) => $value,
            TypedRecord::Team($record) => $value,
            TypedRecord::Schedule($record) => $value,
            TypedRecord::Session($record) => $value,
        }
    };
}

impl ParsedRecord {
    pub(super) fn new(
        kind: RecordKind,
        text: &[u8],
        release: Release,
        fingerprint: SourceFingerprint,
    ) -> Result<Self, InvalidSourceRecord> {
        let record = match kind {
            RecordKind::Agent => TypedRecord::Agent(parse(text, release)?),
            RecordKind::Team => TypedRecord::Team(parse(text, release)?),
            RecordKind::Schedule => TypedRecord::Schedule(parse(text, release)?),
            RecordKind::Session => TypedRecord::Session(Box::new(parse(text, release)?)),
        };
        Ok(Self { kind, fingerprint, record })
    }

    /// The kind of record.
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    /// The fields with values that the release does not know.
    pub fn unknown_values(&self) -> &BTreeSet<String> {
        for_any_kind!(&self.record, record => &record.unknown_values)
    }

    /// Writes the replica if the table still stores this version. Returns whether it did.
    ///
    /// # Errors
    ///
    /// The record exceeds a limit of the tables, or DynamoDB does not respond.
    pub async fn write_replica(&self, store: &Store, stored: &StoredVersion) -> Result<bool, StoreError> {
        for_any_kind!(&self.record, record => record.copy(store, &self.fingerprint, stored).await)
    }

    /// Compares the replica with the record; `None` if it is identical.
    ///
    /// # Errors
    ///
    /// The record exceeds a limit of the tables, or DynamoDB does not respond.
    pub async fn compare_replica(&self, store: &Store) -> Result<Option<Difference>, StoreError> {
        for_any_kind!(&self.record, record => record.compare(store, &self.fingerprint).await)
    }
}

/// Parses a record. The message of an error names the field and what was expected there, and
/// quotes nothing of the record: it goes to logs.
fn parse<T: Record>(text: &[u8], release: Release) -> Result<T, InvalidSourceRecord> {
    let text = std::str::from_utf8(text);
    let text = text.map_err(|_| InvalidSourceRecord::Problem(".: it is not UTF-8".to_owned()))?;
    agentscope_model::parse(&with_overflowing_numbers(text), release).map_err(|error| match error {
        InvalidRecord::LaterRelease(later) => InvalidSourceRecord::LaterRelease(later),
        InvalidRecord::Field { path, problem } => {
            InvalidSourceRecord::Problem(format!("{path}: {}", without_values(&problem)))
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem<T: Record + std::fmt::Debug>(text: &[u8]) -> String {
        match parse::<T>(text, Release::OLDEST).unwrap_err() {
            InvalidSourceRecord::Problem(problem) => problem,
            later => panic!("{later:?}"),
        }
    }

    #[test]
    fn messages_name_the_field_and_quote_nothing() {
        let record = |value: serde_json::Value| value.to_string().into_bytes();
        let wrong = record(json!({ "user_id": "u", "data": { "name": ["hunter2"] } }));
        assert_eq!(problem::<AgentRecord>(&wrong), "data: missing field `context_config`");
        let wrong = record(json!({ "user_id": "u", "agent_id": "a", "created_at": "hunter2", "config": {} }));
        assert_eq!(problem::<SessionRecord>(&wrong), "created_at: expected a date and time in ISO 8601");
        let wrong = record(json!({ "user_id": ["hunter2"], "data": {} }));
        assert_eq!(problem::<AgentRecord>(&wrong), "user_id: expected a string");
        assert_eq!(problem::<AgentRecord>(&record(json!({}))), ".: missing field `user_id`");
    }
}
