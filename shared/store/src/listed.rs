//! The current sessions of a list: the rows of its index, corrected by the changes of the last
//! minute.
//!
//! An index may lag. A row that is older than the announced version of its session, and a changed
//! session without a row, are read at the head with strong consistency.

use std::collections::{HashMap, HashSet};

use futures::try_join;

use crate::attributes::{LISTING, VERSION};
use crate::get::Consistency;
use crate::item::Fields;
use crate::read_limit::SizeOfHeads;
use crate::rows::IndexRow;
use crate::{Changes, Detail, ListKey, ListQuery, Position, RecordKind, Rows, SessionHead, Store, StoreError, keys};

/// The sessions of a page of a list, newest first.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// What is known of each session.
    pub sessions: Vec<SessionHead>,
    /// The position of the last session, if more follow.
    pub end: Option<Position>,
    /// Whether reading stopped because the sessions have too many bytes.
    pub is_cut: bool,
}

impl Rows {
    /// The sessions whose heads must be read: those whose rows are out of date, and changed ones
    /// without a row whose place is among these rows.
    pub fn pending(&self, query: &ListQuery<'_>, changes: &Changes) -> Vec<String> {
        if changes.has_no_sessions() {
            return Vec::new();
        }
        let after = query.after();
        let end = self.next.as_ref().and_then(|_| self.rows.last()).map(IndexRow::listing);
        // Without a range key, the place of the latest version is not known.
        let is_here = |listing: &str| {
            listing.is_empty()
                || after.as_deref().is_none_or(|after| listing < after) && end.is_none_or(|end| listing >= end)
        };
        let mut pending: HashSet<&String> =
            changes.sessions_of(query.list).filter(|(_, listing)| is_here(listing)).map(|(id, _)| id).collect();
        for row in &self.rows {
            if changes.is_outdated(row.id(), row.version()) {
                pending.insert(row.id());
            } else {
                pending.remove(row.id());
            }
        }
        pending.into_iter().cloned().collect()
    }
}

impl Store {
    /// Determines the sessions of a list from its rows and the changes of the last minute. If
    /// [`Rows::pending`] is empty, this sends no request.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a head is unreadable.
    pub async fn listed(&self, query: &ListQuery<'_>, mut rows: Rows, changes: &Changes) -> Result<Listed, StoreError> {
        let limit = query.page.limit;
        let after = query.after();
        let mut sessions: Vec<SessionHead> = Vec::with_capacity(rows.rows.len());
        // The heads of sessions whose rows cannot be used; `None` if there is no head.
        let mut heads: HashMap<String, Option<SessionHead>> = HashMap::new();
        let mut taken: HashSet<String> = HashSet::new();
        let (has_more, is_cut) = loop {
            let last = rows.rows.last().map(|row| row.listing().to_owned());
            let mut outdated: HashSet<String> = rows.pending(query, changes).into_iter().collect();
            outdated.retain(|id| !heads.contains_key(id) && !taken.contains(id));
            let mut unprojected = Vec::new();
            for row in std::mem::take(&mut rows.rows) {
                if heads.contains_key(row.id()) || outdated.contains(row.id()) {
                    continue;
                }
                match row {
                    IndexRow::Session(head) => sessions.push(head),
                    IndexRow::Keys { id, .. } => unprojected.push((id, String::new())),
                }
            }
            heads.extend(outdated.iter().chain(unprojected.iter().map(|(id, _)| id)).map(|id| (id.clone(), None)));
            let (outdated, size): (Vec<_>, _) = (outdated.into_iter().collect(), SizeOfHeads::new(query.most_bytes));
            let (changed, unprojected) = try_join!(
                self.some_heads(query.user_id, &outdated, query.detail, Consistency::Strong, &size),
                self.heads(query.user_id, unprojected, query.detail, &size)
            )?;
            size.check()?;
            heads.extend(changed.into_iter().chain(unprojected).map(|(id, head)| (id, Some(head))));

            let end_of_rows = last.filter(|_| rows.next.is_some());
            let has_place = |head: &&SessionHead| {
                head.is_on(query.list)
                    && after.as_ref().is_none_or(|after| head.listing < *after)
                    && end_of_rows.as_ref().is_none_or(|end| head.listing >= *end)
            };
            let placed = heads.values().flatten().filter(has_place);
            let size = SizeOfHeads::new(query.most_bytes);
            let mut count = 0;
            for head in sessions.iter().chain(placed) {
                size.add(head);
                count += 1;
            }
            // Rows may have been cut for the size of sessions that are not on the list any more.
            if end_of_rows.is_none() || size.is_exceeded() || count > limit {
                sessions.extend(heads.into_values().flatten().filter(|head| has_place(&head)));
                break (end_of_rows.is_some(), size.is_exceeded());
            }
            taken.extend(sessions.iter().map(|head| head.id.clone()));
            rows = self.rows_from(query, rows.next, limit + 1 - sessions.len()).await?;
        };
        let mut sessions = in_order(sessions);
        let has_more = has_more || sessions.len() > limit;
        sessions.truncate(limit);
        let last = sessions.last().filter(|_| has_more && !is_cut);
        let end = last.and_then(|last| Position::of(query.user_id, &last.listing));
        Ok(Listed { sessions, end, is_cut })
    }

