//! What happens to a user's sessions at this moment: which of them run, and which records changed.

use std::collections::HashSet;

use crate::attributes::{EXPIRES_AT, ID, ITEM, USER_ID};
use crate::change_mark::{Changes, first_key};
use crate::item::{Fields, number, text};
use crate::lease::now;
use crate::{RecordKind, Store, StoreError, keys};

/// The activity of a user.
#[derive(Debug, Clone, Default)]
pub struct Activity {
    /// The ids of the running sessions.
    pub running: HashSet<String>,
    /// The records that changed in the last minute.
    pub changes: Changes,
}

impl Store {
    /// Reads the activity of a user, with strong consistency, by one Query: the sort keys of
    /// change marks come directly before those of run leases.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or an item is unreadable.
    pub async fn activity(&self, user_id: &str) -> Result<Activity, StoreError> {
        self.activity_up_to(user_id, keys::AFTER_RUNS).await
    }

    /// Reads the records of a user that changed in the last minute, with strong consistency.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or an item is unreadable.
    pub async fn changes(&self, user_id: &str) -> Result<Changes, StoreError> {
        Ok(self.activity_up_to(user_id, keys::AFTER_CHANGES).await?.changes)
    }

    async fn activity_up_to(&self, user_id: &str, last_key: &str) -> Result<Activity, StoreError> {
        let mut activity = Activity { running: HashSet::new(), changes: Changes::new(user_id) };
        if !keys::fits_partition(user_id) {
            return Ok(activity);
        }
        let query = self
            .client
            .query()
            .table_name(&self.names.sessions)
            .key_condition_expression("#user = :user AND #item BETWEEN :first AND :last")
            .filter_expression("#expires_at > :now")
            .expression_attribute_names("#user", USER_ID)
            .expression_attribute_names("#item", ITEM)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":user", text(user_id))
            .expression_attribute_values(":first", text(first_key()))
            .expression_attribute_values(":last", text(last_key))
            .expression_attribute_values(":now", number(now()))
            .consistent_read(true);
        let table = self.names.of(RecordKind::Session);
        for item in self.all_pages(query).await? {
            let is_lease =
                item.get(ITEM).is_some_and(|key| key.as_s().is_ok_and(|key| key.starts_with(keys::RUN_PREFIX)));
            if is_lease {
                let mut fields = Fields::new(table, item);
                // The filter compares any number. A time that is none is damage.
                fields.optional_number(EXPIRES_AT)?;
                activity.running.insert(fields.text(ID)?);
            } else {
                activity.changes.add(table, item)?;
            }
        }
        Ok(activity)
    }
}
