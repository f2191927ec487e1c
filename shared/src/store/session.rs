//! Sessions as items: a head, and parts for the bulk of a large state.

use super::bulk::{Bulk, PART_SIZE};
use super::item::{Fields, Item};
use super::{StoreError, keys};

/// Texts in the bulk: summary, context, tool_context.
pub(super) const BULK_LINES: usize = 3;

/// More parts than a bulk of 1 GB takes, should it not compress at all: a bound on what a damaged head makes a reader ask for.
const MOST_PARTS: usize = (1 << 30) / PART_SIZE + 16;

/// The documents of a head that is small enough, and behind the bulk's own texts of one that is not.
pub(super) const DOCUMENTS: [&str; 5] = ["config", "permission_context", "tasks_context", "state_extra", "extra"];

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
                fields.optional_object(DOCUMENTS[3])?.unwrap_or_else(|| "{}".into()),
                fields.optional_object(DOCUMENTS[4])?.unwrap_or_else(|| "{}".into()),
            ]),
        };
        let inline = fields.optional_bytes("bulk")?;
        let parts = fields.optional_number("parts")?;
        let bulk = match (inline, parts) {
            (Some(bytes), None) => Place::Inline(bytes),
            (None, Some(count)) => match usize::try_from(count) {
                Ok(count) if count <= MOST_PARTS => Place::Parts(count),
                _ => return Err(fields.unreadable("parts is more than a state can have")),
            },
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

/// An id that cannot be a key is kept under another name, where no index looks for it: nobody can ask for it either.
pub(super) fn unindexed(name: &str) -> String {
    format!("unindexed_{name}")
}

fn index_key_of(fields: &mut Fields<'_>, name: &str) -> Result<Option<String>, StoreError> {
    match fields.optional_text(name)? {
        None => fields.optional_text(&unindexed(name)),
        id => Ok(id),
    }
}
