//! The head of a session: the item that holds everything but the parts of its state.

use agentscope_model::{Outline, ParkedStatus, Release};

use crate::attributes::{
    AGENT_ID, BULK, BULK_SIZE, CONVERSATION_AT, EXPIRES_AT, ID, JSON, LISTING, PARKED_STATUS, PARTS, RELEASE,
    SOURCE_SCHEDULE_ID, TEAM_ID, TOOL_CONTEXT_AT, UNINDEXED_AGENT_ID, UNINDEXED_SOURCE_SCHEDULE_ID, USER_ID, VERSION,
};
use crate::item::{Fields, Item};
use crate::tables::TableRef;
use crate::{StoreError, bulk, keys};

/// The attributes of a head without its bulk, and the one that only claims have.
pub(crate) const SUMMARY: [&str; 14] = [
    ID,
    AGENT_ID,
    UNINDEXED_AGENT_ID,
    SOURCE_SCHEDULE_ID,
    UNINDEXED_SOURCE_SCHEDULE_ID,
    TEAM_ID,
    LISTING,
    VERSION,
    PARKED_STATUS,
    RELEASE,
    JSON,
    CONVERSATION_AT,
    TOOL_CONTEXT_AT,
    EXPIRES_AT,
];

/// The attributes that name the agent of a session, and the one that only claims have.
pub(crate) const AGENT_OF_SESSION: [&str; 4] = [ID, AGENT_ID, UNINDEXED_AGENT_ID, EXPIRES_AT];

/// The head of a session: everything but the bulk of its state.
#[derive(Debug, Clone)]
pub struct SessionHead {
    /// Its id.
    pub id: String,
    /// The user who owns it.
    pub user_id: String,
    /// The agent that it talks to.
    pub agent_id: String,
    /// The schedule that started it.
    pub source_schedule_id: Option<String>,
    /// The team that it leads or belongs to.
    pub team_id: Option<String>,
    /// The range key of the indexes.
    pub listing: String,
    /// The version of its state. Every write creates a new one.
    pub version: String,
    /// What it waits for while it does not run.
    pub parked_status: Option<ParkedStatus>,
    /// Its JSON without the bulk. `None` if it is too large for the head, and lies with the bulk.
    json: Option<String>,
    conversation_at: usize,
    tool_context_at: usize,
    bulk: BulkLocation,
    /// The size of the unpacked bulk, in bytes; 0 if it was not requested.
    bulk_size: usize,
}

/// The location of the bulk.
#[derive(Debug, Clone)]
enum BulkLocation {
    /// In the head.
    Inline(Vec<u8>),
    /// In this many parts.
    Parts(usize),
    /// Unknown: it was not requested.
    Omitted,
}

impl SessionHead {
    /// The number of parts that hold the bulk; 0 if it is in the head.
    pub fn parts(&self) -> usize {
        match self.bulk {
            BulkLocation::Inline(_) | BulkLocation::Omitted => 0,
            BulkLocation::Parts(count) => count,
        }
    }

    /// Whether the head holds everything that was requested of the session.
    pub fn is_complete(&self) -> bool {
        match self.bulk {
            BulkLocation::Inline(_) => true,
            BulkLocation::Parts(_) => false,
            BulkLocation::Omitted => !self.needs_bulk(),
        }
    }

    /// Whether the session's JSON lies with the bulk because it is too large for the head.
    pub fn needs_bulk(&self) -> bool {
        self.json.is_none()
    }

    /// The session's JSON without the bulk; `None` if it lies with the bulk.
    pub(crate) fn outline(&self) -> Option<&str> {
        self.json.as_deref()
    }

