//! Batched reads and writes, repeated until no key is left unprocessed.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::time::Duration;

use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use futures::stream::{FuturesOrdered, StreamExt};

use crate::attributes::USER_ID;
use crate::get::Consistency;
use crate::item::{Item, projection};
use crate::tables::TableRef;
use crate::usage::count_retry;
use crate::{Backoff, RecordKind, Store, StoreError};

/// The maximum number of keys in one BatchGetItem (a limit of DynamoDB).
pub(crate) const GET_LIMIT: usize = 100;
/// The maximum number of writes in one BatchWriteItem (a limit of DynamoDB).
const WRITE_LIMIT: usize = 25;
/// The parts in one BatchWriteItem: some 2 MB, which a slow network sends well within an attempt's
/// timeout.
const PARTS_PER_WRITE: usize = 4;
/// The maximum number of concurrent requests.
pub(crate) const IN_FLIGHT: usize = 64;
/// The concurrent requests before the first response. A response has up to 16 MB, and the size of
/// the items is unknown until some of them are read.
const FIRST_IN_FLIGHT: usize = 6;
/// The additional concurrent requests after each response.
const GROWTH: usize = 2;
/// The requests for a batch with unprocessed keys.
const ATTEMPTS: u32 = 8;
/// The delays between these requests, and between the attempts of other operations of the store.
pub(crate) const BACKOFF: Backoff = Backoff { initial: Duration::from_millis(20), max: Duration::from_millis(1000) };

/// A read of many items of one user.
pub(crate) struct Batch<'a> {
    pub(crate) table: TableRef<'a>,
    pub(crate) user_id: &'a str,
    /// The sort keys, without duplicates.
    pub(crate) keys: Vec<String>,
    /// The attributes, all if none are named. Keys are always included.
    pub(crate) attributes: &'static [&'static str],
    pub(crate) consistency: Consistency,
    /// The keys in one request: at most [`GET_LIMIT`], fewer where items are large.
    pub(crate) per_request: usize,
}

impl Store {
    /// Reads items, and converts each with `read` while other requests are in flight. The items of
    /// a request come before those of the next one. An error of `read` cancels the requests in
    /// flight.
    ///
    /// The result lacks keys without an item and items for which `read` returns `None`.
    pub(crate) async fn batch_get<T>(
        &self,
        batch: Batch<'_>,
        mut read: impl FnMut(Item) -> Result<Option<(String, T)>, StoreError>,
    ) -> Result<HashMap<String, T>, StoreError> {
        let Batch { table, user_id, keys, attributes, consistency, per_request } = batch;
        let requests = keys.chunks(per_request).map(|chunk| {
            let keys = chunk.iter().map(|sort_key| table.key(user_id, sort_key)).collect();
            self.get_chunk(table, keys, attributes, consistency)
        });
        let mut all = HashMap::with_capacity(keys.len());
        let extend = |item| {
            all.extend(read(item)?);
            Ok(())
        };
        for_each_item(requests, extend).await?;
        Ok(all)
    }

    /// Reads the items with these keys, at most [`GET_LIMIT`], of any user.
    pub(crate) async fn get_chunk(
        &self,
        table: TableRef<'_>,
        keys: Vec<Item>,
        attributes: &[&str],
        consistency: Consistency,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        let is_strong = consistency == Consistency::Strong;
        let mut request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(is_strong);
        if !attributes.is_empty() {
            let (expression, names) = projection([USER_ID, table.sort].iter().chain(attributes).copied());
            request = request.projection_expression(expression).set_expression_attribute_names(Some(names));
        }
        let mut pending = request.build()?;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                BACKOFF.wait(attempt).await;
                count_retry();
            }
            let response = self.client.batch_get_item().request_items(table.name, pending).send().await?;
            items.extend(response.responses.into_iter().flatten().flat_map(|(_, items)| items));
            match response.unprocessed_keys.and_then(|mut tables| tables.remove(table.name)) {
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
        let table = self.names.of(RecordKind::Session);
        let deletes = sort_keys.into_iter().map(|sort_key| {
            let key = table.key(user_id, sort_key);
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
                    BACKOFF.wait(attempt).await;
                }
                attempt += 1;
                let response = self.client.batch_write_item().request_items(table, pending).send().await?;
                pending = response.unprocessed_items.and_then(|mut tables| tables.remove(table)).unwrap_or_default();
            }
        }
        Ok(())
    }
}

/// Sends requests, few of them concurrently at first and more with each response, and passes their
/// items to `take` in the order of the requests. An error of `take` ends the requests.
///
/// When `take` exceeds a limit, it still gets the other items of the same response, whose order is
/// arbitrary. So the items of a request are taken completely or not at all.
pub(crate) async fn for_each_item(
    requests: impl Iterator<Item = impl Future<Output = Result<Vec<Item>, StoreError>>>,
    mut take: impl FnMut(Item) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut requests = requests.fuse();
    let mut in_flight: FuturesOrdered<_> = requests.by_ref().take(FIRST_IN_FLIGHT).collect();
    let mut most = FIRST_IN_FLIGHT;
    while let Some(items) = in_flight.next().await {
        let mut exceeded = None;
        for item in items? {
            match take(item) {
                Err(error @ StoreError::ExceedsLimit(_)) => exceeded = Some(error),
                outcome => outcome?,
            }
        }
        if let Some(error) = exceeded {
            return Err(error);
        }
        most = (most + GROWTH).min(IN_FLIGHT);
        while in_flight.len() < most
            && let Some(request) = requests.next()
        {
            in_flight.push_back(request);
        }
    }
    Ok(())
}

/// The items without duplicates, in the order of their first occurrences.
pub(crate) fn distinct<T: Eq + Hash + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}
