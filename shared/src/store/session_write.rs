//! Writing sessions: check, put and delete.
//!
//! A session's state may lie in parts. A writer puts the parts first, under a version of its own; then the head, which
//! makes them current in one step; then it removes the parts of older versions. One that dies in between leaves the old
//! state whole, and its parts to the next writer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::error::SdkError;
use uuid::{NoContext, Uuid};

use super::batch::wait;
use super::item::{Item, key, text};
use super::session_items::SessionItems;
use super::{Store, StoreError, Unfit, keys};
use crate::model::SessionRecord;

/// How often a write starts again because another writer got in between.
const ATTEMPTS: u32 = 8;

/// How old the parts of a session without a head must be before they count as left behind. Younger ones may belong to a
/// writer that has not yet put its head.
const ORPHAN_AGE: Duration = Duration::from_secs(3600);

impl Store {
    /// # Errors
    ///
    /// The session cannot be kept in its table.
    pub fn check_session(session: &SessionRecord) -> Result<(), Unfit> {
        SessionItems::new(session, &Uuid::nil().to_string()).map(drop)
    }

    /// Writes a session, new or not. Of two writers the one whose head comes last wins, whole.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer, the record does not fit the tables, or other writers keep getting in between.
    pub async fn put_session(&self, session: &SessionRecord) -> Result<(), StoreError> {
        let SessionRecord { user_id, id, .. } = session;
        // A record whose ids fit no key must not be asked for.
        Self::check_session(session)?;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                wait(attempt).await;
            }
            let current = self.version(user_id, id).await?;
            let version = version_after(current.as_deref());
            let SessionItems { head, parts } = SessionItems::new(session, &version)?;
            let part_keys = parts.iter().filter_map(|part| part.get("item")?.as_s().ok().cloned()).collect();
            self.put_parts(parts).await?;
            if self.put_head(head, current.as_deref()).await? {
                return self.delete_parts(user_id, id, |other| other < version.as_str()).await;
            }
            self.batch_delete(user_id, part_keys).await?;
        }
        Err(StoreError::Contended(id.clone()))
    }

    /// Deletes a session with its state and its lease; nothing happens if there is none.
    ///
    /// # Errors
    ///
    /// DynamoDB does not answer.
    pub async fn delete_session(&self, user_id: &str, id: &str) -> Result<(), StoreError> {
        let head = keys::head(id);
        if !keys::can_exist(user_id, &keys::part(id, &Uuid::nil().to_string(), 0)) {
            return Ok(());
        }
        let table = &self.names.sessions;
        let deleted = self
            .client
            .delete_item()
            .table_name(table)
            .set_key(Some(key(user_id, "item", head)))
            .return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld)
            .send()
            .await?;
        let version = deleted.attributes.and_then(|head| head.get("version")?.as_s().ok().cloned());
        self.client.delete_item().table_name(table).set_key(Some(key(user_id, "item", keys::run(id)))).send().await?;
        let newest = version.unwrap_or_else(|| version_of(SystemTime::now() - ORPHAN_AGE));
        self.delete_parts(user_id, id, |other| other <= newest.as_str()).await
    }

    /// The version of a session's state, read consistently.
    async fn version(&self, user_id: &str, id: &str) -> Result<Option<String>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.names.sessions)
            .set_key(Some(key(user_id, "item", keys::head(id))))
            .projection_expression("#version")
            .expression_attribute_names("#version", "version")
            .consistent_read(true)
            .send()
            .await?;
        Ok(answer.item.and_then(|head| head.get("version")?.as_s().ok().cloned()))
    }

    /// Puts a head if the one that it replaces is still the current one.
    async fn put_head(&self, head: Item, current: Option<&str>) -> Result<bool, StoreError> {
        let mut request = self
            .client
            .put_item()
            .table_name(&self.names.sessions)
            .set_item(Some(head))
            .expression_attribute_names("#version", "version");
        request = match current {
            None => request.condition_expression("attribute_not_exists(#version)"),
            Some(version) => request
                .condition_expression("#version = :version")
                .expression_attribute_values(":version", text(version)),
        };
        match request.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn delete_parts(
        &self,
        user_id: &str,
        id: &str,
        is_left_behind: impl Fn(&str) -> bool,
    ) -> Result<(), StoreError> {
        let prefix = keys::parts(id);
        let query = self.items_query(user_id, &prefix).projection_expression("#item");
        let parts = self.all_pages(query).await?.into_iter().filter_map(|part| part.get("item")?.as_s().ok().cloned());
        let left_behind = parts
            .filter(|part| {
                let version = part.strip_prefix(&prefix).and_then(|rest| rest.split('#').next());
                version.is_some_and(&is_left_behind)
            })
            .collect();
        self.batch_delete(user_id, left_behind).await
    }
}

/// A version for a state that is written now: later than the current one even if another writer's clock was fast.
fn version_after(current: Option<&str>) -> String {
    let now = Uuid::now_v7();
    let after = current.and_then(|text| Uuid::parse_str(text).ok()).map(|current| current.as_u128().saturating_add(1));
    match after {
        Some(after) if now.as_u128() < after => Uuid::from_u128(after).to_string(),
        _ => now.to_string(),
    }
}

/// The first version of a moment.
fn version_of(time: SystemTime) -> String {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, since_1970.as_secs(), 0)).to_string()
}