    /// The session's JSON before, between and after the conversation and the tool context; `None`
    /// if the head's offsets do not match the JSON.
    pub(crate) fn around_bulk<'a>(&self, json: &'a str) -> Option<[&'a str; 3]> {
        let (before, rest) = json.split_at_checked(self.conversation_at)?;
        let rest = rest.strip_prefix(Outline::EMPTY_CONVERSATION)?;
        let between = self.tool_context_at.checked_sub(self.conversation_at + Outline::EMPTY_CONVERSATION.len())?;
        let (between, after) = rest.split_at_checked(between)?;
        Some([before, between, after.strip_prefix(Outline::EMPTY_TOOL_CONTEXT)?])
    }

    /// The keys of the parts.
    pub(crate) fn part_keys(&self) -> impl Iterator<Item = String> {
        (0..self.parts()).map(|number| keys::part(&self.id, &self.version, number))
    }

    /// The minimum size of the session's JSON with its state, in bytes. It is known before any
    /// part is read.
    pub fn json_size(&self) -> usize {
        self.bulk_size.saturating_add(self.outline_size())
    }

    /// The size of the session's JSON without the bulk, in bytes; 0 if it lies with the bulk.
    pub fn outline_size(&self) -> usize {
        self.json.as_ref().map_or(0, String::len)
    }

    /// The size of the unpacked bulk, in bytes; 0 if it was not requested.
    pub(crate) fn bulk_size(&self) -> usize {
        self.bulk_size
    }

    /// Removes the compressed bulk if it lies in the head.
    pub(crate) fn take_inline_bulk(&mut self) -> Option<Vec<u8>> {
        match &mut self.bulk {
            BulkLocation::Inline(bytes) => Some(std::mem::take(bytes)),
            BulkLocation::Parts(_) | BulkLocation::Omitted => None,
        }
    }

    /// The head with the session's JSON without the bulk, which lay with the bulk.
    pub(crate) fn with_outline(self, outline: String) -> Self {
        Self { json: Some(outline), ..self }
    }

    /// Reads a head.
    pub(crate) fn from_item(table: TableRef<'_>, release: Release, item: Item) -> Result<Self, StoreError> {
        let mut fields = Fields::new(table, item);
        let inline = fields.optional_bytes(BULK)?;
        let parts = fields.optional_number(PARTS)?;
        let bulk_size = fields.optional_number(BULK_SIZE)?;
        let size = |number| usize::try_from(number).unwrap_or(usize::MAX);
        let (bulk, bulk_size) = match (inline, parts, bulk_size) {
            (Some(packed), None, _) => {
                let size = bulk::unpacked_size(&packed);
                (
                    BulkLocation::Inline(packed),
                    size.ok_or_else(|| fields.unreadable("the state's bulk does not say its size"))?,
                )
            }
            (None, Some(_), Some(bulk_size)) if bulk_size > bulk::UNPACKED_LIMIT => {
                return Err(fields.unreadable("bulk_size is more than a state can have"));
            }
            (None, Some(count), Some(bulk_size)) if size(count) > bulk::most_parts(size(bulk_size)) => {
                return Err(fields.unreadable("it has more parts than a state of its size can have"));
            }
            (None, Some(count), Some(bulk_size)) => (BulkLocation::Parts(size(count)), size(bulk_size)),
            (None, Some(_), None) => return Err(fields.unreadable("bulk_size is missing")),
            _ => return Err(fields.unreadable("it has neither bulk nor parts, or both")),
        };
        Self::from_fields(fields, release, bulk, bulk_size)
    }

    /// Reads a head that was requested without its bulk.
    pub(crate) fn from_summary_item(table: TableRef<'_>, release: Release, item: Item) -> Result<Self, StoreError> {
        Self::from_fields(Fields::new(table, item), release, BulkLocation::Omitted, 0)
    }

    fn from_fields(
        mut fields: Fields<'_>,
        release: Release,
        bulk: BulkLocation,
        bulk_size: usize,
    ) -> Result<Self, StoreError> {
        fields.note_release(release)?;
        let json = fields.optional_object(JSON)?;
        let mut offset = |name| match fields.optional_number(name)?.and_then(|at| usize::try_from(at).ok()) {
            Some(at) => Ok(at),
            None => Err(fields.unreadable(format!("{name} is missing: it was written by an earlier version"))),
        };
        let (conversation_at, tool_context_at) = (offset(CONVERSATION_AT)?, offset(TOOL_CONTEXT_AT)?);
        let parked_status = match fields.optional_text(PARKED_STATUS)? {
            None => None,
            Some(name) => {
                let status = ParkedStatus::from_name(&name);
                Some(status.ok_or_else(|| fields.unreadable("parked_status has an unknown value"))?)
            }
        };
        let head = Self {
            id: fields.text(ID)?,
            user_id: fields.text(USER_ID)?,
            agent_id: agent_id_of(&mut fields)?,
            source_schedule_id: index_key_of(&mut fields, SOURCE_SCHEDULE_ID, UNINDEXED_SOURCE_SCHEDULE_ID)?,
            team_id: fields.optional_text(TEAM_ID)?,
            listing: fields.text(LISTING)?,
            version: fields.text(VERSION)?,
            parked_status,
            json,
            conversation_at,
            tool_context_at,
            bulk,
            bulk_size,
        };
        match &head.json {
            Some(json) if head.around_bulk(json).is_none() => {
                Err(fields.unreadable("the places of its bulk are wrong"))
            }
            _ => Ok(head),
        }
    }
}

/// The agent of a head.
pub(crate) fn agent_id_of(fields: &mut Fields<'_>) -> Result<String, StoreError> {
    index_key_of(fields, AGENT_ID, UNINDEXED_AGENT_ID)?.ok_or_else(|| fields.unreadable("agent_id is missing"))
}

/// An id from the key of an index, or from the attribute for ids that the index must not find.
/// Those are ids that do not fit a key, and those of a source list that does not name the session.
fn index_key_of(fields: &mut Fields<'_>, indexed: &str, unindexed: &str) -> Result<Option<String>, StoreError> {
    match fields.optional_text(indexed)? {
        None => fields.optional_text(unindexed),
        id => Ok(id),
    }
}
