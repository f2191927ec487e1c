//! The first connection, before there is a request to wait for it.

use std::time::Duration;

use crate::Store;
use crate::item::key;

/// How long a function may wait at start-up. The first request finds the fault, if there is one.
const LONGEST: Duration = Duration::from_millis(1500);

/// The key of an item that is requested and need not exist.
const NOBODY: &str = "warm-up";

impl Store {
    /// Opens a connection by requesting an agent that need not exist: a call that the function may make anyway. What goes wrong
    /// is left to the first request.
    pub async fn warm_up_by_agents(&self) {
        self.warm_up(&self.names.agents).await;
    }

    /// The same by requesting a schedule.
    pub async fn warm_up_by_schedules(&self) {
        self.warm_up(&self.names.schedules).await;
    }

    async fn warm_up(&self, table: &str) {
        let request = self.client.get_item().table_name(table).set_key(Some(key(NOBODY, "id", NOBODY)));
        if !matches!(tokio::time::timeout(LONGEST, request.send()).await, Ok(Ok(_))) {
            tracing::warn!("DynamoDB did not respond at start-up");
        }
    }
}
