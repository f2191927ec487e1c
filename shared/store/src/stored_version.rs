//! What a table holds of a record, as far as whoever keeps copies has to know.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::batch::GET_LIMIT;
use crate::item::{Fields, Item, key};
use crate::tables::{EXPIRES_AT, OWNER};
use crate::{Store, StoreError, keys};

/// The attribute that tells whether a copy is that of the original as it is now.
pub(crate) const CONTENT_HASH: &str = "content_hash";
/// What of a head and of a lease has to be known.
const HELD: [&str; 4] = [CONTENT_HASH, "version", "parts", EXPIRES_AT];

/// The kinds of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// Agents.
    Agent,
    /// Teams.
    Team,
    /// Schedules.
    Schedule,
    /// Sessions.
    Session,
}

impl RecordKind {
    /// All of them; those to which others refer before these.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Team, Self::Schedule, Self::Session];

    /// As `agent`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Team => "team",
            Self::Schedule => "schedule",
            Self::Session => "session",
        }
    }
}

/// What is written down about the original of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFingerprint {
    /// A hash of all that the copy is made of.
    pub content_hash: [u8; 32],
    /// Whether a session is on its agent's list. One that is not can be found by its id alone.
    pub is_on_agent_list: bool,
    /// The same for the schedule that started it.
    pub is_on_schedule_list: bool,
}

impl SourceFingerprint {
    pub(crate) fn mark(&self, item: &mut Item) {
        item.insert(CONTENT_HASH.into(), AttributeValue::B(Blob::new(self.content_hash)));
    }
}

/// What a table holds under a key, as far as a writer of copies has to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredVersion {
    pub(crate) content_hash: Option<Vec<u8>>,
    pub(crate) version: Option<String>,
    /// Whether parts of a state may belong to it.
    pub(crate) has_parts: bool,
    pub(crate) is_there: bool,
}

impl StoredVersion {
    fn of(item: Option<Item>) -> Self {
        let Some(mut item) = item else { return Self::default() };
        let content_hash = match item.remove(CONTENT_HASH) {
            Some(AttributeValue::B(hash)) => Some(hash.into_inner()),
            _ => None,
        };
        let version = match item.remove("version") {
            Some(AttributeValue::S(version)) => Some(version),
            _ => None,
        };
        // A claim has them as well, or will.
        let has_parts = item.contains_key("parts") || item.contains_key(EXPIRES_AT);
        Self { content_hash, version, has_parts, is_there: true }
    }

    /// Whether there is anything.
    pub fn is_there(&self) -> bool {
        self.is_there
    }

    /// Whether it is the copy of an original with this hash.
    pub fn is_copy_of(&self, content_hash: &[u8; 32]) -> bool {
        self.content_hash.as_deref() == Some(content_hash)
    }
}

impl Store {
    /// What is held of these records, each named once, and when the leases of sessions end or have ended, in the order in which
    /// they are named; of a moment ago unless it is requested consistently. Nothing is held under an id that no table can hold.
    /// A lease without a readable end has the latest there is.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn stored_versions(
        &self,
        kind: RecordKind,
        records: &[(&str, &str)],
        consistent: bool,
    ) -> Result<Vec<(StoredVersion, Option<u64>)>, StoreError> {
        let (table, sort) = self.table_of(kind);
        let is_session = kind == RecordKind::Session;
        let attributes: &[_] = if is_session { &HELD } else { &HELD[..1] };
        let mut found = HashMap::new();
        for chunk in records.chunks(if is_session { GET_LIMIT / 2 } else { GET_LIMIT }) {
            let keys = chunk.iter().flat_map(|(user_id, id)| {
                let lease = is_session.then(|| keys::run(id));
                let sort_keys = [Some(sort_key(kind, id)), lease].into_iter().flatten();
                sort_keys
                    .filter(|sort_key| keys::can_exist(user_id, sort_key))
                    .map(|sort_key| key(user_id, sort, sort_key))
            });
            let keys: Vec<_> = keys.collect();
            if keys.is_empty() {
                continue;
            }
            for item in self.get_chunk(table, sort, keys, attributes, consistent).await? {
                let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
                found.insert((text(OWNER), text(sort)), item);
            }
        }
        let responses = records.iter().map(|(user_id, id)| {
            let held = StoredVersion::of(found.remove(&((*user_id).to_owned(), sort_key(kind, id))));
            let lease = found.remove(&((*user_id).to_owned(), keys::run(id))).filter(|_| is_session);
            // One that no reader could read is wrong whatever it should be.
            let lease = lease.map(|item| Fields::new(table, sort, item).optional_number(EXPIRES_AT).ok().flatten());
            (held, lease.map(|end| end.unwrap_or(u64::MAX)))
        });
        Ok(responses.collect())
    }

    /// The table of a kind of record, and its sort key.
    pub(crate) fn table_of(&self, kind: RecordKind) -> (&str, &'static str) {
        match kind {
            RecordKind::Agent => (&self.names.agents, "id"),
            RecordKind::Team => (&self.names.teams, "id"),
            RecordKind::Schedule => (&self.names.schedules, "id"),
            RecordKind::Session => (&self.names.sessions, "item"),
        }
    }
}

/// The sort key of a record.
pub(crate) fn sort_key(kind: RecordKind, id: &str) -> String {
    if kind == RecordKind::Session { keys::head(id) } else { id.to_owned() }
}
