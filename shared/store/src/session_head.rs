//! The head of a session: the item that holds everything but the parts of its state.

use agentscope_model::{Outline, ParkedStatus, Release};

use crate::attributes::{
    AGENT_ID, BULK, BULK_SIZE, CONVERSATION_AT, EXPIRES_AT, ID, JSON, LISTING, PARKED_STATUS, PARTS, RELEASE,
    SOURCE_SCHEDULE_ID, TEAM_ID, TOOL_CONTEXT_AT, UNINDEXED_AGENT_ID, UNPROJECTED_JSON, USER_ID, VERSION,
};
use crate::item::{Fields, Item};
use crate::tables::TableRef;
use crate::{Detail, ListKey, StoreError, bulk, keys};

/// The attributes of a head without its bulk, and the one that only claims have.
pub(crate) const SUMMARY: [&str; 14] = [
    ID,
    AGENT_ID,
    UNINDEXED_AGENT_ID,
    SOURCE_SCHEDULE_ID,
    TEAM_ID,
    LISTING,
    VERSION,
    PARKED_STATUS,
    RELEASE,
    JSON,
    UNPROJECTED_JSON,
    CONVERSATION_AT,
    TOOL_CONTEXT_AT,
    EXPIRES_AT,
];

/// The attributes that name the version and the agent of a session, and the one that only claims
/// have.
pub(crate) const AGENT_OF_SESSION: [&str; 5] = [ID, VERSION, AGENT_ID, UNINDEXED_AGENT_ID, EXPIRES_AT];

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

    /// Reads a head.
    pub(crate) fn from_item(table: TableRef<'_>, release: Release, item: Item) -> Result<Self, StoreError> {
        let mut fields = Fields::new(table, item);
        let inline = fields.optional_bytes(BULK)?;
        let parts = fields.optional_number(PARTS)?;
        let bulk_size = fields.optional_number(BULK_SIZE)?;
        let stored_size = bulk_size.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        let (bulk, bulk_size) = match (inline, parts) {
            (Some(packed), None) => {
                let size = bulk::unpacked_size(&packed).ok_or_else(|| fields.unreadable(NO_SIZE))?;
                // Earlier versions stored the size of bulk in parts alone.
                if stored_size.is_some_and(|stored| stored != size) {
                    return Err(fields.unreadable(OTHER_SIZE));
                }
                (BulkLocation::Inline(packed), size)
            }
            (None, Some(count)) => parts_of(&fields, count, stored_size)?,
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
        let projected = fields.optional_object(JSON)?;
        let json = match projected {
            None => fields.optional_object(UNPROJECTED_JSON)?,
            projected => projected,
        };
        let json = json.map_or(JsonLocation::WithBulk, JsonLocation::Read);
        let (conversation_at, tool_context_at) = offsets_of(&mut fields)?;
        let parked_status = parked_status_of(&mut fields)?;
        let agent_id = fields.optional_text(AGENT_ID)?;
        if agent_id.is_none() && fields.optional_text(UNINDEXED_AGENT_ID)?.is_none() {
            return Err(fields.unreadable("agent_id is missing"));
        }
        let head = Self {
            id: fields.text(ID)?,
            user_id: fields.text(USER_ID)?,
            agent_id,
            source_schedule_id: fields.optional_text(SOURCE_SCHEDULE_ID)?,
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
        head.checked(&fields)
    }

    /// Reads a row of a list's index. Returns `None` if the row does not have the attributes of a
    /// session: the index was created by an earlier version.
    pub(crate) fn from_row(
        fields: &mut Fields<'_>,
        release: Release,
        user_id: &str,
        list: ListKey<'_>,
        detail: Detail,
    ) -> Result<Option<Self>, StoreError> {
        let Some(version) = fields.optional_text(VERSION)? else { return Ok(None) };
        let listing = fields.text(LISTING)?;
        let Some((_, id)) = keys::of_listing(user_id, &listing) else {
            return Err(fields.unreadable("listing is not that of its owner"));
        };
        fields.note_release(release)?;
        let id = id.to_owned();
        let json = fields.optional_unparsed_object(JSON)?.map_or(JsonLocation::Unread, JsonLocation::Read);
        let (mut bulk, mut bulk_size, mut conversation_at, mut tool_context_at) = (BulkLocation::Omitted, 0, 0, 0);
        if detail == Detail::Full {
            (conversation_at, tool_context_at) = offsets_of(fields)?;
            let stored_size = fields.optional_number(BULK_SIZE)?;
            let stored_size = stored_size.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
            (bulk, bulk_size) = match fields.optional_number(PARTS)? {
                Some(count) => parts_of(fields, count, stored_size)?,
                None => (BulkLocation::Unread, stored_size.unwrap_or(0)),
            };
        }
        let own = |is_own: bool, id: &str| is_own.then(|| id.to_owned());
        let (ListKey::Agent(list_id) | ListKey::Schedule(list_id)) = list;
        let head = Self {
            id,
            user_id: user_id.to_owned(),
            agent_id: own(matches!(list, ListKey::Agent(_)), list_id),
            source_schedule_id: own(matches!(list, ListKey::Schedule(_)), list_id),
            team_id: fields.optional_text(TEAM_ID)?,
            listing,
            version,
            parked_status: parked_status_of(fields)?,
            json,
            conversation_at,
            tool_context_at,
            bulk,
            bulk_size,
        };
        if detail == Detail::Full { head.checked(fields).map(Some) } else { Ok(Some(head)) }
    }

    /// Checks the places of the bulk in the JSON.
    fn checked(self, fields: &Fields<'_>) -> Result<Self, StoreError> {
        match self.outline() {
            Some(json) if self.around_bulk(json).is_none() => {
                Err(fields.unreadable("the places of its bulk are wrong"))
            }
            _ => Ok(self),
        }
    }
}

const NO_SIZE: &str = "the state's bulk does not say its size";
const OTHER_SIZE: &str = "the state's bulk has another size than its head says";

/// The bulk in so many parts, and its size.
fn parts_of(fields: &Fields<'_>, count: u64, bulk_size: Option<usize>) -> Result<(BulkLocation, usize), StoreError> {
    let bulk_size = bulk_size.ok_or_else(|| fields.unreadable("bulk_size is missing"))?;
    if bulk_size as u64 > bulk::UNPACKED_LIMIT {
        return Err(fields.unreadable("bulk_size is more than a state can have"));
    }
    match usize::try_from(count) {
        Ok(count) if count <= bulk::most_parts(bulk_size) => Ok((BulkLocation::Parts(count), bulk_size)),
        _ => Err(fields.unreadable("it has more parts than a state of its size can have")),
    }
}

/// The places of the conversation and the tool context in a session's JSON.
fn offsets_of(fields: &mut Fields<'_>) -> Result<(usize, usize), StoreError> {
    let mut offset = |name| match fields.optional_number(name)?.and_then(|at| usize::try_from(at).ok()) {
        Some(at) => Ok(at),
        None => Err(fields.unreadable(format!("{name} is missing: it was written by an earlier version"))),
    };
    Ok((offset(CONVERSATION_AT)?, offset(TOOL_CONTEXT_AT)?))
}

fn parked_status_of(fields: &mut Fields<'_>) -> Result<Option<ParkedStatus>, StoreError> {
    let Some(name) = fields.optional_text(PARKED_STATUS)? else { return Ok(None) };
    let status = ParkedStatus::from_name(&name);
    Ok(Some(status.ok_or_else(|| fields.unreadable("parked_status has an unknown value"))?))
}

/// The agent of a head. The index must not find ids that do not fit a key, and sessions that their
/// source list does not name.
pub(crate) fn agent_id_of(fields: &mut Fields<'_>) -> Result<String, StoreError> {
    let agent_id = match fields.optional_text(AGENT_ID)? {
        None => fields.optional_text(UNINDEXED_AGENT_ID)?,
        id => id,
    };
    agent_id.ok_or_else(|| fields.unreadable("agent_id is missing"))
}
