//! A session's head: the item that holds everything but what lies in parts.

use agentscope_model::{Outline, ParkedStatus, Release};

use crate::bulk;
use crate::documents::{JSON, RELEASE};
use crate::item::{Fields, Item};
use crate::session::StoredSession;
use crate::tables::EXPIRES_AT;
use crate::{StoreError, keys};

/// The attributes of a head but for the bulk, and what tells a claim.
pub(crate) const SUMMARY: [&str; 14] = [
    "id",
    "agent_id",
    "unindexed_agent_id",
    "source_schedule_id",
    "unindexed_source_schedule_id",
    "team_id",
    "listing",
    "version",
    "parked_status",
    RELEASE,
    JSON,
    CONVERSATION_AT,
    TOOL_CONTEXT_AT,
    EXPIRES_AT,
];

/// Where the summary and the conversation belong in a session's JSON.
pub(crate) const CONVERSATION_AT: &str = "conversation_at";
/// Where the tool context belongs in a session's JSON.
pub(crate) const TOOL_CONTEXT_AT: &str = "tool_context_at";

/// What of a head says with which agent a session is, and what tells a claim.
pub(crate) const AGENT_OF_SESSION: [&str; 4] = ["id", "agent_id", "unindexed_agent_id", EXPIRES_AT];

/// A session's head: everything but the bulk of its state.
#[derive(Debug, Clone)]
pub struct SessionHead {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// The agent that it is with.
    pub agent_id: String,
    /// The schedule that started it.
    pub source_schedule_id: Option<String>,
    /// The team that it leads or works for.
    pub team_id: Option<String>,
    /// The key that it is listed under.
    pub listing: String,
    /// The version of its state. Every write makes another.
    pub version: String,
    /// What it waits for while it does not run.
    pub parked_status: Option<ParkedStatus>,
    /// Its JSON as a trimmed list shows it. `None`: it is too large for the head, and lies with the
    /// bulk.
    json: Option<String>,
    conversation_at: usize,
    tool_context_at: usize,
    bulk: BulkLocation,
    /// The bytes of the bulk when it is unpacked; 0 if it was not requested.
    bulk_size: usize,
}

/// Where the bulk is.
#[derive(Debug, Clone)]
enum BulkLocation {
    /// In the head.
    Inline(Vec<u8>),
    /// In this many parts.
    Parts(usize),
    /// It was not requested.
    Omitted,
}

impl SessionHead {
    /// How many parts the bulk lies in; 0 if it is in the head.
    pub fn parts(&self) -> usize {
        match self.bulk {
            BulkLocation::Inline(_) | BulkLocation::Omitted => 0,
            BulkLocation::Parts(count) => count,
        }
    }

    /// Whether all of it that is wanted lies in the head.
    pub fn is_complete(&self) -> bool {
        match self.bulk {
            BulkLocation::Inline(_) => true,
            BulkLocation::Parts(_) => false,
            BulkLocation::Omitted => !self.needs_bulk(),
        }
    }

    /// Whether its JSON lies with the bulk because it is too large for the head.
    pub fn needs_bulk(&self) -> bool {
        self.json.is_none()
    }

    /// Its JSON without the bulk; `None` if that lies with the bulk.
    pub(crate) fn outline(&self) -> Option<&str> {
        self.json.as_deref()
    }

    /// The parts of a session's JSON around the summary and conversation and around the tool
    /// context; `None` if they are not where the head says.
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

    /// How many bytes of JSON it makes with its state, at least. It is known before any part is read.
    pub fn json_size(&self) -> usize {
        self.bulk_size.saturating_add(self.outline_size())
    }

    /// How many bytes of JSON a trimmed list shows of it; 0 if they lie with the bulk.
    pub fn outline_size(&self) -> usize {
        self.json.as_ref().map_or(0, String::len)
    }

    /// The bytes of its bulk when it is unpacked; 0 if it was not requested.
    pub(crate) fn bulk_size(&self) -> usize {
        self.bulk_size
    }

    /// The session, with `packed` as its bulk if that lies in parts.
    pub(crate) fn with_bulk(mut self, table: &str, packed: Vec<u8>) -> StoredSession {
        let packed = match &mut self.bulk {
            BulkLocation::Inline(bytes) => std::mem::take(bytes),
            BulkLocation::Parts(_) | BulkLocation::Omitted => packed,
        };
        StoredSession { head: self, table: table.to_owned(), packed, is_summary: false }
    }

    /// The session without its bulk.
    pub(crate) fn without_bulk(self, table: &str) -> StoredSession {
        StoredSession { head: self, table: table.to_owned(), packed: Vec::new(), is_summary: true }
    }

    /// The session without its bulk, with which its JSON lies.
    pub(crate) fn with_outline(self, table: &str, outline: String) -> StoredSession {
        Self { json: Some(outline), ..self }.without_bulk(table)
    }

    /// Reads a head.
    pub(crate) fn from_item(table: &str, release: Release, item: Item) -> Result<Self, StoreError> {
        let mut fields = Fields::new(table, "item", item);
        let inline = fields.optional_bytes("bulk")?;
        let parts = fields.optional_number("parts")?;
        let bulk_size = fields.optional_number("bulk_size")?;
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
    pub(crate) fn from_summary_item(table: &str, release: Release, item: Item) -> Result<Self, StoreError> {
        Self::from_fields(Fields::new(table, "item", item), release, BulkLocation::Omitted, 0)
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
        let parked_status = match fields.optional_text("parked_status")? {
            None => None,
            Some(name) => {
                let status = ParkedStatus::from_name(&name);
                Some(status.ok_or_else(|| fields.unreadable("parked_status has an unknown value"))?)
            }
        };
        let head = Self {
            id: fields.text("id")?,
            user_id: fields.text("user_id")?,
            agent_id: agent_id_of(&mut fields)?,
            source_schedule_id: index_key_of(&mut fields, "source_schedule_id")?,
            team_id: fields.optional_text("team_id")?,
            listing: fields.text("listing")?,
            version: fields.text("version")?,
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

/// The name under which an id is kept that no index shall find: one that cannot be a key, which nobody can request either, or
/// that of a list on which the original is not.
pub(crate) fn unindexed(name: &str) -> String {
    format!("unindexed_{name}")
}

/// The agent of a head.
pub(crate) fn agent_id_of(fields: &mut Fields<'_>) -> Result<String, StoreError> {
    index_key_of(fields, "agent_id")?.ok_or_else(|| fields.unreadable("agent_id is missing"))
}

fn index_key_of(fields: &mut Fields<'_>, name: &str) -> Result<Option<String>, StoreError> {
    match fields.optional_text(name)? {
        None => fields.optional_text(&unindexed(name)),
        id => Ok(id),
    }
}
