//! The four kinds of record, and the operations that all of them have.

use std::time::{Duration, Instant};

use agentscope_model::Record;

use crate::attributes::{ID, ITEM};
use crate::tables::{TableNames, TableRef};
use crate::{ConstraintViolation, Difference, SourceFingerprint, Store, StoreError, StoredVersion, keys};

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// An agent.
    Agent,
    /// A team.
    Team,
    /// A schedule.
    Schedule,
    /// A session.
    Session,
}

impl RecordKind {
    /// All kinds. A kind comes after the kinds that it refers to.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Team, Self::Schedule, Self::Session];

    /// The name in lower case, as `agent`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Team => "team",
            Self::Schedule => "schedule",
            Self::Session => "session",
        }
    }

    /// The sort key of a record in its table.
    pub(crate) fn sort_key(self, id: &str) -> String {
        if self == Self::Session { keys::head(id) } else { id.to_owned() }
    }
}

impl TableNames {
    /// The table that holds a kind of record.
    pub(crate) fn of(&self, kind: RecordKind) -> TableRef<'_> {
        match kind {
            RecordKind::Agent => TableRef { name: &self.agents, sort: ID },
            RecordKind::Team => TableRef { name: &self.teams, sort: ID },
            RecordKind::Schedule => TableRef { name: &self.schedules, sort: ID },
            RecordKind::Session => TableRef { name: &self.sessions, sort: ITEM },
        }
    }
}

/// The maximum number of records in one change mark: with ids of 1 KB it has some 130 KB.
pub const MAX_MARKED: usize = 50;

/// The time for which a write relies on a change mark: far less than a mark counts.
const MARK_VALIDITY: Duration = Duration::from_secs(10);

/// A record that a change mark announces.
#[derive(Debug, Clone, Default)]
pub struct Marked {
    /// The version of a session that is stored now.
    pub(crate) current: Option<String>,
    /// The version of a session that is to be written.
    pub(crate) version: String,
    /// When the mark was left; `None` before that.
    pub(crate) at: Option<Instant>,
}

impl Marked {
    /// Whether the mark counts still, for a write that happens now.
    pub(crate) fn is_valid(&self) -> bool {
        self.at.is_some_and(|at| at.elapsed() < MARK_VALIDITY)
    }
}

/// A record that the store can hold.
///
/// An agent, team or schedule is one item. A session is a head and any number of parts.
pub trait StoredRecord: Record + Send + Sync {
    /// The kind of this type of record.
    const RECORD_KIND: RecordKind;

    /// Checks the record against the limits of its table.
    ///
    /// # Errors
    ///
    /// The record does not fit: a key is empty or too long, or an item is too large.
    fn validate(&self) -> Result<(), ConstraintViolation>;

    /// Writes the record, and replaces the stored one. Of two concurrent writers of a session, the
    /// one that writes its head last wins.
    ///
    /// # Errors
    ///
    /// The record does not fit its table, DynamoDB does not respond, or other writers of the
    /// session keep interfering.
    fn put(&self, store: &Store) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What the records of one change mark have in common: their owner, and the lists that they
    /// are on.
    fn group(&self) -> (String, Vec<String>);

    /// Leaves one change mark for records of one [`group`](Self::group), each of which is about to
    /// be written with [`put_marked`](Self::put_marked). Lists read a mark of many records at a
    /// fraction of the price of many marks. At most [`MAX_MARKED`] records fit one mark.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    fn mark_all(store: &Store, records: &[Self]) -> impl Future<Output = Result<Vec<Marked>, StoreError>> + Send
    where
        Self: Sized;

    /// Writes the record like [`put`](Self::put), after its change mark.
    ///
    /// # Errors
    ///
    /// As those of [`put`](Self::put).
    fn put_marked(&self, store: &Store, marked: Marked) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes the replica of a source record on condition that `replaced` is still stored. Returns
    /// whether it was, and so whether the replica was written.
    ///
    /// # Errors
    ///
    /// The record does not fit its table, or DynamoDB does not respond.
    fn replicate(
        &self,
        store: &Store,
        source: &SourceFingerprint,
        replaced: &StoredVersion,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Compares the stored record with this one, down to the last byte of a session's state.
    ///
    /// # Errors
    ///
    /// The record does not fit its table, or DynamoDB does not respond.
    fn compare(
        &self,
        store: &Store,
        source: &SourceFingerprint,
    ) -> impl Future<Output = Result<Option<Difference>, StoreError>>;
}
