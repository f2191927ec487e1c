//! Sessions as items: a head, and parts for the bulk of a large state.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::bulk::{self, Bulk, INLINE_LIMIT, PART_SIZE};
use super::documents::{check_key, json};
use super::item::{Fields, ITEM_LIMIT, Item, check_size, key, size, text};
use super::{StoreError, Unfit, keys};
use crate::model::SessionRecord;

/// The most bytes that the head's JSON documents may have together. More than that, and they lie with the bulk.
const DOCUMENTS_LIMIT: usize = ITEM_LIMIT - 64 * 1024;

/// Texts in the bulk: summary, context, tool_context.
const BULK_LINES: usize = 3;

/// The documents of a head that is small enough, and behind the bulk's own texts of one that is not.
const DOCUMENTS: [&str; 5] = ["config", "permission_context", "tasks_context", "state_extra", "extra"];

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
    /// The version of its state.
    pub version: String,
    state_session_id: String,
    reply_id: String,
    cur_iter: String,
    documents: Option<[String; 5]>,
    bulk: Place,
}

/// Where the bulk is.
#[derive(Debug, Clone)]
enum Place {
    Inline(Vec<u8>),
    Parts(usize),
}

/// A session with its whole state, as JSON texts ready to be put into an answer.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// Its head.
    pub head: SessionHead,
    bulk: Bulk,
}

impl SessionHead {
    /// How many parts the bulk lies in; 0 if it is in the head.
    pub fn parts(&self) -> usize {
        match self.bulk {
            Place::Inline(_) => 0,
            Place::Parts(count) => count,
        }
    }

    /// The keys of the parts.
    pub(super) fn part_keys(&self) -> impl Iterator<Item = String> {
        (0..self.parts()).map(|number| keys::part(&self.id, &self.version, number))
    }

    /// The session, with `packed` as its bulk if that lies in parts.
    pub(super) fn with_bulk(mut self, table: &str, packed: &[u8]) -> Result<StoredSession, StoreError> {
        let lines = BULK_LINES + if self.documents.is_none() { DOCUMENTS.len() } else { 0 };
        let unpacked = match &mut self.bulk {
            Place::Inline(bytes) => Bulk::unpack(&std::mem::take(bytes), lines),
            Place::Parts(_) => Bulk::unpack(packed, lines),
        };
        match unpacked {
            Ok(bulk) => Ok(StoredSession { head: self, bulk }),
            Err(problem) => Err(StoreError::Unreadable {
                table: table.to_owned(),
                key: keys::head(&self.id),
                user_id: self.user_id,
                problem,
            }),
        }
    }

    pub(super) fn from_item(table: &str, item: Item) -> Result<Self, StoreError> {
        let mut fields = Fields::new(table, "item", item);
        let config = fields.optional_json(DOCUMENTS[0])?;
        let documents = match config {
            None => None,
            Some(config) => Some([
                config,
                fields.json(DOCUMENTS[1])?,
                fields.json(DOCUMENTS[2])?,
                fields.optional_json(DOCUMENTS[3])?.unwrap_or_else(|| "{}".into()),
                fields.optional_json(DOCUMENTS[4])?.unwrap_or_else(|| "{}".into()),
            ]),
        };
        let inline = fields.optional_bytes("bulk")?;
        let parts = fields.optional_number("parts")?;
        let bulk = match (inline, parts) {
            (Some(bytes), None) => Place::Inline(bytes),
            (None, Some(count)) => Place::Parts(usize::try_from(count).unwrap_or(usize::MAX)),
            _ => return Err(fields.unreadable("it has neither bulk nor parts, or both")),
        };
        Ok(Self {
            id: fields.text("id")?,
            user_id: fields.text("user_id")?,
            agent_id: index_key_of(&mut fields, "agent_id")?.ok_or_else(|| fields.unreadable("agent_id is missing"))?,
            source: fields.text("source")?,
            source_schedule_id: index_key_of(&mut fields, "source_schedule_id")?,
            team_id: fields.optional_text("team_id")?,
            created_at: fields.text("created_at")?,
            updated_at: fields.text("updated_at")?,
            listing: fields.text("listing")?,
            version: fields.text("version")?,
            state_session_id: fields.text("state_session_id")?,
            reply_id: fields.text("reply_id")?,
            cur_iter: fields.json("cur_iter")?,
            documents,
            bulk,
        })
    }
}

impl StoredSession {
    /// The id that the state itself bears.
    pub fn state_session_id(&self) -> &str {
        &self.head.state_session_id
    }

    /// The id of the reply that is being made, or was made last.
    pub fn reply_id(&self) -> &str {
        &self.head.reply_id
    }

    /// The iteration, as JSON.
    pub fn cur_iter(&self) -> &str {
        &self.head.cur_iter
    }

    /// The summary, as JSON.
    pub fn summary(&self) -> &str {
        self.bulk.line(0)
    }

    /// The conversation, as JSON.
    pub fn context(&self) -> &str {
        self.bulk.line(1)
    }

