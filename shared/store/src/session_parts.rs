//! Deletion of the parts of sessions' states that no head names.

use crate::attributes::ITEM;
use crate::{Store, StoreError, keys};

impl Store {
    /// Deletes the parts of a session that no head names and that no writer will name: those of
    /// versions older than the head, or all of them if there is no head.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn clear_left_parts(&self, user_id: &str, id: &str) -> Result<(), StoreError> {
        self.clear_parts(user_id, id, None, is_left_behind).await
    }

    /// Whether a session has parts that [`clear_left_parts`](Self::clear_left_parts) would delete.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn has_left_parts(&self, user_id: &str, id: &str) -> Result<bool, StoreError> {
        Ok(!self.parts_left(user_id, id, None, is_left_behind).await?.is_empty())
    }

    /// Deletes the parts of a replaced version, and those for which `is_left_behind` returns true,
    /// given the version of the current head and their own.
    pub(crate) async fn clear_parts(
        &self,
        user_id: &str,
        id: &str,
        replaced: Option<&str>,
        is_left_behind: impl Fn(Option<&str>, &str) -> bool,
    ) -> Result<(), StoreError> {
        let parts = self.parts_left(user_id, id, replaced, is_left_behind).await?;
        self.batch_delete(user_id, parts).await
    }

    /// The keys of the parts that [`clear_parts`](Self::clear_parts) deletes.
    ///
    /// The head is read after the parts are listed. A writer of a listed part therefore began with
    /// an earlier head or claim. If the current head is another one, that writer can no longer put
    /// its own head.
    async fn parts_left(
        &self,
        user_id: &str,
        id: &str,
        replaced: Option<&str>,
        is_left_behind: impl Fn(Option<&str>, &str) -> bool,
    ) -> Result<Vec<String>, StoreError> {
        let prefix = keys::parts(id);
        if !keys::can_exist(user_id, &prefix) {
            return Ok(Vec::new());
        }
        let query = self.items_query(user_id, prefix).projection_expression("#item");
        let items = self.all_pages(query).await?.into_iter();
        let mut parts: Vec<_> = items.filter_map(|part| part.get(ITEM)?.as_s().ok().cloned()).collect();
        if !parts.is_empty() {
            let head = self.session_version(user_id, id).await?;
            parts.retain(|part| {
                version_of(id, part).is_some_and(|part| Some(part) == replaced || is_left_behind(head.as_deref(), part))
            });
        }
        Ok(parts)
    }
}

fn is_left_behind(head: Option<&str>, part: &str) -> bool {
    head.is_none_or(|head| part < head)
}

/// The version that a part belongs to, by its sort key.
fn version_of<'a>(id: &str, part: &'a str) -> Option<&'a str> {
    part.strip_prefix(&keys::parts(id))?.split('#').next()
}
