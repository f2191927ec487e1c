//! What the four kinds of record have in common.

use agentscope_shared::model::{AgentRecord, ScheduleRecord, SessionRecord, TeamRecord};
use agentscope_shared::store::{Store, StoreError, Unfit};
use serde::de::DeserializeOwned;

/// A record that can be put into a table.
pub trait Record: DeserializeOwned {
    /// The list of an export that holds such records.
    const LIST: &'static str;

    /// Whose record it is.
    fn user_id(&self) -> &str;

    /// Its id, unique among the owner's records of its kind.
    fn id(&self) -> &str;

    /// # Errors
    ///
    /// The record cannot be kept in its table.
    fn check(&self) -> Result<(), Unfit>;

    /// Writes the record, new or not.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), or DynamoDB does not answer.
    fn put(&self, store: &Store) -> impl Future<Output = Result<(), StoreError>>;
}

macro_rules! record {
    ($type:ty, $list:literal, $check:ident, $put:ident) => {
        impl Record for $type {
            const LIST: &'static str = $list;

            fn user_id(&self) -> &str {
                &self.user_id
            }

            fn id(&self) -> &str {
                &self.id
            }

            fn check(&self) -> Result<(), Unfit> {
                Store::$check(self)
            }

            fn put(&self, store: &Store) -> impl Future<Output = Result<(), StoreError>> {
                store.$put(self)
            }
        }
    };
}

record!(AgentRecord, "agents", check_agent, put_agent);
record!(SessionRecord, "sessions", check_session, put_session);
record!(TeamRecord, "teams", check_team, put_team);
record!(ScheduleRecord, "schedules", check_schedule, put_schedule);
