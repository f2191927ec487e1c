//! Writing sessions: check, put and delete.
//!
//! A session's state may lie in parts. A writer puts the parts first, under a version of its own; then the head, which
//! makes them current in one step; then it removes the parts of older versions. One that dies in between leaves the old
//! state whole, and its parts to the next writer.
//!
//! No clock is trusted. A head is put on condition that the version it replaces is still there, and a version never comes
//! twice; a writer of parts for a session that has no head first puts a claim in its place, to have such a version. So
//! whoever deletes a head knows that every part that was there afterwards, before any new head, is nobody's.

use std::time::Duration;

use agentscope_model::SessionRecord;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use uuid::Uuid;

use crate::batch::wait;
use crate::item::{Item, key, text};
use crate::lease::now;
use crate::session_items::SessionItems;
use crate::tables::{EXPIRES_AT, LISTING};
use crate::{ConstraintViolation, SourceFingerprint, Store, StoreError, keys};

/// How often a write starts again because another writer got in between.
const ATTEMPTS: u32 = 8;

/// When a claim may be cleared away: long after its writer has put its head, or has died.
const CLAIM: Duration = Duration::from_secs(24 * 3600);

impl Store {
    /// # Errors
    ///
    /// The session cannot be kept in its table.
    pub fn check_session(session: &SessionRecord) -> Result<(), ConstraintViolation> {
        SessionItems::new(session, &Uuid::nil().to_string(), None).map(drop)
    }

    /// Writes a session, new or not. Of two writers the one whose head comes last wins, whole.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, the record does not fit the tables, or other writers keep getting in between.
    pub async fn put_session(&self, session: &SessionRecord) -> Result<(), StoreError> {
        let SessionRecord { user_id, id, .. } = session;
        // A record whose ids fit no key must not be requested.
        Self::check_session(session)?;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                wait(attempt).await;
            }
            let current = self.version(user_id, id).await?;
            if self.replace_session(session, None, current).await? {
                return Ok(());
            }
        }
        Err(StoreError::Contended(id.clone()))
    }

    /// Writes a session where this version of it is, or none; whether it still was.
    pub(crate) async fn replace_session(
        &self,
        session: &SessionRecord,
        original: Option<&SourceFingerprint>,
        mut current: Option<String>,
    ) -> Result<bool, StoreError> {
        let SessionRecord { user_id, id, .. } = session;
        let version = version_after(current.as_deref());
        let SessionItems { head, parts } = SessionItems::new(session, &version, original)?;
        let part_keys = parts.iter().filter_map(|part| part.get("item")?.as_s().ok().cloned()).collect();
        if current.is_none() && !parts.is_empty() {
            current = self.claim(user_id, id, None).await?;
            if current.is_none() {
                return Ok(false);
            }
        }
        self.put_parts(parts).await?;
        // A head whose response was lost is put twice, and the second time it finds itself.
        if self.put_head(head, current.as_deref()).await?
            || self.version(user_id, id).await?.as_deref() == Some(version.as_str())
        {
            let is_left_behind = |head: Option<&str>, part: &str| head == Some(&version) && *part < *version;
            self.clear_parts(user_id, id, current.as_deref(), is_left_behind).await?;
            return Ok(true);
        }
        self.batch_delete(user_id, part_keys).await?;
        Ok(false)
    }

    /// Deletes a session with its state and its lease; nothing happens if there is none.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn delete_session(&self, user_id: &str, id: &str) -> Result<(), StoreError> {
        let head = keys::head(id);
        if !keys::can_exist(user_id, &keys::part(id, &Uuid::nil().to_string(), 0)) {
            return Ok(());
        }
        let delete = |sort_key| {
            self.client.delete_item().table_name(&self.names.sessions).set_key(Some(key(user_id, "item", sort_key)))
        };
        let deleted = delete(head).return_values(ReturnValue::AllOld).send().await?;
        let version = deleted.attributes.and_then(|head| head.get("version")?.as_s().ok().cloned());
        delete(keys::run(id)).send().await?;
        self.clear_parts(user_id, id, version.as_deref(), |head, _| head.is_none()).await
    }

    /// Puts a claim in the place of a session's head, or where it has none, and returns its version; `None` if another was
    /// faster. It is on no list, and readers pass it over; but whoever looks for what is left over finds it.
    pub(crate) async fn claim(
        &self,
        user_id: &str,
        id: &str,
        current: Option<&str>,
    ) -> Result<Option<String>, StoreError> {
        let version = version_after(current);
        let mut claim = key(user_id, "item", keys::head(id));
        claim.insert("id".into(), text(id));
        claim.insert("version".into(), text(&version));
        claim.insert(LISTING.into(), text(keys::unlisted(id)));
        claim.insert(EXPIRES_AT.into(), AttributeValue::N((now() + CLAIM.as_secs()).to_string()));
        Ok(self.put_head(claim, current).await?.then_some(version))
    }

    /// The version of a session's state, read consistently.
    async fn version(&self, user_id: &str, id: &str) -> Result<Option<String>, StoreError> {
        let head = self.get_consistently(&self.names.sessions, user_id, "item", &keys::head(id), &["version"]).await?;
        Ok(head.and_then(|head| head.get("version")?.as_s().ok().cloned()))
    }

    /// Puts a head if the one that it replaces is still the current one.
    async fn put_head(&self, head: Item, current: Option<&str>) -> Result<bool, StoreError> {
        let mut request = self
            .client
            .put_item()
            .table_name(&self.names.sessions)
            .set_item(Some(head))
            .expression_attribute_names("#version", "version");
        request = match current {
            None => request.condition_expression("attribute_not_exists(#version)"),
            Some(version) => request
                .condition_expression("#version = :version")
                .expression_attribute_values(":version", text(version)),
        };
        match request.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes the parts of a version that was replaced or deleted, and those that are left behind given the head's
    /// version and their own.
    ///
    /// The head is read after the parts were listed. So every part of the list was put by a writer that began before,
    /// from a head or claim that was there before; if the head is another now, that writer cannot put its own any more.
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
    pub(crate) async fn parts_left(
        &self,
        user_id: &str,
        id: &str,
        replaced: Option<&str>,
        is_left_behind: impl Fn(Option<&str>, &str) -> bool,
    ) -> Result<Vec<String>, StoreError> {
        let query = self.items_query(user_id, keys::parts(id)).projection_expression("#item");
        let items = self.all_pages(query).await?.into_iter();
        let mut parts: Vec<_> = items.filter_map(|part| part.get("item")?.as_s().ok().cloned()).collect();
        if !parts.is_empty() {
            let head = self.version(user_id, id).await?;
            parts.retain(|part| {
                version_of(id, part).is_some_and(|part| Some(part) == replaced || is_left_behind(head.as_deref(), part))
            });
        }
        Ok(parts)
    }
}