    /// Reads the ids and versions of all sessions of a list, as its index has them, to count them.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a row is unreadable.
    pub async fn versions_of_rows(
        &self,
        user_id: &str,
        list: ListKey<'_>,
    ) -> Result<HashMap<String, String>, StoreError> {
        let Some(query) = self.listing_query(user_id, list.index(), list.hash()) else { return Ok(HashMap::new()) };
        let table = self.names.of(RecordKind::Session);
        let mut versions = HashMap::new();
        let mut start = None;
        loop {
            let page = self.index_page(&query, &[LISTING, VERSION], start).await?;
            for item in page.items.unwrap_or_default() {
                let mut fields = Fields::new(table, item);
                let (listing, version) = (fields.text(LISTING)?, fields.optional_text(VERSION)?.unwrap_or_default());
                if let Some((_, id)) = keys::of_listing(user_id, &listing) {
                    versions.insert(id.to_owned(), version);
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(versions);
            }
        }
    }

    /// Counts the sessions of a list: its rows, corrected by the changes of the last minute.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or an item is unreadable.
    pub async fn count_of_list(
        &self,
        user_id: &str,
        list: ListKey<'_>,
        mut versions: HashMap<String, String>,
        changes: &Changes,
    ) -> Result<usize, StoreError> {
        let changed = changes.sessions_of(list).map(|(id, _)| id).filter(|id| !versions.contains_key(*id));
        let mut outdated: Vec<_> = changed.cloned().collect();
        outdated.extend(versions.extract_if(|id, version| changes.is_outdated(id, version)).map(|(id, _)| id));
        let size = SizeOfHeads::new(usize::MAX);
        let heads = self.some_heads(user_id, &outdated, Detail::Summary, Consistency::Strong, &size).await?;
        Ok(versions.len() + heads.values().filter(|head| head.is_on(list)).count())
    }
}

/// The sessions in the order of a list: the newest first, and the higher id first among sessions
/// of the same instant. Of two rows of one session, the later version remains: the time of
/// creation was changed.
fn in_order(mut sessions: Vec<SessionHead>) -> Vec<SessionHead> {
    let is_descending = sessions.is_sorted_by(|one, other| one.listing >= other.listing);
    if !is_descending {
        sessions.sort_by(|one, other| other.listing.cmp(&one.listing));
    }
    let mut latest: HashMap<&str, &str> = HashMap::with_capacity(sessions.len());
    for head in &sessions {
        let version = latest.entry(&head.id).or_insert(&head.version);
        *version = (*version).max(&head.version);
    }
    if latest.len() < sessions.len() {
        let latest: HashMap<String, String> =
            latest.into_iter().map(|(id, version)| (id.to_owned(), version.to_owned())).collect();
        let mut seen = HashSet::new();
        sessions.retain(|head| latest.get(&head.id) == Some(&head.version) && seen.insert(head.id.clone()));
    }
    sessions
}
