//! The items of a session record.

use agentscope_model::{Outline, SessionRecord};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::attributes::{
    AGENT_ID, BULK, BULK_SIZE, CONVERSATION_AT, DATA, ID, ITEM, JSON, LISTING, PARKED_STATUS, PARTS, RELEASE,
    SOURCE_SCHEDULE_ID, TEAM_ID, TOOL_CONTEXT_AT, UNINDEXED_AGENT_ID, UNINDEXED_SOURCE_SCHEDULE_ID, UNPROJECTED_JSON,
    VERSION,
};
use crate::bulk::{self, INLINE_LIMIT, PART_SIZE};
use crate::item::{ITEM_LIMIT, Item, check_key, check_size, key, number, size, text};
use crate::{ConstraintViolation, SourceFingerprint, keys};

/// The largest head with the session's JSON in it, in bytes. The JSON of a larger one lies with
/// the bulk.
const OUTLINE_LIMIT: usize = ITEM_LIMIT - 64 * 1024;

/// The largest JSON that the rows of the indexes hold, in bytes. A list reads the head of a
/// session with more. DATA_MODEL.md derives the number from DynamoDB's prices.
const PROJECTED_LIMIT: usize = 8 * 1024;

/// The items of one version of a session.
pub(crate) struct SessionItems {
    pub(crate) head: Item,
    pub(crate) parts: Vec<Item>,
}

impl SessionItems {
    /// # Errors
    ///
    /// The record's ids do not fit their keys, or the head is too large even without its JSON.
    pub(crate) fn new(
        record: &SessionRecord,
        version: &str,
        source: Option<&SourceFingerprint>,
    ) -> Result<Self, ConstraintViolation> {
        check_ids(record)?;
        let mut head = key(&record.user_id, ITEM, keys::head(&record.id));
        let mut put = |name: &str, value: AttributeValue| head.insert(name.to_owned(), value);
        let Outline { json, conversation_at, tool_context_at } = &record.outline;
        put(ID, text(&record.id));
        put(LISTING, text(keys::listing(&record.user_id, &record.created_at, &record.id)));
        put(VERSION, text(version));
        put(RELEASE, text(record.release.as_str()));
        put(CONVERSATION_AT, number(conversation_at));
        put(TOOL_CONTEXT_AT, number(tool_context_at));
        if let Some(status) = record.parked_status {
            put(PARKED_STATUS, text(status.as_str()));
        }
        if let Some(team_id) = &record.team_id {
            put(TEAM_ID, text(team_id));
        }
        let is_on_agent_list = source.is_none_or(|source| source.is_on_agent_list);
        let is_indexed = is_on_agent_list && keys::fits_partition(&record.agent_id);
        put(if is_indexed { AGENT_ID } else { UNINDEXED_AGENT_ID }, text(&record.agent_id));
        if let Some(schedule_id) = &record.schedule_id {
            let is_on_schedule_list = source.is_none_or(|source| source.is_on_schedule_list);
            let is_indexed = is_on_schedule_list && keys::fits_partition(schedule_id);
            put(if is_indexed { SOURCE_SCHEDULE_ID } else { UNINDEXED_SOURCE_SCHEDULE_ID }, text(schedule_id));
        }
        if let Some(source) = source {
            source.mark(&mut head);
        }

        let mut lines = vec![record.conversation.as_str(), &record.tool_context];
        if size(&head) + json.len() > OUTLINE_LIMIT {
            lines.push(json);
        } else {
            let name = if json.len() > PROJECTED_LIMIT { UNPROJECTED_JSON } else { JSON };
            head.insert(name.to_owned(), text(json));
        }
        let bulk_size = lines.iter().map(|line| line.len() + 1).sum::<usize>() - 1;
        head.insert(BULK_SIZE.into(), number(bulk_size));

        let packed =
            bulk::pack(&lines).map_err(|error| ConstraintViolation { field: "state", problem: error.to_string() })?;
        let mut parts = Vec::new();
        if packed.len() <= INLINE_LIMIT {
            head.insert(BULK.into(), AttributeValue::B(Blob::new(packed)));
        } else {
            for (number, data) in packed.chunks(PART_SIZE).enumerate() {
                let mut part = key(&record.user_id, ITEM, keys::part(&record.id, version, number));
                part.insert(DATA.into(), AttributeValue::B(Blob::new(data)));
                parts.push(part);
            }
            head.insert(PARTS.into(), number(parts.len()));
        }
        check_size(&head)?;
        Ok(Self { head, parts })
    }
}

fn check_ids(record: &SessionRecord) -> Result<(), ConstraintViolation> {
    /// The length of a version, a part's number and their separators.
    const PART_SUFFIX: usize = 36 + 1 + 8;
    check_key("user_id", &record.user_id, keys::PARTITION_KEY_LIMIT)?;
    check_key("id", &record.id, keys::SORT_KEY_LIMIT)?;
    if keys::parts(&record.id).len() + PART_SUFFIX > keys::SORT_KEY_LIMIT {
        return Err(ConstraintViolation { field: "id", problem: "it is too long for a key".into() });
    }
    if keys::listing(&record.user_id, &record.created_at, &record.id).len() > keys::SORT_KEY_LIMIT {
        return Err(ConstraintViolation {
            field: "user_id",
            problem: "it and the id are together too long for a key".into(),
        });
    }
    Ok(())
}
