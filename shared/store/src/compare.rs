//! Comparison of stored records with given ones.

use agentscope_model::SessionRecord;

use crate::attributes::{BULK, BULK_SIZE, CONTENT_HASH, DATA, EXPIRES_AT, PARTS, VERSION};
use crate::get::Consistency;
use crate::item::Item;
use crate::session_items::SessionItems;
use crate::{Detail, RecordKind, SessionHead, SourceFingerprint, Store, StoreError, StoredSession, bulk, keys};

/// How a stored record differs from a given one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// No record is stored.
    Missing,
    /// The stored record has other content: the names of the attributes that differ.
    Changed(Vec<String>),
}

impl Difference {
    /// The difference in these attributes, if there are any.
    pub(crate) fn changed(names: Vec<String>) -> Option<Self> {
        (!names.is_empty()).then_some(Self::Changed(names))
    }
}

/// The attributes of a head that depend on how the bulk was compressed, and the digest.
const IGNORED: [&str; 4] = [CONTENT_HASH, BULK, PARTS, BULK_SIZE];

impl Store {
    pub(crate) async fn compare_session(
        &self,
        session: &SessionRecord,
        source: &SourceFingerprint,
    ) -> Result<Option<Difference>, StoreError> {
        let SessionRecord { user_id, id, .. } = session;
        let table = self.names.of(RecordKind::Session);
        let Some(stored) = self.get(table, user_id, &keys::head(id), &[], Consistency::Strong).await? else {
            return Ok(Some(Difference::Missing));
        };
        // No reader shows the claim of a writer.
        if stored.contains_key(EXPIRES_AT) {
            return Ok(Some(Difference::Missing));
        }
        let version = stored.get(VERSION).and_then(|version| version.as_s().ok()).cloned().unwrap_or_default();
        let expected = SessionItems::new(session, &version, Some(source))?;
        let mut names = differing_attributes(&stored, &expected.head, &IGNORED);
        match SessionHead::from_item(table, self.release, stored) {
            Ok(head) => {
                if self.unpacked(user_id, head).await? != expected.unpacked() {
                    names.push("state".to_owned());
                }
            }
            Err(StoreError::Unreadable { problem, .. }) => names.push(problem),
            Err(error) => return Err(error),
        }
        Ok(Difference::changed(names))
    }

    /// The bulk of a stored session; `None` if it is damaged or incomplete.
    async fn unpacked(&self, user_id: &str, head: SessionHead) -> Result<Option<Vec<u8>>, StoreError> {
        let id = head.id.clone();
        let sessions = match self.states(user_id, vec![head], Detail::Full, usize::MAX).await {
            Err(StoreError::Unreadable { .. }) => return Ok(None),
            sessions => sessions?,
        };
        Ok(sessions.get(&id).and_then(StoredSession::bulk))
    }
}

impl SessionItems {
    fn unpacked(&self) -> Option<Vec<u8>> {
        let bytes = |item: &Item, name: &str| {
            item.get(name).and_then(|value| value.as_b().ok()).map(|data| data.as_ref().to_vec())
        };
        let packed = match bytes(&self.head, BULK) {
            Some(packed) => packed,
            None => self.parts.iter().filter_map(|part| bytes(part, DATA)).flatten().collect(),
        };
        let mut text = Vec::new();
        bulk::unpack(&packed, bulk::unpacked_size(&packed)?, &mut text).ok().map(|()| text)
    }
}

/// The names of the attributes that differ between two items, except the ignored ones.
pub(crate) fn differing_attributes(stored: &Item, expected: &Item, ignored: &[&str]) -> Vec<String> {
    let mut names: Vec<_> = stored
        .keys()
        .chain(expected.keys())
        .filter(|name| !ignored.contains(&name.as_str()) && stored.get(*name) != expected.get(*name))
        .cloned()
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
