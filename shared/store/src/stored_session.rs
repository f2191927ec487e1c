//! A session as it is stored: its head, and the bulk of its state if that was read.

use crate::session_head::SessionHead;
use crate::{StoreError, bulk, keys};

/// The extent of a read of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// The whole session.
    #[default]
    Full,
    /// The session without the bulk of its state: no summary, no conversation, no tool context.
    Summary,
}

/// A session, with its whole state or without the bulk of it.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// Its head.
    pub head: SessionHead,
    table: String,
    /// The compressed bulk; empty in a summary.
    packed: Vec<u8>,
    detail: Detail,
}

impl StoredSession {
    /// A whole session. `parts` is its compressed bulk unless that lies in the head.
    pub(crate) fn full(table: &str, mut head: SessionHead, parts: Vec<u8>) -> Self {
        let packed = head.take_inline_bulk().unwrap_or(parts);
        Self { head, table: table.to_owned(), packed, detail: Detail::Full }
    }

    /// A session without the bulk of its state.
    pub(crate) fn summary(table: &str, head: SessionHead) -> Self {
        Self { head, table: table.to_owned(), packed: Vec::new(), detail: Detail::Summary }
    }

    /// The session without the bulk of its state. If the session's JSON lies with the bulk, only
    /// the JSON is unpacked.
    ///
    /// # Errors
    ///
    /// The bulk is damaged.
    pub(crate) fn into_summary(self) -> Result<Self, StoreError> {
        if !self.head.needs_bulk() {
            return Ok(Self::summary(&self.table, self.head));
        }
        let outline = bulk::unpack_last_line(&self.packed, self.head.bulk_size());
        let outline = outline.map_err(|problem| self.unreadable(problem))?;
        if self.head.around_bulk(&outline).is_none() {
            return Err(self.unreadable("the places of its bulk are wrong"));
        }
        Ok(Self::summary(&self.table, self.head.with_outline(outline)))
    }

    /// Appends the session's JSON to `out`.
    ///
    /// # Errors
    ///
    /// The bulk is damaged. Part of it may have been appended.
    pub fn append_json(&self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        match self.head.outline() {
            Some(json) if self.detail == Detail::Summary => out.extend_from_slice(json.as_bytes()),
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

    /// Unpacks a bulk of two lines. Appends the first, the conversation, to `out` without a copy.
    /// Returns the second, the tool context.
    fn append_bulk(&self, out: &mut Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let start = out.len();
        self.unpack(out)?;
        // The second line is short, so the search starts at the end.
        let end = memchr::memrchr(b'\n', &out[start..]);
        let end = end.ok_or_else(|| self.unreadable("the state's bulk has too few lines"))?;
        let tool_context = out.split_off(start + end + 1);
        out.pop();
        Ok(tool_context)
    }

    fn unpack(&self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        bulk::unpack(&self.packed, self.head.bulk_size(), out).map_err(|problem| self.unreadable(problem))
    }

    /// The unpacked bulk; `None` if it is damaged.
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

    /// The size of the session's JSON in bytes, to within a few bytes.
    pub fn json_size(&self) -> usize {
        match self.detail {
            Detail::Full => self.head.json_size(),
            Detail::Summary => self.head.outline_size(),
        }
    }
}
