//! Run leases: a session is running while somebody holds one.
//!
//! A lease ends by itself, so a runner that crashes stops counting. DynamoDB deletes an ended lease days later, so what
//! counts is its time and never that it exists.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::documents::check_key;
use crate::item::{Fields, Item, key, text};
use crate::tables::{EXPIRES_AT, OWNER};
use crate::{ConstraintViolation, Store, StoreError, keys};

/// A lease that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The session that runs.
    pub session_id: String,
    /// Who runs it.
    pub holder: String,
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
}

/// The lease is somebody else's, or is no longer held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseHeld;

impl Store {
    /// The sessions of a user that run now.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a lease cannot be read.
    pub async fn running(&self, user_id: &str) -> Result<HashSet<String>, StoreError> {
        Ok(self.leases(user_id).await?.into_iter().map(|lease| lease.session_id).collect())
    }

    /// The leases of a user that have not ended.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a lease cannot be read.
    pub async fn leases(&self, user_id: &str) -> Result<Vec<Lease>, StoreError> {
        if !keys::fits_partition(user_id) {
            return Ok(Vec::new());
        }
        let now = now();
        let query = self
            .items_query(user_id, keys::RUN_PREFIX)
            .filter_expression("#expires_at > :now")
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":now", AttributeValue::N(now.to_string()));
        let items = self.all_pages(query).await?;
        let mut leases = Vec::with_capacity(items.len());
        for item in items {
            let mut fields = Fields::new(&self.names.sessions, "item", item);
            let expires_at = fields.optional_number(EXPIRES_AT)?;
            leases.push(Lease {
                session_id: fields.text("id")?,
                holder: fields.text("holder")?,
                expires_at: expires_at.ok_or_else(|| fields.unreadable("expires_at is missing"))?,
            });
        }
        Ok(leases)
    }

    /// Takes the lease of a session, or renews it if `holder` has it already.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the ids do not fit a key. The inner error says that somebody else holds the lease.
    pub async fn acquire_lease(
        &self,
        user_id: &str,
        session_id: &str,
        holder: &str,
        length: Duration,
    ) -> Result<Result<(), LeaseHeld>, StoreError> {
        self.put_lease(
            user_id,
            session_id,
            holder,
            length,
            "attribute_not_exists(#item) OR #expires_at <= :now OR #holder = :holder",
        )
        .await
    }

    /// Renews a lease that `holder` has and that has not ended.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the ids do not fit a key. The inner error says that the lease is lost.
    pub async fn renew_lease(
        &self,
        user_id: &str,
        session_id: &str,
        holder: &str,
        length: Duration,
    ) -> Result<Result<(), LeaseHeld>, StoreError> {
        let condition = "attribute_exists(#item) AND #holder = :holder AND #expires_at > :now";
        self.put_lease(user_id, session_id, holder, length, condition).await
    }

    /// Writes down that a session runs until this moment, in seconds since 1970, whoever held its lease before: for copies of
    /// leases that are decided elsewhere.
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

    /// Ends a session's lease, whoever holds it.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn end_lease(&self, user_id: &str, session_id: &str) -> Result<(), StoreError> {
        let sort_key = keys::run(session_id);
        if keys::can_exist(user_id, &sort_key) {
            let key = key(user_id, "item", sort_key);
            self.client.delete_item().table_name(&self.names.sessions).set_key(Some(key)).send().await?;
        }
        Ok(())
    }

    async fn put_lease(
        &self,
        user_id: &str,
        session_id: &str,
        holder: &str,
        length: Duration,
        condition: &str,
    ) -> Result<Result<(), LeaseHeld>, StoreError> {
        let now = now();
        let item = lease_item(user_id, session_id, holder, now.saturating_add(length.as_secs()))?;
        let response = self
            .client
            .put_item()
            .table_name(&self.names.sessions)
            .set_item(Some(item))
            .condition_expression(condition)
            .expression_attribute_names("#item", "item")
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_names("#holder", "holder")
            .expression_attribute_values(":now", AttributeValue::N(now.to_string()))
            .expression_attribute_values(":holder", text(holder))
            .send()
            .await;
        match response {
            Ok(_) => Ok(Ok(())),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(Err(LeaseHeld))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Gives a lease back. It is not an error if it has ended or is somebody else's: it is left alone then.
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
            .set_key(Some(key(user_id, "item", sort_key)))
            .condition_expression("attribute_not_exists(#user) OR #holder = :holder")
            .expression_attribute_names("#user", OWNER)
            .expression_attribute_names("#holder", "holder")
            .expression_attribute_values(":holder", text(holder))
            .send()
            .await;
        match response {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn lease_item(user_id: &str, session_id: &str, holder: &str, expires_at: u64) -> Result<Item, ConstraintViolation> {
    check_key("user_id", user_id, keys::PARTITION_KEY_LIMIT)?;
    let sort_key = keys::run(session_id);
    check_key("id", session_id, keys::SORT_KEY_LIMIT)?;
    check_key("id", &sort_key, keys::SORT_KEY_LIMIT)?;
    let mut item = key(user_id, "item", sort_key);
    item.insert("id".into(), text(session_id));
    item.insert("holder".into(), text(holder));
    item.insert(EXPIRES_AT.into(), AttributeValue::N(expires_at.to_string()));
    Ok(item)
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
