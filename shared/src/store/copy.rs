//! Copies of records that live elsewhere: written only where they differ.
//!
//! Whoever keeps copies reads what a table holds, then the original, then writes on condition that the table still holds
//! the same. In this order a slow writer cannot put an old copy over a newer one: whoever wrote that one did so after the
//! slow one had read, so its condition fails, and it starts again.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::batch::GET_LIMIT;
use super::documents::{agent_item, schedule_item, team_item};
use super::item::{Fields, Item, key};
use super::tables::{EXPIRES_AT, OWNER};
use super::{Store, StoreError, keys};
use crate::model::{AgentRecord, ScheduleRecord, SessionRecord, TeamRecord};

/// The attribute that tells whether a copy is that of the original as it is now.
pub(super) const CONTENT_HASH: &str = "content_hash";
/// What of a head and of a lease has to be known.
const HELD: [&str; 4] = [CONTENT_HASH, "version", "parts", EXPIRES_AT];

/// The kinds of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// Agents.
    Agent,
    /// Teams.
    Team,
    /// Schedules.
    Schedule,
    /// Sessions.
    Session,
}

impl RecordKind {
    /// All of them; those to which others refer before these.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Team, Self::Schedule, Self::Session];

    /// As `agent`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Team => "team",
            Self::Schedule => "schedule",
            Self::Session => "session",
        }
    }
}

/// What is written down about the original of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// A hash of all that the copy is made of.
    pub content_hash: [u8; 32],
    /// Whether a session is on its agent's list. One that is not can be found by its id alone.
    pub is_on_agent_list: bool,
    /// The same for the schedule that started it.
    pub is_on_schedule_list: bool,
}

impl Original {
    pub(super) fn mark(&self, item: &mut Item) {
        item.insert(CONTENT_HASH.into(), AttributeValue::B(Blob::new(self.content_hash)));
    }
}

/// What a table holds under a key, as far as a writer of copies has to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    content_hash: Option<Vec<u8>>,
    version: Option<String>,
    /// Whether parts of a state may belong to it.
    has_parts: bool,
    is_there: bool,
}

impl Held {
    fn of(item: Option<Item>) -> Self {
        let Some(mut item) = item else { return Self::default() };
        let content_hash = match item.remove(CONTENT_HASH) {
            Some(AttributeValue::B(hash)) => Some(hash.into_inner()),
            _ => None,
        };
        let version = match item.remove("version") {
            Some(AttributeValue::S(version)) => Some(version),
            _ => None,
        };
        // A claim has them as well, or will.
        let has_parts = item.contains_key("parts") || item.contains_key(EXPIRES_AT);
        Self { content_hash, version, has_parts, is_there: true }
    }

    /// Whether there is anything.
    pub fn is_there(&self) -> bool {
        self.is_there
    }

    /// Whether it is the copy of an original with this hash.
    pub fn is_copy_of(&self, content_hash: &[u8; 32]) -> bool {
        self.content_hash.as_deref() == Some(content_hash)
    }
}

impl Store {
    /// What is held of these records, each named once, and when the leases of sessions end or have ended, in the order in which
    /// they are named; of a moment ago unless it is asked for consistently. Nothing is held under an id that no table can hold.
    /// A lease without a readable end has the latest there is.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer.
    pub async fn held_of(
        &self,
        kind: RecordKind,
        records: &[(&str, &str)],
        consistent: bool,
    ) -> Result<Vec<(Held, Option<u64>)>, StoreError> {
        let (table, sort) = self.table_of(kind);
        let is_session = kind == RecordKind::Session;
        let attributes: &[_] = if is_session { &HELD } else { &HELD[..1] };
        let mut found = HashMap::new();
        for chunk in records.chunks(if is_session { GET_LIMIT / 2 } else { GET_LIMIT }) {
            let keys = chunk.iter().flat_map(|(user_id, id)| {
                let lease = is_session.then(|| keys::run(id));
                let sort_keys = [Some(sort_key(kind, id)), lease].into_iter().flatten();
                sort_keys
                    .filter(|sort_key| keys::can_exist(user_id, sort_key))
                    .map(|sort_key| key(user_id, sort, sort_key))
            });
            let keys: Vec<_> = keys.collect();
            if keys.is_empty() {
                continue;
            }
            for item in self.get_chunk(table, sort, keys, attributes, consistent).await? {
                let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
                found.insert((text(OWNER), text(sort)), item);
            }
        }
        let answers = records.iter().map(|(user_id, id)| {
            let held = Held::of(found.remove(&((*user_id).to_owned(), sort_key(kind, id))));
            let lease = found.remove(&((*user_id).to_owned(), keys::run(id))).filter(|_| is_session);
            // One that no reader could read is wrong whatever it should be.
            let lease = lease.map(|item| Fields::new(table, sort, item).optional_number(EXPIRES_AT).ok().flatten());
            (held, lease.map(|end| end.unwrap_or(u64::MAX)))
        });
        Ok(answers.collect())
    }

    /// Writes the copy of an agent where this is held; whether it still was.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or the record does not fit an item.
    pub async fn copy_agent(&self, agent: &AgentRecord, original: &Original, held: &Held) -> Result<bool, StoreError> {
        self.copy(RecordKind::Agent, agent_item(agent)?, original, held).await
    }

    /// Writes the copy of a team where this is held; whether it still was.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or the record does not fit an item.
    pub async fn copy_team(&self, team: &TeamRecord, original: &Original, held: &Held) -> Result<bool, StoreError> {
        self.copy(RecordKind::Team, team_item(team)?, original, held).await
    }

