//! Batches: many keys at once, until every one has been answered.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use futures::stream::{FuturesOrdered, StreamExt};

use crate::item::{Item, key, projection, text};
use crate::tables::OWNER;
use crate::usage::count_retry;
use crate::{Store, StoreError};

/// The most keys in one BatchGetItem (a limit of DynamoDB's).
pub(crate) const GET_LIMIT: usize = 100;
/// The most writes in one BatchWriteItem (a limit of DynamoDB's).
const WRITE_LIMIT: usize = 25;
/// Parts in one BatchWriteItem: some 2 MB, which a slow line sends well before an attempt times out.
const PARTS_PER_WRITE: usize = 4;
/// The most concurrent requests.
pub(crate) const IN_FLIGHT: usize = 64;
/// The concurrent requests before the first response. A response has up to 16 MB, and nobody knows how large items are
/// before some of them have been read.
const FIRST_IN_FLIGHT: usize = 6;
/// How many more each response allows.
const GROWTH: usize = 2;
/// How often unprocessed keys are requested again.
const ATTEMPTS: u32 = 8;
/// The first wait before that, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(1000);

/// What to read.
pub(crate) struct Batch<'a> {
    pub(crate) table: &'a str,
    pub(crate) sort: &'static str,
    pub(crate) user_id: &'a str,
    /// The sort keys, each once.
    pub(crate) keys: Vec<String>,
    /// The attributes, all if none are named. Keys always come along.
    pub(crate) attributes: &'static [&'static str],
    pub(crate) consistent: bool,
    /// Keys in one request: at most [`GET_LIMIT`], fewer where items are large.
    pub(crate) per_request: usize,
}

impl Store {
    /// Reads the items with these keys, and converts each with `read` while other requests are in flight. The items of
    /// one request come before those of the next. An error of `read` ends the requests that are in flight.
    ///
    /// The result lacks keys without an item and items for which `read` returns `None`.
    pub(crate) async fn batch_get<T>(
        &self,
        batch: Batch<'_>,
        mut read: impl FnMut(Item) -> Result<Option<(String, T)>, StoreError>,
    ) -> Result<HashMap<String, T>, StoreError> {
        let Batch { table, sort, user_id, keys, attributes, consistent, per_request } = batch;
        let requests = keys.chunks(per_request).map(|chunk| {
            let keys = chunk.iter().map(|sort_key| key(user_id, sort, sort_key)).collect();
            self.get_chunk(table, sort, keys, attributes, consistent)
        });
        let mut all = HashMap::with_capacity(keys.len());
        let extend = |item| {
            all.extend(read(item)?);
            Ok(())
        };
        for_each_item(requests, extend).await?;
        Ok(all)
    }

    /// Reads the items with these keys, at most [`GET_LIMIT`], of any users.
    pub(crate) async fn get_chunk(
        &self,
        table: &str,
        sort: &str,
        keys: Vec<Item>,
        attributes: &[&str],
        consistent: bool,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        let mut request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(consistent);
        if !attributes.is_empty() {
            let (expression, names) = projection([OWNER, sort].iter().chain(attributes).copied());
            request = request.projection_expression(expression).set_expression_attribute_names(Some(names));
        }
        let mut pending = request.build()?;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                wait(attempt).await;
                count_retry();
            }
            let response = self.client.batch_get_item().request_items(table, pending).send().await?;
            items.extend(response.responses.into_iter().flatten().flat_map(|(_, items)| items));
            match response.unprocessed_keys.and_then(|mut tables| tables.remove(table)) {
                None => return Ok(items),
                Some(rest) if rest.keys.is_empty() => return Ok(items),
                Some(rest) => pending = rest,
            }
        }
        Err(StoreError::Unavailable(format!("{} keys stayed unprocessed", pending.keys.len())))
    }

    /// Puts parts into the sessions table.
    pub(crate) async fn put_parts(&self, items: Vec<Item>) -> Result<(), StoreError> {
        let puts = items.into_iter().map(|item| Ok(PutRequest::builder().set_item(Some(item)).build()?));
        let writes = puts.map(|put: Result<_, StoreError>| Ok(WriteRequest::builder().put_request(put?).build()));
        self.batch_write(writes.collect::<Result<_, StoreError>>()?, PARTS_PER_WRITE).await
    }

    /// Deletes items of the sessions table.
    pub(crate) async fn batch_delete(&self, user_id: &str, sort_keys: Vec<String>) -> Result<(), StoreError> {
        let deletes = sort_keys.into_iter().map(|sort_key| {
            let key = HashMap::from([(OWNER.to_owned(), text(user_id)), ("item".to_owned(), text(sort_key))]);
            Ok(WriteRequest::builder().delete_request(DeleteRequest::builder().set_key(Some(key)).build()?).build())
        });
        self.batch_write(deletes.collect::<Result<_, StoreError>>()?, WRITE_LIMIT).await
    }

    async fn batch_write(&self, writes: Vec<WriteRequest>, per_request: usize) -> Result<(), StoreError> {
        let table = &self.names.sessions;
        for chunk in writes.chunks(per_request) {
            let mut pending = chunk.to_vec();
            let mut attempt = 0;
            while !pending.is_empty() {
                if attempt == ATTEMPTS {
                    return Err(StoreError::Unavailable(format!("{} writes stayed unprocessed", pending.len())));
                }
                if attempt > 0 {
                    wait(attempt).await;
                }
                attempt += 1;
                let response = self.client.batch_write_item().request_items(table, pending).send().await?;
                pending = response.unprocessed_items.and_then(|mut tables| tables.remove(table)).unwrap_or_default();
            }
        }
        Ok(())
    }
}

/// Sends requests, a few of them concurrently at first and more with each response, and hands over their items in the
/// order of the requests.
pub(crate) async fn for_each_item(
    requests: impl Iterator<Item = impl Future<Output = Result<Vec<Item>, StoreError>>>,
    mut take: impl FnMut(Item) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut requests = requests.fuse();
    let mut in_flight: FuturesOrdered<_> = requests.by_ref().take(FIRST_IN_FLIGHT).collect();
    let mut most = FIRST_IN_FLIGHT;
    while let Some(items) = in_flight.next().await {
        items?.into_iter().try_for_each(&mut take)?;
        most = (most + GROWTH).min(IN_FLIGHT);
        while in_flight.len() < most
            && let Some(request) = requests.next()
        {
            in_flight.push_back(request);
        }
    }
    Ok(())
}

/// Waits before another attempt: twice as long each time, and a random share of that, so that callers do not come back
/// in step.
pub(crate) async fn wait(attempt: u32) {
    let longest = FIRST_WAIT.saturating_mul(1 << attempt.min(16)).min(LONGEST_WAIT);
    tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
}
