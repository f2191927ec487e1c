//! Sessions as they are put into answers: a head, and what was read of the bulk of its state.

use std::borrow::Cow;

use super::session_head::{DOCUMENTS, Documents, SessionHead};
use super::{StoreError, bulk, keys};

/// Lines of the bulk: `"summary":…,"context":…`, and tool_context.
pub(super) const BULK_LINES: usize = 2;

/// A tool_context in which there is nothing but defaults, as the reference writes it.
const DEFAULT_TOOL_CONTEXT: &str =
    r#"{"max_cache_files":100,"max_cache_bytes":25000.0,"read_file_cache":[],"activated_groups":[]}"#;

/// How much of a session is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// All of it.
    #[default]
    Full,
    /// All but the bulk of its state: no summary, no conversation, nothing that the tools remember.
    Summary,
}

/// A session as JSON texts, ready to be put into an answer: with its whole state, or without the bulk of it.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// Its head.
    pub head: SessionHead,
    pub(super) table: String,
    pub(super) packed: Vec<u8>,
    pub(super) is_summary: bool,
    /// The whole as JSON, if it has been put together already.
    pub(crate) json: Option<Vec<u8>>,
}

impl StoredSession {
    /// The session without the bulk of its state. What documents of it lie with the bulk stay.
    pub(super) fn into_summary(self) -> Self {
        Self { is_summary: true, ..self }
    }

    /// The documents.
    ///
    /// # Errors
    ///
    /// They lie with the bulk, and that is damaged.
    pub fn documents(&self) -> Result<Cow<'_, Documents>, StoreError> {
        if let Some(documents) = &self.head.documents {
            return Ok(Cow::Borrowed(documents));
        }
        let mut text = Vec::new();
        self.unpack(&mut text)?;
        let text = String::from_utf8(text).map_err(|_| self.unreadable("the state's bulk is not UTF-8"))?;
        let mut lines = text.split('\n').skip(BULK_LINES).map(str::to_owned);
        let mut next = || lines.next().ok_or_else(|| self.unreadable("the state's bulk has too few texts"));
        let documents = Documents {
            config: next()?,
            permission_context: next()?,
            tasks_context: next()?,
            state_extra: next()?,
            extra: next()?,
        };
        Ok(Cow::Owned(documents))
    }

    /// Appends `"summary":…,"context":…` to `out`, and returns the tool_context.
    ///
    /// # Errors
    ///
    /// The bulk is damaged. Part of it may have been appended.
    pub fn append_conversation(&self, out: &mut Vec<u8>) -> Result<Cow<'static, [u8]>, StoreError> {
        if self.is_summary {
            out.extend_from_slice(br#""summary":"","context":[]"#);
            return Ok(Cow::Borrowed(DEFAULT_TOOL_CONTEXT.as_bytes()));
        }
        let start = out.len();
        self.unpack(out)?;
        // The short lines are at the end.
        let lines = BULK_LINES + if self.head.needs_bulk() { DOCUMENTS.len() } else { 0 };
        let mut ends = memchr::memrchr_iter(b'\n', &out[start..]).skip(lines - BULK_LINES);
        let end = ends.next().ok_or_else(|| self.unreadable("the state's bulk has too few texts"))?;
        let mut tool_context = out.split_off(start + end + 1);
        out.pop();
        if let Some(end) = memchr::memchr(b'\n', &tool_context) {
            tool_context.truncate(end);
        }
        Ok(Cow::Owned(tool_context))
    }

    fn unpack(&self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        bulk::unpack(&self.packed, out).map_err(|problem| self.unreadable(problem))
    }

    fn unreadable(&self, problem: impl Into<String>) -> StoreError {
        StoreError::Unreadable {
            table: self.table.clone(),
            user_id: self.head.user_id.clone(),
            key: keys::head(&self.head.id),
            problem: problem.into(),
        }
    }

    /// How many bytes of JSON it makes, about.
    pub fn size_hint(&self) -> usize {
        if let Some(json) = &self.json {
            return json.len();
        }
        const FIELD_NAMES_AND_IDS: usize = 1024;
        let bulk = if self.is_summary { 0 } else { bulk::unpacked_size(&self.packed).unwrap_or(0) };
        FIELD_NAMES_AND_IDS + bulk + self.head.documents.as_ref().map_or(0, Documents::len)
    }
}