    /// Writes the copy of a schedule where this is held; whether it still was.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or the record does not fit an item.
    pub async fn copy_schedule(
        &self,
        schedule: &ScheduleRecord,
        original: &Original,
        held: &Held,
    ) -> Result<bool, StoreError> {
        self.copy(RecordKind::Schedule, schedule_item(schedule)?, original, held).await
    }

    /// Writes the copy of a session where this is held; whether it still was.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, or the record does not fit the tables.
    pub async fn copy_session(
        &self,
        session: &SessionRecord,
        original: &Original,
        held: &Held,
    ) -> Result<bool, StoreError> {
        self.replace_session(session, Some(original), held.version.clone()).await
    }

    /// Deletes a copy where this is held, and a session's lease with it; whether it still was.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer.
    pub async fn delete_copy(
        &self,
        kind: RecordKind,
        user_id: &str,
        id: &str,
        held: &Held,
    ) -> Result<bool, StoreError> {
        let (table, sort) = self.table_of(kind);
        if kind == RecordKind::Session {
            // Before the head: what is left of a delete that ends in between is a session, which will be found.
            self.end_lease(user_id, id).await?;
        }
        if held.has_parts {
            return self.delete_copy_with_parts(user_id, id, held).await;
        }
        let (condition, name, value) = condition(held);
        let answer = self
            .client
            .delete_item()
            .table_name(table)
            .set_key(Some(key(user_id, sort, sort_key(kind, id))))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(name))
            .set_expression_attribute_values(value)
            .send()
            .await;
        if !still_held(answer)? {
            return Ok(false);
        }
        if kind == RecordKind::Session {
            self.clear_left_parts(user_id, id).await?;
        }
        Ok(true)
    }

    /// Deletes the copy of a session whose state lies in parts. While they are deleted a claim is in the head's place, so that
    /// they will be found if this ends in between.
    async fn delete_copy_with_parts(&self, user_id: &str, id: &str, held: &Held) -> Result<bool, StoreError> {
        let Some(version) = self.claim(user_id, id, held.version.as_deref()).await? else { return Ok(false) };
        self.clear_left_parts(user_id, id).await?;
        let answer = self
            .client
            .delete_item()
            .table_name(&self.names.sessions)
            .set_key(Some(key(user_id, "item", keys::head(id))))
            .condition_expression("#version = :version")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":version", AttributeValue::S(version))
            .send()
            .await;
        // If not, there is a session again, and not by us.
        still_held(answer)
    }

    /// Deletes the parts of a session's states that no head needs and no writer can come to need: those that are older than the
    /// head, or all if there is none.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer.
    pub async fn clear_left_parts(&self, user_id: &str, id: &str) -> Result<(), StoreError> {
        self.clear_parts(user_id, id, None, is_left_behind).await
    }

    /// Whether a session has parts that [`clear_left_parts`](Self::clear_left_parts) would delete.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer.
    pub async fn has_left_parts(&self, user_id: &str, id: &str) -> Result<bool, StoreError> {
        Ok(!self.parts_left(user_id, id, None, is_left_behind).await?.is_empty())
    }

    async fn copy(
        &self,
        kind: RecordKind,
        mut item: Item,
        original: &Original,
        held: &Held,
    ) -> Result<bool, StoreError> {
        original.mark(&mut item);
        let (condition, name, value) = condition(held);
        let answer = self
            .client
            .put_item()
            .table_name(self.table_of(kind).0)
            .set_item(Some(item))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(name))
            .set_expression_attribute_values(value)
            .send()
            .await;
        still_held(answer)
    }

    /// The table of a kind of record, and its sort key.
    pub(super) fn table_of(&self, kind: RecordKind) -> (&str, &'static str) {
        match kind {
            RecordKind::Agent => (&self.names.agents, "id"),
            RecordKind::Team => (&self.names.teams, "id"),
            RecordKind::Schedule => (&self.names.schedules, "id"),
            RecordKind::Session => (&self.names.sessions, "item"),
        }
    }
}

fn is_left_behind(head: Option<&str>, part: &str) -> bool {
    head.is_none_or(|head| part < head)
}

fn sort_key(kind: RecordKind, id: &str) -> String {
    if kind == RecordKind::Session { keys::head(id) } else { id.to_owned() }
}

type Condition = (&'static str, HashMap<String, String>, Option<HashMap<String, AttributeValue>>);

/// What holds while an item is still the one that was read.
fn condition(held: &Held) -> Condition {
    let name = |name: &str| HashMap::from([("#mark".to_owned(), name.to_owned())]);
    let value = |value| Some(HashMap::from([(":mark".to_owned(), value)]));
    match held {
        Held { is_there: false, .. } => ("attribute_not_exists(#mark)", name(OWNER), None),
        Held { version: Some(version), .. } => {
            ("#mark = :mark", name("version"), value(AttributeValue::S(version.clone())))
        }
        Held { content_hash: Some(hash), .. } => {
            ("#mark = :mark", name(CONTENT_HASH), value(AttributeValue::B(Blob::new(hash.clone()))))
        }
        // Whoever writes no copies marks nothing.
        _ => ("attribute_not_exists(#mark)", name(CONTENT_HASH), None),
    }
}

/// Whether the condition of a write held.
fn still_held<T, E>(answer: Result<T, SdkError<E>>) -> Result<bool, StoreError>
where
    StoreError: From<SdkError<E>>,
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata,
{
    match answer {
        Ok(_) => Ok(true),
        Err(SdkError::ServiceError(error)) if error.err().code() == Some("ConditionalCheckFailedException") => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
