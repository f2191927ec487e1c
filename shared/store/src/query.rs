//! Queries over several pages.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use crate::attributes::{ITEM, LISTING, USER_ID};
use crate::item::{Item, text};
use crate::tables::Index;
use crate::{Store, StoreError, keys};

impl Store {
    /// Reads all pages of a Query. A page that is not the last one may be empty.
    pub(crate) async fn all_pages(&self, query: QueryFluentBuilder) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let page = query.clone().set_exclusive_start_key(start).send().await?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// Reads the first items of a Query after `start`, at least `limit` if there are as many.
    pub(crate) async fn first_items(
        &self,
        query: QueryFluentBuilder,
        mut start: Option<Item>,
        limit: usize,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        loop {
            let most = i32::try_from(limit - items.len()).unwrap_or(i32::MAX);
            let page = query.clone().limit(most).set_exclusive_start_key(start).send().await?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() || items.len() >= limit {
                return Ok(items);
            }
        }
    }

    /// A Query for a user's rows of an index under one hash key, newest first; `None` if the keys
    /// do not fit the index.
    pub(crate) fn listing_query(&self, user_id: &str, index: Index, hash: &str) -> Option<QueryFluentBuilder> {
        let prefix = keys::listing_prefix(user_id);
        if !keys::fits_partition(hash) || prefix.len() >= keys::SORT_KEY_LIMIT {
            return None;
        }
        Some(
            self.client
                .query()
                .table_name(&self.names.sessions)
                .index_name(index.name)
                .key_condition_expression("#hash = :hash AND begins_with(#listing, :user)")
                .expression_attribute_names("#hash", index.hash)
                .expression_attribute_names("#listing", LISTING)
                .expression_attribute_values(":hash", text(hash))
                .expression_attribute_values(":user", text(prefix))
                .scan_index_forward(false),
        )
    }

    /// A Query for a user's items of the sessions table whose sort keys begin with `prefix`.
    pub(crate) fn items_query(&self, user_id: &str, prefix: impl Into<String>) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.names.sessions)
            .key_condition_expression("#user = :user AND begins_with(#item, :prefix)")
            .expression_attribute_names("#user", USER_ID)
            .expression_attribute_names("#item", ITEM)
            .expression_attribute_values(":user", text(user_id))
            .expression_attribute_values(":prefix", text(prefix))
            .consistent_read(true)
    }
}
