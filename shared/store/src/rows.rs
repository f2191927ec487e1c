//! Reads of the rows of the indexes that lists come from.

use std::sync::atomic::Ordering;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::query::{QueryError, QueryOutput};

use crate::attributes::{
    BULK_SIZE, CONVERSATION_AT, ID, JSON, LISTING, PARKED_STATUS, PARTS, RELEASE, TEAM_ID, TOOL_CONTEXT_AT, VERSION,
};
use crate::item::{Fields, Item, projection};
use crate::read_limit::SizeOfHeads;
use crate::usage::count_unprojected_row;
use crate::{Detail, ListKey, ListQuery, RecordKind, SessionHead, Store, StoreError, keys};

/// The attributes of a row that a trimmed list needs.
const SUMMARY: [&str; 6] = [LISTING, TEAM_ID, VERSION, RELEASE, JSON, PARKED_STATUS];
/// The attributes of a row that a whole list needs.
const FULL: [&str; 10] =
    [LISTING, TEAM_ID, VERSION, RELEASE, JSON, PARKED_STATUS, CONVERSATION_AT, TOOL_CONTEXT_AT, PARTS, BULK_SIZE];

/// The rows of a list, newest first.
#[derive(Debug, Clone)]
pub struct Rows {
    pub(crate) rows: Vec<IndexRow>,
    /// The key of the last row, if the index may have more.
    pub(crate) next: Option<Item>,
    /// Whether reading stopped because the sessions have too many bytes.
    pub(crate) is_cut: bool,
}

/// A row of an index.
#[derive(Debug, Clone)]
pub(crate) enum IndexRow {
    /// What a list shows of the session.
    Session(SessionHead),
    /// The keys of the session. An index that an earlier version created projects no more.
    Keys { id: String, listing: String, team_id: Option<String> },
}

impl IndexRow {
    pub(crate) fn id(&self) -> &String {
        match self {
            Self::Session(head) => &head.id,
            Self::Keys { id, .. } => id,
        }
    }

    pub(crate) fn listing(&self) -> &str {
        match self {
            Self::Session(head) => &head.listing,
            Self::Keys { listing, .. } => listing,
        }
    }

    /// The version of the session; empty if the row does not tell it.
    pub(crate) fn version(&self) -> &str {
        match self {
            Self::Session(head) => &head.version,
            Self::Keys { .. } => "",
        }
    }

    fn team_id(&self) -> Option<&String> {
        match self {
            Self::Session(head) => head.team_id.as_ref(),
            Self::Keys { team_id, .. } => team_id.as_ref(),
        }
    }
}

impl Rows {
    /// The teams of the first sessions, at most of `limit`.
    pub fn team_ids(&self, limit: usize) -> impl Iterator<Item = &String> {
        self.rows.iter().take(limit).filter_map(IndexRow::team_id)
    }
}

impl Store {
    /// Reads the rows of a list: as many as its page has, and one more, which tells whether another
    /// page follows.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a row is unreadable.
    pub async fn rows(&self, query: &ListQuery<'_>) -> Result<Rows, StoreError> {
        self.rows_from(query, self.start_key(query), query.page.limit.saturating_add(1)).await
    }

    /// Reads at least `count` rows of a list after `start`, if there are as many.
    pub(crate) async fn rows_from(
        &self,
        query: &ListQuery<'_>,
        start: Option<Item>,
        count: usize,
    ) -> Result<Rows, StoreError> {
        let ListQuery { user_id, list, detail, most_bytes, .. } = query;
        let mut read = Rows { rows: Vec::new(), next: start, is_cut: false };
        let Some(request) = self.listing_query(user_id, list.index(), list.hash()) else {
            return Ok(Rows { next: None, ..read });
        };
        let attributes: &[_] = if *detail == Detail::Full { &FULL } else { &SUMMARY };
        let size = SizeOfHeads::new(*most_bytes);
        loop {
            let most = i32::try_from(count - read.rows.len()).unwrap_or(i32::MAX);
            let page = self.index_page(&request.clone().limit(most), attributes, read.next.take()).await?;
            let items = page.items.unwrap_or_default();
            read.rows.reserve(items.len());
            for item in items {
                let row = self.row(item, user_id, *list, *detail)?;
                if let IndexRow::Session(head) = &row {
                    size.add(head);
                }
                read.rows.push(row);
            }
            read.next = page.last_evaluated_key;
            read.is_cut = size.is_exceeded();
            if read.next.is_none() || read.is_cut || read.rows.len() >= count {
                return Ok(read);
            }
        }
    }

    /// Reads a page of these attributes of an index.
    ///
    /// DynamoDB refuses names that the index does not project. Then the index was created by an
    /// earlier version, and everything that it projects is read.
    pub(crate) async fn index_page(
        &self,
        request: &QueryFluentBuilder,
        attributes: &[&str],
        start: Option<Item>,
    ) -> Result<QueryOutput, StoreError> {
        let request = request.clone().set_exclusive_start_key(start);
        if !self.has_older_indexes.load(Ordering::Relaxed) {
            let (expression, names) = projection(attributes.iter().copied());
            let projecting = names
                .into_iter()
                .fold(request.clone().projection_expression(expression), |request, (placeholder, name)| {
                    request.expression_attribute_names(placeholder, name)
                });
            match projecting.send().await {
                Err(error) if is_unprojected(&error) => self.has_older_indexes.store(true, Ordering::Relaxed),
                page => return Ok(page?),
            }
        }
        Ok(request.send().await?)
    }

    fn row(&self, item: Item, user_id: &str, list: ListKey<'_>, detail: Detail) -> Result<IndexRow, StoreError> {
        let mut fields = Fields::new(self.names.of(RecordKind::Session), item);
        let listing = fields.get_text(LISTING).unwrap_or_default().to_owned();
        let id = keys::of_listing(user_id, &listing).map(|(_, id)| id.to_owned()).unwrap_or_default();
        // A row does not have the keys of its item, by which an error names it.
        let named = |error| match error {
            StoreError::Unreadable { table, problem, .. } => {
                StoreError::Unreadable { table, user_id: user_id.to_owned(), key: keys::head(&id), problem }
            }
            error => error,
        };
        match SessionHead::from_row(&mut fields, self.release, user_id, list, detail).map_err(named)? {
            Some(head) => Ok(IndexRow::Session(head)),
            None => {
                count_unprojected_row();
                Ok(IndexRow::Keys { team_id: fields.optional_text(TEAM_ID).map_err(named)?, id, listing })
            }
        }
    }

    /// Reads the ids of the sessions of a list, as its index has them.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a row is unreadable.
    pub async fn ids_of_list(&self, user_id: &str, list: ListKey<'_>) -> Result<Vec<String>, StoreError> {
        let Some(query) = self.listing_query(user_id, list.index(), list.hash()) else { return Ok(Vec::new()) };
        let query = query.projection_expression("#id").expression_attribute_names("#id", ID);
        let table = self.names.of(RecordKind::Session);
        self.all_pages(query).await?.into_iter().map(|item| Fields::new(table, item).text(ID)).collect()
    }
}

/// Whether DynamoDB refused a Query since its index does not project an attribute.
fn is_unprojected(error: &SdkError<QueryError>) -> bool {
    error.code() == Some("ValidationException")
        && error.message().is_some_and(|message| message.contains("does not project"))
}