/// A version for a state that is written now, unlike any other: later than the current one even if the clock of the
/// writer of that was fast.
fn version_after(current: Option<&str>) -> String {
    /// What a version of this kind holds besides the milliseconds that it begins with: a counter and random bits.
    const BELOW_MILLISECONDS: u32 = 80;
    let now = Uuid::now_v7().as_u128();
    let current = current.and_then(|text| Uuid::parse_str(text).ok()).map_or(0, |current| current.as_u128());
    if now > current {
        return Uuid::from_u128(now).to_string();
    }
    let next_millisecond = ((current >> BELOW_MILLISECONDS) + 1) << BELOW_MILLISECONDS;
    let random = now & ((1 << BELOW_MILLISECONDS) - 1);
    Uuid::from_u128(next_millisecond | random).to_string()
}

/// The version that a part belongs to.
fn version_of<'a>(id: &str, part: &'a str) -> Option<&'a str> {
    part.strip_prefix(&keys::parts(id))?.split('#').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_later_than_the_one_it_replaces_and_comes_once() {
        for current in
            [None, Some("00000000-0000-7000-8000-000000000000"), Some("7fffffff-ffff-7fff-bfff-ffffffffffff")]
        {
            let [one, other] = [version_after(current), version_after(current)];
            assert!(Some(one.as_str()) > current && Some(other.as_str()) > current, "{one} {other}");
            assert_ne!(one, other);
            assert_eq!(Uuid::parse_str(&one).unwrap().get_version_num(), 7);
        }
    }
}
