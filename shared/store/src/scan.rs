//! Going through all that the tables hold, of every user. No function does that: they are allowed no Scan.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::{Fields, Item, projection, text};
use crate::lease::now;
use crate::tables::{EXPIRES_AT, LISTING, OWNER, USER_INDEX};
use crate::{RecordKind, Store, StoreError, keys};

/// Where a scan goes on.
#[derive(Debug, Clone)]
pub struct ScanStart(Item);

/// A part of a scan.
#[derive(Debug)]
pub struct ScanPage {
    /// Owners and ids.
    pub records: Vec<(String, String)>,
    /// Where the next part begins; `None` after the last.
    pub next: Option<ScanStart>,
}

impl Store {
    /// The records of a kind that are held, of every user: a page of them. It may be of a moment ago. Sessions come from their
    /// narrow index, so that no state is read.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or an item cannot be read.
    pub async fn scan(&self, kind: RecordKind, start: Option<ScanStart>) -> Result<ScanPage, StoreError> {
        let request = self.client.scan().table_name(self.table_of(kind).0);
        let request = match kind {
            RecordKind::Session => request.index_name(USER_INDEX.name),
            RecordKind::Agent | RecordKind::Team | RecordKind::Schedule => request,
        };
        self.page(request, start).await
    }

    /// The sessions that are held, read from the table itself, states included: dearer than [`scan`](Self::scan), and as the
    /// last writes left them.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or an item cannot be read.
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

    /// The sessions whose leases have not ended, found as [`scan_heads`](Self::scan_heads) finds sessions.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or an item cannot be read.
    pub async fn scan_leases(&self, start: Option<ScanStart>) -> Result<ScanPage, StoreError> {
        let request = self
            .client
            .scan()
            .table_name(&self.names.sessions)
            .filter_expression("begins_with(#item, :run) AND #expires_at > :now")
            .expression_attribute_names("#item", "item")
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":run", text(keys::RUN_PREFIX))
            .expression_attribute_values(":now", AttributeValue::N(now().to_string()))
            .consistent_read(true);
        self.page(request, start).await
    }

    /// The sessions to which parts of states belong that their heads do not name: what writers left who died, and what others
    /// are writing at this moment. It reads the whole table of sessions.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or an item cannot be read.
    pub async fn scan_left_parts(&self) -> Result<Vec<(String, String)>, StoreError> {
        let table = &self.names.sessions;
        let (expression, names) = projection([OWNER, "item", "version"].into_iter());
        let mut left = Vec::new();
        // A user's items come one after another, heads before their parts, and others in between.
        let mut owner = String::new();
        let mut versions: HashMap<String, String> = HashMap::new();
        let mut start = None;
        loop {
            let mut request = self.client.scan().table_name(table).consistent_read(true);
            for (placeholder, name) in &names {
                request = request.expression_attribute_names(placeholder, name);
            }
            let page = request
                .projection_expression(&expression)
                .filter_expression("attribute_exists(#parts) OR contains(#1, :state)")
                .expression_attribute_names("#parts", "parts")
                .expression_attribute_values(":state", text("#state#"))
                .set_exclusive_start_key(start)
                .send()
                .await?;
            for item in page.items.unwrap_or_default() {
                let mut fields = Fields::new(table, "item", item);
                let (user_id, item) = (fields.text(OWNER)?, fields.text("item")?);
                if user_id != owner {
                    versions.clear();
                    owner.clone_from(&user_id);
                }
                let Some(item) = item.strip_prefix(keys::HEAD_PREFIX) else { continue };
                match item.split_once("#state#") {
                    None => {
                        versions.insert(item.to_owned(), fields.text("version")?);
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
        let (expression, names) = projection([OWNER, "id"].into_iter());
        let mut request = request.projection_expression(expression);
        for (placeholder, name) in names {
            request = request.expression_attribute_names(placeholder, name);
        }
        let page = request.set_exclusive_start_key(start.map(|start| start.0)).send().await?;
        let read = |item| {
            let mut fields = Fields::new(&self.names.sessions, "id", item);
            Ok((fields.text(OWNER)?, fields.text("id")?))
        };
        let records = page.items.unwrap_or_default().into_iter().map(read).collect::<Result<_, StoreError>>()?;
        Ok(ScanPage { records, next: page.last_evaluated_key.map(ScanStart) })
    }
}
