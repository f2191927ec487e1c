//! Deletion of stored records.

use agentscope_store::{RecordKind, Store, StoreError};

/// Deletes a record in the way in which the synchronization deletes a replica, until no record is
/// stored.
///
/// # Errors
///
/// DynamoDB does not respond.
pub async fn delete(store: &Store, kind: RecordKind, user_id: &str, id: &str) -> Result<(), StoreError> {
    loop {
        let stored = store.replica_status(kind, user_id, id).await?;
        if !stored.version.exists() {
            if kind == RecordKind::Session {
                store.end_lease(user_id, id).await?;
                store.clear_left_parts(user_id, id).await?;
            }
            return Ok(());
        }
        if store.delete_replica(kind, user_id, id, &stored.version).await? {
            return Ok(());
        }
    }
}

/// Deletes a session. See [`delete`].
///
/// # Errors
///
/// DynamoDB does not respond.
pub async fn delete_session(store: &Store, user_id: &str, id: &str) -> Result<(), StoreError> {
    delete(store, RecordKind::Session, user_id, id).await
}
