//! Reads of schedules.

use crate::attributes::ID;
use crate::get::Consistency;
use crate::{RecordKind, Store, StoreError};

impl Store {
    /// Whether a schedule exists, with strong consistency.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn schedule_exists(&self, user_id: &str, id: &str) -> Result<bool, StoreError> {
        let table = self.names.of(RecordKind::Schedule);
        Ok(self.get(table, user_id, id, &[ID], Consistency::Strong).await?.is_some())
    }
}
