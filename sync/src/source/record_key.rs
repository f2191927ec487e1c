//! The records and session lists that a Redis key can belong to.

use std::fmt;

use agentscope_store::RecordKind;

/// Identifies a record: its kind, its owner and its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordKey {
    /// The kind of record.
    pub kind: RecordKind,
    /// The user that owns it.
    pub user_id: String,
    /// The record's id, unique for its kind and owner.
    pub id: String,
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} of user {:?}", self.kind.as_str(), self.id, self.user_id)
    }
}

/// The kind of record that a list of sessions belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListOwner {
    /// An agent: the list has its sessions.
    Agent,
    /// A schedule: the list has the sessions that it started.
    Schedule,
}

/// Identifies a list of sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionList {
    /// Whether it belongs to an agent or to a schedule.
    pub owner: ListOwner,
    /// The user.
    pub user_id: String,
    /// The id of the agent or schedule.
    pub id: String,
}
