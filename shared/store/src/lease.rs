//! Run leases: a session is running while a process holds its lease.
//!
//! A lease expires, so a session stops running when its process crashes. DynamoDB deletes an
//! expired lease up to days later, so readers compare its time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::attributes::{EXPIRES_AT, HOLDER, ID, ITEM, USER_ID};
use crate::condition::is_condition_met;
use crate::item::{Fields, Item, check_key, key, number, text};
use crate::{ConstraintViolation, RecordKind, Store, StoreError, keys};

/// An active lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The session that runs.
    pub session_id: String,
    /// The process that runs it.
    pub holder: String,
    /// The end of the lease, in seconds since 1970.
    pub expires_at: u64,
}

/// The lease belongs to another holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseHeld;

impl Store {
    /// Reads the active leases of a user.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a lease is unreadable.
    pub async fn leases(&self, user_id: &str) -> Result<Vec<Lease>, StoreError> {
        if !keys::fits_partition(user_id) {
            return Ok(Vec::new());
        }
        let query = self
            .items_query(user_id, keys::RUN_PREFIX)
            .filter_expression("#expires_at > :now")
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":now", number(now()));
        let items = self.all_pages(query).await?;
        let mut leases = Vec::with_capacity(items.len());
        for item in items {
            let mut fields = Fields::new(self.names.of(RecordKind::Session), item);
            let expires_at = fields.optional_number(EXPIRES_AT)?;
            leases.push(Lease {
                session_id: fields.text(ID)?,
                holder: fields.text(HOLDER)?,
                expires_at: expires_at.ok_or_else(|| fields.unreadable("expires_at is missing"))?,
            });
        }
        Ok(leases)
    }

    /// Acquires the lease of a session, or renews it if `holder` has it already.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the ids do not fit a key. The inner error: another holder has
    /// the lease.
    pub async fn acquire_lease(
        &self,
        user_id: &str,
        session_id: &str,
        holder: &str,
        length: Duration,
    ) -> Result<Result<(), LeaseHeld>, StoreError> {
        let now = now();
        let item = lease_item(user_id, session_id, holder, now.saturating_add(length.as_secs()))?;
        let request = self
            .client
            .put_item()
            .table_name(&self.names.sessions)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#item) OR #expires_at <= :now OR #holder = :holder")
            .expression_attribute_names("#item", ITEM)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_names("#holder", HOLDER)
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":holder", text(holder));
        Ok(if is_condition_met(request.send().await)? { Ok(()) } else { Err(LeaseHeld) })
    }

    /// Writes a lease until this time, in seconds since 1970, whoever its holder was. For replicas
    /// of locks that another database owns.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the ids do not fit a key.
    pub async fn set_lease(
        &self,
        user_id: &str,
        session_id: &str,
        holder: &str,
        expires_at: u64,
    ) -> Result<(), StoreError> {
        let item = lease_item(user_id, session_id, holder, expires_at)?;
        self.client.put_item().table_name(&self.names.sessions).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// Deletes the lease of a session, whoever its holder is.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn end_lease(&self, user_id: &str, session_id: &str) -> Result<(), StoreError> {
        let sort_key = keys::run(session_id);
        if keys::can_exist(user_id, &sort_key) {
            let key = key(user_id, ITEM, sort_key);
            self.client.delete_item().table_name(&self.names.sessions).set_key(Some(key)).send().await?;
        }
        Ok(())
    }

    /// Releases a lease. A lease that has expired or belongs to another holder is left as it is.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn release_lease(&self, user_id: &str, session_id: &str, holder: &str) -> Result<(), StoreError> {
        let sort_key = keys::run(session_id);
        if !keys::can_exist(user_id, &sort_key) {
            return Ok(());
        }
        let response = self
            .client
            .delete_item()
            .table_name(&self.names.sessions)
            .set_key(Some(key(user_id, ITEM, sort_key)))
            .condition_expression("attribute_not_exists(#user) OR #holder = :holder")
            .expression_attribute_names("#user", USER_ID)
            .expression_attribute_names("#holder", HOLDER)
            .expression_attribute_values(":holder", text(holder))
            .send()
            .await;
        is_condition_met(response).map(drop)
    }
}

fn lease_item(user_id: &str, session_id: &str, holder: &str, expires_at: u64) -> Result<Item, ConstraintViolation> {
    check_key("user_id", user_id, keys::PARTITION_KEY_LIMIT)?;
    let sort_key = keys::run(session_id);
    check_key("id", session_id, keys::SORT_KEY_LIMIT)?;
    check_key("id", &sort_key, keys::SORT_KEY_LIMIT)?;
    let mut item = key(user_id, ITEM, sort_key);
    item.insert(ID.into(), text(session_id));
    item.insert(HOLDER.into(), text(holder));
    item.insert(EXPIRES_AT.into(), number(expires_at));
    Ok(item)
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
