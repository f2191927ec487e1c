//! Copies of records that live elsewhere: written only where they differ.
//!
//! Whoever keeps copies reads what a table holds, then the original, then writes on condition that the table still holds
//! the same. In this order a slow writer cannot put an old copy over a newer one: whoever wrote that one did so after the
//! slow one had read, so its condition fails, and it starts again.

use std::collections::HashMap;

use agentscope_model::{AgentRecord, ScheduleRecord, SessionRecord, TeamRecord};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::documents::{agent_item, schedule_item, team_item};
use crate::item::{Item, key};
use crate::stored_version::{CONTENT_HASH, sort_key};
use crate::tables::OWNER;
use crate::{RecordKind, SourceFingerprint, Store, StoreError, StoredVersion, keys};

impl Store {
    /// Writes the copy of an agent where this is held; whether it still was.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the record does not fit an item.
    pub async fn copy_agent(
        &self,
        agent: &AgentRecord,
        original: &SourceFingerprint,
        held: &StoredVersion,
    ) -> Result<bool, StoreError> {
        self.copy(RecordKind::Agent, agent_item(agent)?, original, held).await
    }

    /// Writes the copy of a team where this is held; whether it still was.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the record does not fit an item.
    pub async fn copy_team(
        &self,
        team: &TeamRecord,
        original: &SourceFingerprint,
        held: &StoredVersion,
    ) -> Result<bool, StoreError> {
        self.copy(RecordKind::Team, team_item(team)?, original, held).await
    }

    /// Writes the copy of a schedule where this is held; whether it still was.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the record does not fit an item.
    pub async fn copy_schedule(
        &self,
        schedule: &ScheduleRecord,
        original: &SourceFingerprint,
        held: &StoredVersion,
    ) -> Result<bool, StoreError> {
        self.copy(RecordKind::Schedule, schedule_item(schedule)?, original, held).await
    }

    /// Writes the copy of a session where this is held; whether it still was.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the record does not fit the tables.
    pub async fn copy_session(
        &self,
        session: &SessionRecord,
        original: &SourceFingerprint,
        held: &StoredVersion,
    ) -> Result<bool, StoreError> {
        self.replace_session(session, Some(original), held.version.clone()).await
    }

    /// Deletes a copy where this is held, and a session's lease with it; whether it still was.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn delete_copy(
        &self,
        kind: RecordKind,
        user_id: &str,
        id: &str,
        held: &StoredVersion,
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
        let response = self
            .client
            .delete_item()
            .table_name(table)
            .set_key(Some(key(user_id, sort, sort_key(kind, id))))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(name))
            .set_expression_attribute_values(value)
            .send()
            .await;
        if !still_held(response)? {
            return Ok(false);
        }
        if kind == RecordKind::Session {
            self.clear_left_parts(user_id, id).await?;
        }
        Ok(true)
    }

    /// Deletes the copy of a session whose state lies in parts. While they are deleted a claim is in the head's place, so that
    /// they will be found if this ends in between.
    async fn delete_copy_with_parts(&self, user_id: &str, id: &str, held: &StoredVersion) -> Result<bool, StoreError> {
        let Some(version) = self.claim(user_id, id, held.version.as_deref()).await? else { return Ok(false) };
        self.clear_left_parts(user_id, id).await?;
        let response = self
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
        still_held(response)
    }

    /// Deletes the parts of a session's states that no head needs and no writer can come to need: those that are older than the
    /// head, or all if there is none.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn clear_left_parts(&self, user_id: &str, id: &str) -> Result<(), StoreError> {
        self.clear_parts(user_id, id, None, is_left_behind).await
    }

    /// Whether a session has parts that [`clear_left_parts`](Self::clear_left_parts) would delete.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn has_left_parts(&self, user_id: &str, id: &str) -> Result<bool, StoreError> {
        Ok(!self.parts_left(user_id, id, None, is_left_behind).await?.is_empty())
    }

    async fn copy(
        &self,
        kind: RecordKind,
        mut item: Item,
        original: &SourceFingerprint,
        held: &StoredVersion,
    ) -> Result<bool, StoreError> {
        original.mark(&mut item);
        let (condition, name, value) = condition(held);
        let response = self
            .client
            .put_item()
            .table_name(self.table_of(kind).0)
            .set_item(Some(item))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(name))
            .set_expression_attribute_values(value)
            .send()
            .await;
        still_held(response)
    }
}

fn is_left_behind(head: Option<&str>, part: &str) -> bool {
    head.is_none_or(|head| part < head)
}

type Condition = (&'static str, HashMap<String, String>, Option<HashMap<String, AttributeValue>>);

/// What holds while an item is still the one that was read.
fn condition(held: &StoredVersion) -> Condition {
    let name = |name: &str| HashMap::from([("#mark".to_owned(), name.to_owned())]);
    let value = |value| Some(HashMap::from([(":mark".to_owned(), value)]));
    match held {
        StoredVersion { is_there: false, .. } => ("attribute_not_exists(#mark)", name(OWNER), None),
        StoredVersion { version: Some(version), .. } => {
            ("#mark = :mark", name("version"), value(AttributeValue::S(version.clone())))
        }
        StoredVersion { content_hash: Some(hash), .. } => {
            ("#mark = :mark", name(CONTENT_HASH), value(AttributeValue::B(Blob::new(hash.clone()))))
        }
        // Whoever writes no copies marks nothing.
        _ => ("attribute_not_exists(#mark)", name(CONTENT_HASH), None),
    }
}

/// Whether the condition of a write held.
fn still_held<T, E>(response: Result<T, SdkError<E>>) -> Result<bool, StoreError>
where
    StoreError: From<SdkError<E>>,
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata,
{
    match response {
        Ok(_) => Ok(true),
        Err(SdkError::ServiceError(error)) if error.err().code() == Some("ConditionalCheckFailedException") => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
