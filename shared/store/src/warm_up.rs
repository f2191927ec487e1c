//! The first connection to DynamoDB, opened before the first request arrives.

use std::time::Duration;

use crate::tables::TableRef;
use crate::{RecordKind, Store};

/// The maximum wait at start-up. The first request reports a fault.
const TIMEOUT: Duration = Duration::from_millis(1500);

/// The user and the id of the requested item, which need not exist.
const WARM_UP: &str = "warm-up";

impl Store {
    /// Opens a connection with a read of an agent, a call that the function's policy allows. Logs
    /// a failure, and leaves it to the first request.
    pub async fn warm_up_by_agents(&self) {
        self.warm_up(self.names.of(RecordKind::Agent)).await;
    }

    /// Opens a connection with a read of a schedule.
    pub async fn warm_up_by_schedules(&self) {
        self.warm_up(self.names.of(RecordKind::Schedule)).await;
    }

    async fn warm_up(&self, table: TableRef<'_>) {
        let key = table.key(WARM_UP, WARM_UP);
        let request = self.client.get_item().table_name(table.name).set_key(Some(key));
        if !matches!(tokio::time::timeout(TIMEOUT, request.send()).await, Ok(Ok(_))) {
            tracing::warn!("DynamoDB did not respond at start-up");
        }
    }
}
