//! The head of a session: the item that holds everything but the parts of its state.

mod read;

use agentscope_model::{Outline, ParkedStatus};

pub(crate) use read::{AGENT_OF_SESSION, SUMMARY, agent_id_of};

use crate::{Detail, ListKey, bulk, keys};

const NO_SIZE: &str = "the state's bulk does not say its size";
const OTHER_SIZE: &str = "the state's bulk has another size than its head says";

/// The head of a session: everything but the bulk of its state. It comes from the head's item, or
/// from a row of an index.
#[derive(Debug, Clone)]
pub struct SessionHead {
    /// Its id.
    pub id: String,
    /// The user who owns it.
    pub user_id: String,
    /// The agent on whose list it is. A row of another index does not tell it.
    agent_id: Option<String>,
    /// The schedule on whose list it is. A row of another index does not tell it.
    source_schedule_id: Option<String>,
    /// The team that it leads or belongs to.
    pub team_id: Option<String>,
    /// The range key of the indexes.
    pub listing: String,
    /// The version of its state. Every write creates a new one.
    pub version: String,
    /// What it waits for while it does not run.
    pub parked_status: Option<ParkedStatus>,
    /// Its JSON without the bulk.
    json: JsonLocation,
    conversation_at: usize,
    tool_context_at: usize,
    bulk: BulkLocation,
    /// The size of the unpacked bulk, in bytes; 0 if it is not known yet.
    bulk_size: usize,
}

/// The location of a session's JSON without the bulk.
#[derive(Debug, Clone)]
enum JsonLocation {
    /// It has been read.
    Read(String),
    /// In the head's item, of which a row has been read, or with the bulk.
    Unread,
    /// With the bulk, because it is too large for the head.
    WithBulk,
}

/// The location of the bulk.
#[derive(Debug, Clone)]
enum BulkLocation {
    /// In the head, and read.
    Inline(Vec<u8>),
    /// In the head's item, of which a row has been read.
    Unread,
    /// In this many parts.
    Parts(usize),
    /// Unknown: it was not requested.
    Omitted,
}

impl SessionHead {
    /// The number of parts that hold the bulk; 0 if it is in the head.
    pub fn parts(&self) -> usize {
        match self.bulk {
            BulkLocation::Inline(_) | BulkLocation::Unread | BulkLocation::Omitted => 0,
            BulkLocation::Parts(count) => count,
        }
    }

    /// Whether everything that is needed for this detail has been read.
    pub fn is_complete(&self, detail: Detail) -> bool {
        let has_bulk = detail == Detail::Summary || matches!(self.bulk, BulkLocation::Inline(_));
        has_bulk && (self.outline().is_some() || detail == Detail::Full && self.needs_bulk())
    }

    /// Whether the session is on a list. The head must come from the list's index, or from an
    /// item.
    pub fn is_on(&self, list: ListKey<'_>) -> bool {
        match list {
            ListKey::Agent(id) => self.agent_id.as_deref() == Some(id),
            ListKey::Schedule(id) => self.source_schedule_id.as_deref() == Some(id),
        }
    }

    /// Whether the session's JSON without the bulk has been read.
    pub fn has_outline(&self) -> bool {
        self.outline().is_some()
    }

    /// Whether the session's JSON lies with the bulk because it is too large for the head.
    pub(crate) fn needs_bulk(&self) -> bool {
        matches!(self.json, JsonLocation::WithBulk)
    }

    /// Whether the head's item must be read to find the session's JSON.
    pub(crate) fn needs_item(&self) -> bool {
        matches!(self.json, JsonLocation::Unread)
    }

    /// Whether the bulk lies in the head's item, of which only a row has been read.
    pub(crate) fn needs_inline_bulk(&self) -> bool {
        matches!(self.bulk, BulkLocation::Unread)
    }

    /// The session's JSON without the bulk; `None` if it has not been read, or lies with the bulk.
    pub(crate) fn outline(&self) -> Option<&str> {
        match &self.json {
            JsonLocation::Read(json) => Some(json),
            JsonLocation::Unread | JsonLocation::WithBulk => None,
        }
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
        self.outline().map_or(0, str::len)
    }

    /// The size of the unpacked bulk, in bytes; 0 if it was not requested.
    pub(crate) fn bulk_size(&self) -> usize {
        self.bulk_size
    }

    /// Removes the compressed bulk if it lies in the head.
    pub(crate) fn take_inline_bulk(&mut self) -> Option<Vec<u8>> {
        match &mut self.bulk {
            BulkLocation::Inline(bytes) => Some(std::mem::take(bytes)),
            BulkLocation::Unread | BulkLocation::Parts(_) | BulkLocation::Omitted => None,
        }
    }

    /// The head with the session's JSON without the bulk, which lay with the bulk.
    pub(crate) fn with_outline(self, outline: String) -> Self {
        Self { json: JsonLocation::Read(outline), ..self }
    }

    /// The head with the bulk that lies in its item.
    ///
    /// # Errors
    ///
    /// The bulk does not say its size, or another one than the row. The message names the problem.
    pub(crate) fn with_inline_bulk(self, packed: Vec<u8>) -> Result<Self, &'static str> {
        let bulk_size = bulk::unpacked_size(&packed).ok_or(NO_SIZE)?;
        if self.bulk_size != 0 && self.bulk_size != bulk_size {
            return Err(OTHER_SIZE);
        }
        Ok(Self { bulk: BulkLocation::Inline(packed), bulk_size, ..self })
    }
}
