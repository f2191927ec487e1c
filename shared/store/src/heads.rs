//! Reads of the heads of sessions by their ids.

use std::collections::HashMap;

use agentscope_model::Release;

use crate::attributes::{EXPIRES_AT, ID, VERSION};
use crate::batch::{Batch, GET_LIMIT, distinct};
use crate::get::Consistency;
use crate::item::{Fields, Item};
use crate::read_limit::SizeOfHeads;
use crate::session_head::{AGENT_OF_SESSION, SUMMARY, agent_id_of};
use crate::tables::TableRef;
use crate::{Changes, Detail, RecordKind, SessionHead, Store, StoreError, keys};

impl Store {
    /// Reads the heads of these sessions, each given by its id and the version that its row has, by
    /// id; for a summary without their bulk. A head that an eventually consistent read does not
    /// find, or finds in an older version, is read again with strong consistency. The result lacks
    /// deleted sessions. Reading stops, in the order of the ids, at the limit.
    pub(crate) async fn heads(
        &self,
        user_id: &str,
        sessions: Vec<(String, String)>,
        detail: Detail,
        size: &SizeOfHeads,
    ) -> Result<HashMap<String, SessionHead>, StoreError> {
        let (ids, versions): (Vec<_>, Vec<_>) = sessions.into_iter().unzip();
        let mut heads = self.some_heads(user_id, &ids, detail, Consistency::Eventual, size).await?;
        let is_outdated = |id: &String, version: &String| heads.get(id).is_none_or(|head| head.version < *version);
        let outdated = ids.into_iter().zip(versions).filter(|(id, version)| is_outdated(id, version));
        let outdated: Vec<_> = outdated.map(|(id, _)| id).collect();
        if !outdated.is_empty() && !size.is_exceeded() {
            for id in &outdated {
                heads.remove(id);
            }
            heads.extend(self.some_heads(user_id, &outdated, detail, Consistency::Strong, size).await?);
        }
        Ok(heads)
    }

    /// Reads the heads of these sessions up to the request that exceeds the limit.
    pub(crate) async fn some_heads(
        &self,
        user_id: &str,
        ids: &[String],
        detail: Detail,
        consistency: Consistency,
        size: &SizeOfHeads,
    ) -> Result<HashMap<String, SessionHead>, StoreError> {
        let (attributes, head): (&'static [_], fn(TableRef<'_>, Release, Item) -> _) = match detail {
            Detail::Full => (&[], SessionHead::from_item),
            Detail::Summary => (&SUMMARY, SessionHead::from_summary_item),
        };
        let table = self.names.of(RecordKind::Session);
        let keys = ids.iter().map(|id| keys::head(id));
        let mut heads = HashMap::with_capacity(ids.len());
        let read = self.session_items::<()>(user_id, keys, attributes, consistency, |item| {
            // The claim of a writer expires. A head does not.
            if item.contains_key(EXPIRES_AT) {
                return Ok(None);
            }
            let head = head(table, self.release, item)?;
            size.add(&head);
            let bytes = head.json_size();
            heads.insert(head.id.clone(), head);
            if size.is_exceeded() { Err(StoreError::ExceedsLimit(bytes)) } else { Ok(None) }
        });
        match read.await {
            Ok(_) | Err(StoreError::ExceedsLimit(_)) => Ok(heads),
            Err(error) => Err(error),
        }
    }

    /// Reads the agents of these sessions, by session.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or a head is unreadable.
    pub async fn agents_of_sessions(
        &self,
        user_id: &str,
        ids: Vec<String>,
        changes: &Changes,
    ) -> Result<HashMap<String, String>, StoreError> {
        let mut agents = self.agents_of(user_id, &ids, Consistency::Eventual).await?;
        let version = |id: &str| agents.get(id).map_or("", |(version, _)| version.as_str());
        let outdated: Vec<_> = ids.into_iter().filter(|id| changes.is_outdated(id, version(id))).collect();
        if !outdated.is_empty() {
            for id in &outdated {
                agents.remove(id);
            }
            agents.extend(self.agents_of(user_id, &outdated, Consistency::Strong).await?);
        }
        Ok(agents.into_iter().map(|(id, (_, agent_id))| (id, agent_id)).collect())
    }

    /// Reads the versions and the agents of these sessions, by session.
    async fn agents_of(
        &self,
        user_id: &str,
        ids: &[String],
        consistency: Consistency,
    ) -> Result<HashMap<String, (String, String)>, StoreError> {
        let table = self.names.of(RecordKind::Session);
        let keys = ids.iter().map(|id| keys::head(id));
        self.session_items(user_id, keys, &AGENT_OF_SESSION, consistency, |item| {
            if item.contains_key(EXPIRES_AT) {
                return Ok(None);
            }
            let mut fields = Fields::new(table, item);
            Ok(Some((fields.text(ID)?, (fields.text(VERSION)?, agent_id_of(&mut fields)?))))
        })
        .await
    }

    /// Reads items of sessions, each with these attributes, or all of them if none are named.
    pub(crate) async fn session_items<T>(
        &self,
        user_id: &str,
        keys: impl Iterator<Item = String>,
        attributes: &'static [&'static str],
        consistency: Consistency,
        read: impl FnMut(Item) -> Result<Option<(String, T)>, StoreError>,
    ) -> Result<HashMap<String, T>, StoreError> {
        let batch = Batch {
            table: self.names.of(RecordKind::Session),
            user_id,
            keys: distinct(keys.filter(|key| keys::can_exist(user_id, key))),
            attributes,
            consistency,
            per_request: GET_LIMIT,
        };
        self.batch_get(batch, read).await
    }
}
