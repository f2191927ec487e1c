//! What the four kinds of record have in common.

use agentscope_model::{AgentRecord, ScheduleRecord, SessionRecord, TeamRecord};
use agentscope_store::{ConstraintViolation, Difference, SourceFingerprint, Store, StoreError, StoredVersion};

/// A record that can be put into a table.
pub trait Record: agentscope_model::Record {
    /// The list of an export that holds such records.
    const LIST: &'static str;

    /// # Errors
    ///
    /// The record cannot be kept in its table.
    fn check(&self) -> Result<(), ConstraintViolation>;

    /// Writes the record, new or not.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), or DynamoDB does not respond.
    fn put(&self, store: &Store) -> impl Future<Output = Result<(), StoreError>>;

    /// Writes the copy of the record where this is held; whether it still was.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    fn copy(
        &self,
        store: &Store,
        original: &SourceFingerprint,
        held: &StoredVersion,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// How what is held of the record differs from it.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    fn compare(
        &self,
        store: &Store,
        original: &SourceFingerprint,
    ) -> impl Future<Output = Result<Option<Difference>, StoreError>>;
}

macro_rules! record {
    ($type:ty, $list:literal, $check:ident, $put:ident, $copy:ident, $compare:ident($($original:ident)?)) => {
        impl Record for $type {
            const LIST: &'static str = $list;

            fn check(&self) -> Result<(), ConstraintViolation> {
                Store::$check(self)
            }

            fn put(&self, store: &Store) -> impl Future<Output = Result<(), StoreError>> {
                store.$put(self)
            }

            async fn copy(&self, store: &Store, original: &SourceFingerprint, held: &StoredVersion) -> Result<bool, StoreError> {
                store.$copy(self, original, held).await
            }

            async fn compare(&self, store: &Store, original: &SourceFingerprint) -> Result<Option<Difference>, StoreError> {
                // Only of sessions it matters on which lists the original is.
                let _ = original;
                $( let $original = original; )?
                store.$compare(self $(, $original)?).await
            }
        }
    };
}

record!(AgentRecord, "agents", check_agent, put_agent, copy_agent, compare_agent());
record!(SessionRecord, "sessions", check_session, put_session, copy_session, compare_session(original));
record!(TeamRecord, "teams", check_team, put_team, copy_team, compare_team());
record!(ScheduleRecord, "schedules", check_schedule, put_schedule, copy_schedule, compare_schedule());
