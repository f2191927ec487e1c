//! Sessions as they are put into responses: a head, and what was read of the bulk of its state.

use crate::session_head::SessionHead;
use crate::{StoreError, bulk, keys};

/// How much of a session is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// All of it.
    #[default]
    Full,
    /// All but the bulk of its state: no summary, no conversation, nothing that the tools remember.
    Summary,
}

/// A session as JSON texts, ready to be put into an response: with its whole state, or without the bulk of it.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// Its head.
    pub head: SessionHead,
    pub(crate) table: String,
    pub(crate) packed: Vec<u8>,
    pub(crate) is_summary: bool,
}

impl StoredSession {
    /// The session without the bulk of its state. Where the JSON lies with the bulk, it is unpacked, and nothing else is.
    ///
    /// # Errors
    ///
    /// The bulk is damaged.
    pub(crate) fn into_summary(self) -> Result<Self, StoreError> {
        if !self.head.needs_bulk() {
            return Ok(Self { packed: Vec::new(), is_summary: true, ..self });
        }
        let outline = bulk::unpack_last_line(&self.packed, self.head.bulk_size());
        let outline = outline.map_err(|problem| self.unreadable(problem))?;
        if self.head.around_bulk(&outline).is_none() {
            return Err(self.unreadable("the places of its bulk are wrong"));
        }
        Ok(self.head.with_outline(&self.table, outline))
    }

    /// Appends the session's JSON: whole, or as a trimmed list shows it.
    ///
    /// # Errors
    ///
    /// The bulk is damaged. Part of it may have been appended.
    pub fn append_json(&self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        match self.head.outline() {
            Some(json) if self.is_summary => out.extend_from_slice(json.as_bytes()),
            Some(json) => {
                let [before, between, after] = self.around_bulk(json)?;
                out.extend_from_slice(before.as_bytes());
                let tool_context = self.append_bulk(out)?;
                out.extend_from_slice(between.as_bytes());
                out.extend_from_slice(&tool_context);
                out.extend_from_slice(after.as_bytes());
            }
            None => {
                let mut text = Vec::new();
                self.unpack(&mut text)?;
                let text = String::from_utf8(text).map_err(|_| self.unreadable("the state's bulk is not UTF-8"))?;
                let mut lines = text.split('\n');
                let (Some(conversation), Some(tool_context), Some(json)) = (lines.next(), lines.next(), lines.next())
                else {
                    return Err(self.unreadable("the state's bulk has too few lines"));
                };
                let [before, between, after] = self.around_bulk(json)?;
                out.extend_from_slice([before, conversation, between, tool_context, after].concat().as_bytes());
            }
        }
        Ok(())
    }

    fn around_bulk<'a>(&self, json: &'a str) -> Result<[&'a str; 3], StoreError> {
        self.head.around_bulk(json).ok_or_else(|| self.unreadable("the places of its bulk are wrong"))
    }

    /// Appends the first line of a bulk of two, the conversation, to `out`, where unpacking writes
    /// it without a copy. Returns the second, the tool context.
    fn append_bulk(&self, out: &mut Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let start = out.len();
        self.unpack(out)?;
        // The short line is at the end.
        let end = memchr::memrchr(b'\n', &out[start..]);
        let end = end.ok_or_else(|| self.unreadable("the state's bulk has too few lines"))?;
        let tool_context = out.split_off(start + end + 1);
        out.pop();
        Ok(tool_context)
    }

    fn unpack(&self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        bulk::unpack(&self.packed, self.head.bulk_size(), out).map_err(|problem| self.unreadable(problem))
    }

    /// The bulk, unpacked; `None` if it is damaged.
    pub(crate) fn bulk(&self) -> Option<Vec<u8>> {
        let mut bulk = Vec::new();
        self.unpack(&mut bulk).ok().map(|()| bulk)
    }

    fn unreadable(&self, problem: impl Into<String>) -> StoreError {
        StoreError::Unreadable {
            table: self.table.clone(),
            user_id: self.head.user_id.clone(),
            key: keys::head(&self.head.id),
            problem: problem.into(),
        }
    }

    /// How many bytes of JSON it makes, but for a few.
    pub fn json_size(&self) -> usize {
        if self.is_summary { self.head.outline_size() } else { self.head.json_size() }
    }
}
