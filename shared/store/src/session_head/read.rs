//! Reads heads from items and from rows of the indexes.

use agentscope_model::{ParkedStatus, Release};

use super::{BulkLocation, JsonLocation, NO_SIZE, OTHER_SIZE, SessionHead};
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

impl SessionHead {
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
