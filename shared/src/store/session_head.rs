//! A session's head: the item that holds everything but what lies in parts.

use super::bulk::{self, PART_SIZE};
use super::item::{Fields, Item};
use super::session::StoredSession;
use super::tables::EXPIRES_AT;
use super::{StoreError, keys};
use crate::model::ParkedStatus;

/// More parts than a bulk of 1 GB takes, should it not compress at all: a bound on what a damaged head makes a reader ask for.
const MOST_PARTS: usize = (1 << 30) / PART_SIZE + 16;

/// The documents of a head that is small enough, and behind the bulk's own lines of one that is not.
pub(super) const DOCUMENTS: [&str; 5] = ["config", "permission_context", "tasks_context", "state_extra", "extra"];

/// The attributes of a head but for the bulk, and what tells a claim.
pub(super) const SUMMARY: [&str; 21] = [
    "id",
    "agent_id",
    "unindexed_agent_id",
    "source",
    "source_schedule_id",
    "unindexed_source_schedule_id",
    "team_id",
    "created_at",
    "updated_at",
    "listing",
    "version",
    "parked_status",
    "state_session_id",
    "reply_id",
    "cur_iter",
    "config",
    "permission_context",
    "tasks_context",
    "state_extra",
    "extra",
    EXPIRES_AT,
];

/// What of a head says with which agent a session is, and what tells a claim.
pub(super) const AGENT_OF_SESSION: [&str; 4] = ["id", "agent_id", "unindexed_agent_id", EXPIRES_AT];

/// A session's head: everything but the bulk of its state.
#[derive(Debug, Clone)]
pub struct SessionHead {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// The agent that it is with.
    pub agent_id: String,
    /// What started it: `user` or `schedule`.
    pub source: String,
    /// The schedule that started it.
    pub source_schedule_id: Option<String>,
    /// The team that it leads or works for.
    pub team_id: Option<String>,
    /// When it was created, as the record has it.
    pub created_at: String,
    /// When it was last written, as the record has it.
    pub updated_at: String,
    /// The key that it is listed under.
    pub listing: String,
    /// The version of its state. Every write makes another.
    pub version: String,
    /// What it waits for while it does not run.
    pub parked_status: Option<ParkedStatus>,
    /// The id that the state itself bears.
    pub state_session_id: String,
    /// The id of the reply that is being made, or was made last.
    pub reply_id: String,
    /// The iteration, as JSON.
    pub cur_iter: String,
    pub(super) documents: Option<Documents>,
    bulk: Place,
}

/// Where the bulk is.
#[derive(Debug, Clone)]
enum Place {
    /// In the head.
    Inline(Vec<u8>),
    /// In parts.
    Parts { count: usize, unpacked_size: usize },
    /// It was not asked for.
    Omitted,
}

/// The JSON texts of a session that are neither ids nor bulk.
#[derive(Debug, Clone)]
pub struct Documents {
    /// The configuration.
    pub config: String,
    /// The permissions.
    pub permission_context: String,
    /// The task list.
    pub tasks_context: String,
    /// Fields of the state that this version does not know: the text of an object.
    pub state_extra: String,
    /// Fields of the record that this version does not know: the text of an object.
    pub extra: String,
}

impl Documents {
    pub(super) fn len(&self) -> usize {
        let Self { config, permission_context, tasks_context, state_extra, extra } = self;
        [config, permission_context, tasks_context, state_extra, extra].into_iter().map(String::len).sum()
    }
}

impl SessionHead {
    /// How many parts the bulk lies in; 0 if it is in the head.
    pub fn parts(&self) -> usize {
        match self.bulk {
            Place::Inline(_) | Place::Omitted => 0,
            Place::Parts { count, .. } => count,
        }
    }

    /// Whether all of it that is wanted lies in the head.
    pub(crate) fn is_complete(&self) -> bool {
        match self.bulk {
            Place::Inline(_) => true,
            Place::Parts { .. } => false,
            Place::Omitted => !self.needs_bulk(),
        }
    }

    /// Whether documents of it lie with the bulk because they are too large for the head.
    pub(super) fn needs_bulk(&self) -> bool {
        self.documents.is_none()
    }

    /// The keys of the parts.
    pub(super) fn part_keys(&self) -> impl Iterator<Item = String> {
        (0..self.parts()).map(|number| keys::part(&self.id, &self.version, number))
    }

