//! Agents, teams and schedules as stored records: one item each.

use std::time::Instant;

use agentscope_model::{AgentRecord, Record, Release, RosterEntry, ScheduleRecord, TeamMembers, TeamRecord};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::attributes::{
    AGENT_ID, CONTENT_HASH, ID, JSON, LEADER_AGENT_ID, MEMBER_IDS, MEMBERS, MEMBERS_END, MEMBERS_START, OWNER_ID,
    RELEASE, SESSION_ID,
};
use crate::change_mark::marked_document;
use crate::compare::differing_attributes;
use crate::get::Consistency;
use crate::item::{Item, check_key, check_size, key, number, text};
use crate::{
    ConstraintViolation, Difference, Marked, RecordKind, SourceFingerprint, Store, StoreError, StoredRecord,
    StoredVersion, keys,
};

/// A record that is stored as one item.
pub trait Document: Record + Send + Sync {
    /// The kind of this type of record.
    const DOCUMENT_KIND: RecordKind;

    /// The release in whose shape the record is.
    fn release(&self) -> Release;

    /// The record as compact JSON.
    fn json(&self) -> &str;

    /// Adds the attributes that readers need besides the JSON.
    fn add_attributes(&self, _item: &mut Item) {}
}

impl Document for AgentRecord {
    const DOCUMENT_KIND: RecordKind = RecordKind::Agent;

    fn release(&self) -> Release {
        self.release
    }

    fn json(&self) -> &str {
        &self.json
    }
}

impl Document for ScheduleRecord {
    const DOCUMENT_KIND: RecordKind = RecordKind::Schedule;

    fn release(&self) -> Release {
        self.release
    }

    fn json(&self) -> &str {
        &self.json
    }
}

impl Document for TeamRecord {
    const DOCUMENT_KIND: RecordKind = RecordKind::Team;

    fn release(&self) -> Release {
        self.release
    }

    fn json(&self) -> &str {
        &self.json
    }

    fn add_attributes(&self, item: &mut Item) {
        item.insert(SESSION_ID.into(), text(&self.session_id));
        if let Some(leader_agent_id) = &self.leader_agent_id {
            item.insert(LEADER_AGENT_ID.into(), text(leader_agent_id));
        }
        let ids = |ids: &[String]| AttributeValue::L(ids.iter().map(text).collect());
        match &self.members {
            TeamMembers::Agents(agent_ids) => {
                item.insert(MEMBER_IDS.into(), ids(agent_ids));
            }
            TeamMembers::Unmigrated { agent_ids, members_range } => {
                item.insert(MEMBER_IDS.into(), ids(agent_ids));
                item.insert(MEMBERS_START.into(), number(members_range.start));
                item.insert(MEMBERS_END.into(), number(members_range.end));
            }
            TeamMembers::Roster(entries) => {
                let entry = |RosterEntry { owner_id, agent_id, session_id }: &RosterEntry| {
                    let fields = [(OWNER_ID, owner_id), (AGENT_ID, agent_id), (SESSION_ID, session_id)];
                    AttributeValue::M(fields.map(|(name, id)| (name.to_owned(), text(id))).into())
                };
                item.insert(MEMBERS.into(), AttributeValue::L(entries.iter().map(entry).collect()));
            }
        }
    }
}

/// The item of a document.
fn item_of(document: &impl Document) -> Result<Item, ConstraintViolation> {
    check_key("user_id", document.user_id(), keys::PARTITION_KEY_LIMIT)?;
    check_key("id", document.id(), keys::SORT_KEY_LIMIT)?;
    let mut item = key(document.user_id(), ID, document.id());
    item.insert(JSON.into(), text(document.json()));
    item.insert(RELEASE.into(), text(document.release().as_str()));
    document.add_attributes(&mut item);
    check_size(&item)?;
    Ok(item)
}

impl<T: Document> StoredRecord for T {
    const RECORD_KIND: RecordKind = T::DOCUMENT_KIND;

    fn validate(&self) -> Result<(), ConstraintViolation> {
        item_of(self).map(drop)
    }

    async fn put(&self, store: &Store) -> Result<(), StoreError> {
        self.put_marked(store, Marked::default()).await
    }

    fn group(&self) -> (String, Vec<String>) {
        (self.user_id().to_owned(), Vec::new())
    }

    async fn mark_all(store: &Store, documents: &[Self]) -> Result<Vec<Marked>, StoreError> {
        let records: Vec<_> =
            documents.iter().map(|document| marked_document(document.id(), Some(document.json()))).collect();
        if let Some(first) = documents.first() {
            store.mark(T::DOCUMENT_KIND, first.user_id(), &records, Vec::new()).await?;
        }
        Ok(vec![Marked { at: Some(Instant::now()), ..Marked::default() }; documents.len()])
    }

    async fn put_marked(&self, store: &Store, marked: Marked) -> Result<(), StoreError> {
        let item = item_of(self)?;
        if !marked.is_valid() {
            Self::mark_all(store, std::slice::from_ref(self)).await?;
        }
        let table = store.names.of(T::DOCUMENT_KIND).name;
        store.client.put_item().table_name(table).set_item(Some(item)).send().await?;
        Ok(())
    }

    async fn replicate(
        &self,
        store: &Store,
        source: &SourceFingerprint,
        replaced: &StoredVersion,
    ) -> Result<bool, StoreError> {
        let mut item = item_of(self)?;
        source.mark(&mut item);
        let mark = marked_document(self.id(), Some(self.json()));
        store.mark(T::DOCUMENT_KIND, self.user_id(), &[mark], Vec::new()).await?;
        store.put_if(store.names.of(T::DOCUMENT_KIND), item, replaced.is_unchanged()).await
    }

    async fn compare(&self, store: &Store, _: &SourceFingerprint) -> Result<Option<Difference>, StoreError> {
        let expected = item_of(self)?;
        let table = store.names.of(T::DOCUMENT_KIND);
        let stored = store.get(table, self.user_id(), self.id(), &[], Consistency::Strong).await?;
        Ok(stored.map_or(Some(Difference::Missing), |stored| {
            Difference::changed(differing_attributes(&stored, &expected, &[CONTENT_HASH]))
        }))
    }
}
