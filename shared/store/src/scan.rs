//! Scans of the tables, for the records of all users. The functions' policies allow no Scan.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;

use crate::attributes::{EXPIRES_AT, ID, ITEM, LISTING, PARTS, USER_ID, VERSION};
use crate::item::{Fields, Item, number, projection, text};
use crate::lease::now;
use crate::tables::{TableRef, USER_INDEX};
use crate::{RecordKind, Store, StoreError, keys};

/// The position at which a scan continues.
#[derive(Debug, Clone)]
pub struct ScanStart(Item);

/// A page of a scan.
#[derive(Debug)]
pub struct ScanPage {
    /// The owners and the ids of records.
    pub records: Vec<(String, String)>,
    /// The start of the next page; `None` after the last page.
    pub next: Option<ScanStart>,
}

impl Store {
    /// Scans a page of the stored records of a kind, with eventual consistency. Sessions come from
    /// an index, so that no state is read.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or an item is unreadable.
    pub async fn scan(&self, kind: RecordKind, start: Option<ScanStart>) -> Result<ScanPage, StoreError> {
        let request = self.client.scan().table_name(self.names.of(kind).name);
        let request = match kind {
            RecordKind::Session => request.index_name(USER_INDEX.name),
            RecordKind::Agent | RecordKind::Team | RecordKind::Schedule => request,
        };
        self.page(request, start).await
    }

    /// Scans a page of the stored sessions, with strong consistency. The scan reads the whole
    /// table, states included, and costs more than [`scan`](Self::scan).
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or an item is unreadable.
    pub async fn scan_heads(&self, start: Option<ScanStart>) -> Result<ScanPage, StoreError> {
        let request = self
            .client
            .scan()
            .table_name(&self.names.sessions)
            .filter_expression("attribute_exists(#listing)")
            .expression_attribute_names("#listing", LISTING)
            .consistent_read(true);
        self.page(request, start).await
    }

    /// Scans a page of the sessions with an active lease, like [`scan_heads`](Self::scan_heads).
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or an item is unreadable.
    pub async fn scan_leases(&self, start: Option<ScanStart>) -> Result<ScanPage, StoreError> {
        let request = self
            .client
            .scan()
            .table_name(&self.names.sessions)
            .filter_expression("begins_with(#item, :run) AND #expires_at > :now")
            .expression_attribute_names("#item", ITEM)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":run", text(keys::RUN_PREFIX))
            .expression_attribute_values(":now", number(now()))
            .consistent_read(true);
        self.page(request, start).await
    }

    /// Scans for the sessions with parts that their heads do not name. These are parts that a dead
    /// writer left, and parts that a writer is putting at this moment. The scan reads the whole
    /// table of sessions.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or an item is unreadable.
    pub async fn scan_left_parts(&self) -> Result<Vec<(String, String)>, StoreError> {
        let table = self.names.of(RecordKind::Session);
        let (expression, names) = projection([USER_ID, ITEM, VERSION].into_iter());
        let mut left = Vec::new();
        // A scan returns the items of a user in the order of their sort keys, so a head comes
        // before its parts.
        let mut owner = String::new();
        let mut versions: HashMap<String, String> = HashMap::new();
        let mut start = None;
        loop {
            let mut request = self.client.scan().table_name(table.name).consistent_read(true);
            for (placeholder, name) in &names {
                request = request.expression_attribute_names(placeholder, name);
            }
            let page = request
                .projection_expression(&expression)
                .filter_expression("attribute_exists(#parts) OR contains(#1, :state)")
                .expression_attribute_names("#parts", PARTS)
                .expression_attribute_values(":state", text("#state#"))
                .set_exclusive_start_key(start)
                .send()
                .await?;
            for item in page.items.unwrap_or_default() {
                let mut fields = Fields::new(table, item);
                let (user_id, item) = (fields.text(USER_ID)?, fields.text(ITEM)?);
                if user_id != owner {
                    versions.clear();
                    owner.clone_from(&user_id);
                }
                let Some(item) = item.strip_prefix(keys::HEAD_PREFIX) else { continue };
                match item.split_once("#state#") {
                    None => {
                        versions.insert(item.to_owned(), fields.text(VERSION)?);
                    }
                    Some((id, part)) => {
                        let version = versions.get(id).map(String::as_str);
                        let is_last = left.last().is_some_and(|(last, _, last_id)| *last == user_id && last_id == id);
                        if version != part.split('#').next() && !is_last {
                            left.push((user_id, keys::unescape(id).into_owned(), id.to_owned()));
                        }
                    }
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(left.into_iter().map(|(user_id, id, _)| (user_id, id)).collect());
            }
        }
    }

    async fn page(&self, request: ScanFluentBuilder, start: Option<ScanStart>) -> Result<ScanPage, StoreError> {
        let (expression, names) = projection([USER_ID, ID].into_iter());
        let mut request = request.projection_expression(expression);
        for (placeholder, name) in names {
            request = request.expression_attribute_names(placeholder, name);
        }
        let page = request.set_exclusive_start_key(start.map(|start| start.0)).send().await?;
        let read = |item| {
            let mut fields = Fields::new(TableRef { name: &self.names.sessions, sort: ID }, item);
            Ok((fields.text(USER_ID)?, fields.text(ID)?))
        };
        let records = page.items.unwrap_or_default().into_iter().map(read).collect::<Result<_, StoreError>>()?;
        Ok(ScanPage { records, next: page.last_evaluated_key.map(ScanStart) })
    }
}