    /// How many bytes of JSON it makes with its state, at least. It is known before any part is read.
    pub fn json_size(&self) -> usize {
        let bulk = match &self.bulk {
            Place::Inline(packed) => bulk::unpacked_size(packed).unwrap_or(0),
            Place::Parts { unpacked_size, .. } => *unpacked_size,
            Place::Omitted => 0,
        };
        bulk + self.documents.as_ref().map_or(0, Documents::len)
    }

    /// The session, with `packed` as its bulk if that lies in parts.
    pub(super) fn with_bulk(mut self, table: &str, packed: Vec<u8>) -> StoredSession {
        let packed = match &mut self.bulk {
            Place::Inline(bytes) => std::mem::take(bytes),
            Place::Parts { .. } | Place::Omitted => packed,
        };
        StoredSession { head: self, table: table.to_owned(), packed, is_summary: false, json: None }
    }

    /// The session without its bulk.
    pub(super) fn without_bulk(self, table: &str) -> StoredSession {
        StoredSession { head: self, table: table.to_owned(), packed: Vec::new(), is_summary: true, json: None }
    }

    /// Reads a head.
    pub(super) fn from_item(table: &str, item: Item) -> Result<Self, StoreError> {
        let mut fields = Fields::new(table, "item", item);
        let inline = fields.optional_bytes("bulk")?;
        let parts = fields.optional_number("parts")?;
        let unpacked_size = fields.optional_number("bulk_size")?.unwrap_or(0);
        let size = |number| usize::try_from(number).unwrap_or(usize::MAX);
        let bulk = match (inline, parts) {
            (Some(bytes), None) => Place::Inline(bytes),
            (None, Some(count)) if size(count) > MOST_PARTS => {
                return Err(fields.unreadable("parts is more than a state can have"));
            }
            (None, Some(count)) => Place::Parts { count: size(count), unpacked_size: size(unpacked_size) },
            _ => return Err(fields.unreadable("it has neither bulk nor parts, or both")),
        };
        Self::from_fields(fields, bulk)
    }

    /// Reads a head that was asked for without its bulk.
    pub(super) fn from_summary_item(table: &str, item: Item) -> Result<Self, StoreError> {
        Self::from_fields(Fields::new(table, "item", item), Place::Omitted)
    }

    fn from_fields(mut fields: Fields<'_>, bulk: Place) -> Result<Self, StoreError> {
        let config = fields.optional_json(DOCUMENTS[0])?;
        let documents = match config {
            None => None,
            Some(config) => Some(Documents {
                config,
                permission_context: fields.json(DOCUMENTS[1])?,
                tasks_context: fields.json(DOCUMENTS[2])?,
                state_extra: fields.optional_object(DOCUMENTS[3])?.unwrap_or_else(|| "{}".into()),
                extra: fields.optional_object(DOCUMENTS[4])?.unwrap_or_else(|| "{}".into()),
            }),
        };
        let parked_status = match fields.optional_text("parked_status")? {
            None => None,
            Some(name) => {
                let status = ParkedStatus::from_name(&name);
                Some(status.ok_or_else(|| fields.unreadable("parked_status has an unknown value"))?)
            }
        };
        Ok(Self {
            id: fields.text("id")?,
            user_id: fields.text("user_id")?,
            agent_id: agent_id_of(&mut fields)?,
            source: fields.text("source")?,
            source_schedule_id: index_key_of(&mut fields, "source_schedule_id")?,
            team_id: fields.optional_text("team_id")?,
            created_at: fields.text("created_at")?,
            updated_at: fields.text("updated_at")?,
            listing: fields.text("listing")?,
            version: fields.text("version")?,
            parked_status,
            state_session_id: fields.text("state_session_id")?,
            reply_id: fields.text("reply_id")?,
            cur_iter: fields.json("cur_iter")?,
            documents,
            bulk,
        })
    }
}

/// The name under which an id is kept that no index shall find: one that cannot be a key, which nobody can ask for either, or
/// that of a list on which the original is not.
pub(super) fn unindexed(name: &str) -> String {
    format!("unindexed_{name}")
}

/// The agent of a head.
pub(super) fn agent_id_of(fields: &mut Fields<'_>) -> Result<String, StoreError> {
    index_key_of(fields, "agent_id")?.ok_or_else(|| fields.unreadable("agent_id is missing"))
}

fn index_key_of(fields: &mut Fields<'_>, name: &str) -> Result<Option<String>, StoreError> {
    match fields.optional_text(name)? {
        None => fields.optional_text(&unindexed(name)),
        id => Ok(id),
    }
}