    /// What the tools remember, as JSON.
    pub fn tool_context(&self) -> &str {
        self.bulk.line(2)
    }

    /// The configuration, as JSON.
    pub fn config(&self) -> &str {
        self.document(0)
    }

    /// The permissions, as JSON.
    pub fn permission_context(&self) -> &str {
        self.document(1)
    }

    /// The task list, as JSON.
    pub fn tasks_context(&self) -> &str {
        self.document(2)
    }

    /// Fields of the state that this version does not know, as the text of an object.
    pub fn state_extra(&self) -> &str {
        self.document(3)
    }

    /// Fields of the record that this version does not know, as the text of an object.
    pub fn extra(&self) -> &str {
        self.document(4)
    }

    fn document(&self, index: usize) -> &str {
        match &self.head.documents {
            Some(documents) => &documents[index],
            None => self.bulk.line(BULK_LINES + index),
        }
    }

    /// How many bytes of JSON it makes, about.
    pub fn size_hint(&self) -> usize {
        const FIELD_NAMES_AND_IDS: usize = 1024;
        FIELD_NAMES_AND_IDS
            + self.summary().len()
            + self.context().len()
            + self.tool_context().len()
            + (0..DOCUMENTS.len()).map(|index| self.document(index).len()).sum::<usize>()
    }
}

/// The items of one version of a session.
pub(super) struct SessionItems {
    pub(super) head: Item,
    pub(super) parts: Vec<Item>,
}

impl SessionItems {
    /// # Errors
    ///
    /// The record's ids do not fit into keys, or the head is too large even without its documents.
    pub(super) fn new(record: &SessionRecord, version: &str) -> Result<Self, Unfit> {
        check_ids(record)?;
        let state = &record.state;
        let mut head = key(&record.user_id, "item", keys::head(&record.id));
        let mut put = |name: &str, value: AttributeValue| head.insert(name.to_owned(), value);
        put("id", text(&record.id));
        put("source", text(record.source.as_str()));
        put("created_at", text(record.created_at.as_str()));
        put("updated_at", text(record.updated_at.as_str()));
        put("listing", text(keys::listing(&record.user_id, &record.created_at, &record.id)));
        put("version", text(version));
        put("state_session_id", text(&state.session_id));
        put("reply_id", text(&state.reply_id));
        put("cur_iter", text(state.cur_iter.as_str()));
        if let Some(team_id) = &record.team_id {
            put("team_id", text(team_id));
        }
        put_index_key(&mut head, "agent_id", &record.agent_id);
        if let Some(schedule_id) = &record.source_schedule_id {
            put_index_key(&mut head, "source_schedule_id", schedule_id);
        }

        let documents = [
            json("config", &record.config)?,
            json("state.permission_context", &state.permission_context)?,
            json("state.tasks_context", &state.tasks_context)?,
            json("state", &state.extra)?,
            json(".", &record.extra)?,
        ];
        let summary = json("state.summary", &state.summary)?;
        let context = json("state.context", &state.context)?;
        let tool_context = json("state.tool_context", &state.tool_context)?;
        let mut lines = vec![summary.as_str(), &context, &tool_context];
        if size(&head) + documents.iter().map(String::len).sum::<usize>() > DOCUMENTS_LIMIT {
            lines.extend(documents.iter().map(String::as_str));
        } else {
            for (name, document) in DOCUMENTS.iter().zip(&documents).filter(|(_, document)| *document != "{}") {
                head.insert((*name).to_owned(), text(document));
            }
        }

        let packed = bulk::pack(&lines).map_err(|error| Unfit { field: "state", problem: error.to_string() })?;
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
        }
        check_size(&head)?;
        Ok(Self { head, parts })
    }
}

fn check_ids(record: &SessionRecord) -> Result<(), Unfit> {
    /// A version and a part's number, with their separators.
    const PART_SUFFIX: usize = 36 + 1 + 8;
    check_key("user_id", &record.user_id, keys::PARTITION_KEY_LIMIT)?;
    check_key("id", &record.id, keys::SORT_KEY_LIMIT)?;
    if keys::parts(&record.id).len() + PART_SUFFIX > keys::SORT_KEY_LIMIT {
        return Err(Unfit { field: "id", problem: "it is too long for a key".into() });
    }
    if keys::listing(&record.user_id, &record.created_at, &record.id).len() > keys::SORT_KEY_LIMIT {
        return Err(Unfit { field: "user_id", problem: "it and the id are together too long for a key".into() });
    }
    Ok(())
}

/// An id that cannot be a key is kept under another name, where no index looks for it: nobody can ask for it either.
fn unindexed(name: &str) -> String {
    format!("unindexed_{name}")
}

fn put_index_key(head: &mut Item, name: &str, id: &str) {
    let name = if keys::fits_partition(id) { name.to_owned() } else { unindexed(name) };
    head.insert(name, text(id));
}

fn index_key_of(fields: &mut Fields<'_>, name: &str) -> Result<Option<String>, StoreError> {
    match fields.optional_text(name)? {
        None => fields.optional_text(&unindexed(name)),
        id => Ok(id),
    }
}
