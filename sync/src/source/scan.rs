//! Scans of the keyspace for the keys of records.

use redis::RedisResult;

use super::Source;

/// The COUNT of a SCAN: about as many names come in one response.
const SCAN_COUNT: usize = 500;

/// One page of key names.
#[derive(Debug)]
pub struct KeysPage {
    /// The names, whatever the keys store.
    pub keys: Vec<String>,
    /// How many names are not UTF-8, and left out.
    pub not_utf8: usize,
    /// The cursor of the next page; `None` after the last page.
    pub next: Option<u64>,
}

impl Source {
    /// Returns a page of keys with the prefix of records. Together, the pages have every key at
    /// least once that is present throughout the scan.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn scan_record_keys(&self, cursor: u64) -> RedisResult<KeysPage> {
        self.scan(cursor, &self.keys().records_pattern(), None).await
    }

    /// Returns a page of keys that match the template of sessions, as
    /// [`scan_record_keys`](Self::scan_record_keys) does.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn scan_session_keys(&self, cursor: u64) -> RedisResult<KeysPage> {
        self.scan(cursor, &self.keys().sessions_pattern(), Some("string")).await
    }

    async fn scan(&self, cursor: u64, pattern: &str, value_type: Option<&str>) -> RedisResult<KeysPage> {
        let mut command = redis::cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(SCAN_COUNT);
        if let Some(value_type) = value_type {
            command.arg("TYPE").arg(value_type);
        }
        let (next, names): (u64, Vec<Vec<u8>>) = command.query_async(&mut self.connection.clone()).await?;
        let all = names.len();
        let keys: Vec<_> = names.into_iter().filter_map(|name| String::from_utf8(name).ok()).collect();
        Ok(KeysPage { not_utf8: all - keys.len(), keys, next: (next != 0).then_some(next) })
    }
}
