//! Comparing what the tables hold of a record with the record itself, down to the last byte of its state.

use agentscope_model::{AgentRecord, ScheduleRecord, SessionRecord, TeamRecord};

use crate::documents::{agent_item, schedule_item, team_item};
use crate::item::Item;
use crate::session_items::SessionItems;
use crate::stored_version::CONTENT_HASH;
use crate::tables::EXPIRES_AT;
use crate::{RecordKind, SessionHead, SourceFingerprint, Store, StoreError, StoredSession, bulk, keys};

/// How what is held differs from a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Nothing is held.
    Missing,
    /// Something else is held. The names of the attributes that differ.
    Changed(Vec<String>),
}

/// What lies in the bulk, and how it is laid out.
const BULK: [&str; 3] = ["bulk", "parts", "bulk_size"];

impl Store {
    /// How what is held of an agent differs from it.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the record does not fit an item.
    pub async fn compare_agent(&self, agent: &AgentRecord) -> Result<Option<Difference>, StoreError> {
        self.compare(RecordKind::Agent, &agent.user_id, &agent.id, &agent_item(agent)?).await
    }

    /// How what is held of a team differs from it.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the record does not fit an item.
    pub async fn compare_team(&self, team: &TeamRecord) -> Result<Option<Difference>, StoreError> {
        self.compare(RecordKind::Team, &team.user_id, &team.id, &team_item(team)?).await
    }

    /// How what is held of a schedule differs from it.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the record does not fit an item.
    pub async fn compare_schedule(&self, schedule: &ScheduleRecord) -> Result<Option<Difference>, StoreError> {
        self.compare(RecordKind::Schedule, &schedule.user_id, &schedule.id, &schedule_item(schedule)?).await
    }

    async fn compare(
        &self,
        kind: RecordKind,
        user_id: &str,
        id: &str,
        expected: &Item,
    ) -> Result<Option<Difference>, StoreError> {
        let (table, sort) = self.table_of(kind);
        let held = self.get_consistently(table, user_id, sort, id, &[]).await?;
        Ok(held.map_or(Some(Difference::Missing), |held| changed(differing(&held, expected, &[CONTENT_HASH]))))
    }

    /// How what is held of a session differs from it, and from the lists that it is on.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the record does not fit the tables.
    pub async fn compare_session(
        &self,
        session: &SessionRecord,
        original: &SourceFingerprint,
    ) -> Result<Option<Difference>, StoreError> {
        let SessionRecord { user_id, id, .. } = session;
        let table = &self.names.sessions;
        let Some(held) = self.get_consistently(table, user_id, "item", &keys::head(id), &[]).await? else {
            return Ok(Some(Difference::Missing));
        };
        // A writer's claim: nobody reads it.
        if held.contains_key(EXPIRES_AT) {
            return Ok(Some(Difference::Missing));
        }
        let version = held.get("version").and_then(|version| version.as_s().ok()).cloned().unwrap_or_default();
        let expected = SessionItems::new(session, &version, Some(original))?;
        // How the bulk is packed is the packer's own business: what counts is what is in it.
        let mut names = differing(&held, &expected.head, &[&[CONTENT_HASH][..], &BULK].concat());
        match SessionHead::from_item(table, self.release, held) {
            Ok(head) => {
                if self.unpacked(user_id, head).await? != expected.unpacked() {
                    names.push("state".to_owned());
                }
            }
            Err(StoreError::Unreadable { problem, .. }) => names.push(problem),
            Err(error) => return Err(error),
        }
        Ok(changed(names))
    }

    /// The bulk of a head; `None` if it is damaged or incomplete.
    async fn unpacked(&self, user_id: &str, head: SessionHead) -> Result<Option<Vec<u8>>, StoreError> {
        let id = head.id.clone();
        let sessions = match self.states(user_id, vec![head], crate::Detail::Full, usize::MAX).await {
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
        let packed = match bytes(&self.head, "bulk") {
            Some(packed) => packed,
            None => self.parts.iter().filter_map(|part| bytes(part, "data")).flatten().collect(),
        };
        let mut text = Vec::new();
        bulk::unpack(&packed, bulk::unpacked_size(&packed)?, &mut text).ok().map(|()| text)
    }
}

/// The names of the attributes that are not the same in both, but for these.
fn differing(held: &Item, expected: &Item, but_for: &[&str]) -> Vec<String> {
    let mut names: Vec<_> = held
        .keys()
        .chain(expected.keys())
        .filter(|name| !but_for.contains(&name.as_str()) && held.get(*name) != expected.get(*name))
        .cloned()
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn changed(names: Vec<String>) -> Option<Difference> {
    (!names.is_empty()).then_some(Difference::Changed(names))
}
