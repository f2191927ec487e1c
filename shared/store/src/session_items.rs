//! Records of sessions made into items.

use agentscope_model::{Outline, SessionRecord};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::bulk::{self, INLINE_LIMIT, PART_SIZE};
use crate::documents::{JSON, RELEASE, check_key};
use crate::item::{ITEM_LIMIT, Item, check_size, key, size, text};
use crate::session_head::{CONVERSATION_AT, TOOL_CONTEXT_AT, unindexed};
use crate::{ConstraintViolation, SourceFingerprint, keys};

/// The most bytes that a head may have with the session's JSON in it. With more than that, the JSON
/// lies with the bulk.
const OUTLINE_LIMIT: usize = ITEM_LIMIT - 64 * 1024;

/// The items of one version of a session.
pub(crate) struct SessionItems {
    pub(crate) head: Item,
    pub(crate) parts: Vec<Item>,
}

impl SessionItems {
    /// # Errors
    ///
    /// The record's ids do not fit into keys, or the head is too large even without its documents.
    pub(crate) fn new(
        record: &SessionRecord,
        version: &str,
        original: Option<&SourceFingerprint>,
    ) -> Result<Self, ConstraintViolation> {
        check_ids(record)?;
        let is_on_agent_list = original.is_none_or(|original| original.is_on_agent_list);
        let is_on_schedule_list = original.is_none_or(|original| original.is_on_schedule_list);
        let mut head = key(&record.user_id, "item", keys::head(&record.id));
        let mut put = |name: &str, value: AttributeValue| head.insert(name.to_owned(), value);
        let Outline { json, conversation_at, tool_context_at } = &record.outline;
        put("id", text(&record.id));
        put("listing", text(keys::listing(&record.user_id, &record.created_at, &record.id)));
        put("version", text(version));
        put(RELEASE, text(record.release.as_str()));
        put(CONVERSATION_AT, AttributeValue::N(conversation_at.to_string()));
        put(TOOL_CONTEXT_AT, AttributeValue::N(tool_context_at.to_string()));
        if let Some(status) = record.parked_status {
            put("parked_status", text(status.as_str()));
        }
        if let Some(team_id) = &record.team_id {
            put("team_id", text(team_id));
        }
        put_index_key(&mut head, "agent_id", &record.agent_id, is_on_agent_list);
        if let Some(schedule_id) = &record.schedule_id {
            put_index_key(&mut head, "source_schedule_id", schedule_id, is_on_schedule_list);
        }
        if let Some(original) = original {
            original.mark(&mut head);
        }

        let mut lines = vec![record.conversation.as_str(), &record.tool_context];
        if size(&head) + json.len() > OUTLINE_LIMIT {
            lines.push(json);
        } else {
            head.insert(JSON.to_owned(), text(json));
        }

        let packed =
            bulk::pack(&lines).map_err(|error| ConstraintViolation { field: "state", problem: error.to_string() })?;
        let mut parts = Vec::new();
        if packed.len() <= INLINE_LIMIT {
            head.insert("bulk".into(), AttributeValue::B(Blob::new(packed)));
        } else {
            for (number, data) in packed.chunks(PART_SIZE).enumerate() {
                let mut part = key(&record.user_id, "item", keys::part(&record.id, version, number));
                part.insert("data".into(), AttributeValue::B(Blob::new(data)));
                parts.push(part);
            }
            head.insert("parts".into(), AttributeValue::N(parts.len().to_string()));
            let bulk_size = lines.iter().map(|line| line.len() + 1).sum::<usize>() - 1;
            head.insert("bulk_size".into(), AttributeValue::N(bulk_size.to_string()));
        }
        check_size(&head)?;
        Ok(Self { head, parts })
    }
}

fn check_ids(record: &SessionRecord) -> Result<(), ConstraintViolation> {
    /// A version and a part's number, with their separators.
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

fn put_index_key(head: &mut Item, name: &str, id: &str, is_listed: bool) {
    let name = if is_listed && keys::fits_partition(id) { name.to_owned() } else { unindexed(name) };
    head.insert(name, text(id));
}
