//! Finds the sessions that a changed list affects.
//!
//! A notification names the set that changed, and not the members that came or went. So the list's
//! members in Redis are compared with the sessions that the tables have on the list.

use std::collections::BTreeSet;
use std::time::Duration;

use agentscope_store::{ListKey, RecordKind};

use super::context::SyncContext;
use super::failure::Failure;
use super::queue::Queue;
use super::work::{ListWork, Work};
use crate::source::RecordKey;
use crate::source::record_key::{ListOwner, SessionList};

/// How long after a change a list is checked again. DynamoDB's indexes lag behind its tables, so
/// the index may lack a session that was just written.
const SETTLING: Duration = Duration::from_secs(5);
/// Keys whose existence is read in one round trip.
const EXIST_BATCH: usize = 500;

/// Puts the sessions that a list affects into the queue.
///
/// # Errors
///
/// Redis or DynamoDB does not respond.
pub async fn check_list(context: &SyncContext, queue: &Queue, key: &str, work: ListWork) -> Result<(), Failure> {
    let source = context.source();
    // A worker may have read the list before it changed, and may write after the tables are read
    // here. So keys in flight go into the queue whatever the tables have.
    let in_flight = queue.keys_in_flight();
    context.expirations().set(key, source.expiry(key).await?);
    let members = match source.members(key).await {
        Ok(Some(members)) => {
            context.observer().clear_problem(key);
            Some(members)
        }
        Ok(None) => {
            context.skip_wrong_type(key, "set").await;
            Some(BTreeSet::new())
        }
        Err(error) if error.code() == Some("NOPERM") => {
            let warning = "the Redis user may not read lists of sessions. Grant it +smembers";
            context.observer().warn_once("smembers", warning);
            None
        }
        Err(error) => return Err(error.into()),
    };
    for list in source.keys().lists(key) {
        for session in differing(context, &list, members.as_ref()).await? {
            queue.push(session, Work::RECORD, None);
        }
        let is_candidate = |it: &RecordKey| it.kind == RecordKind::Session && it.user_id == list.user_id;
        for key in &in_flight {
            if source.keys().candidates(key).iter().any(is_candidate) {
                queue.push(key.clone(), Work::RECORD, None);
            }
        }
    }
    if work == ListWork::Changed {
        context.expirations().set_at_most(key, SETTLING);
    }
    Ok(())
}

/// Returns the keys of sessions that are on the list on one side only. Without the members, these
/// are all sessions that the tables have on the list.
async fn differing(
    context: &SyncContext,
    list: &SessionList,
    members: Option<&BTreeSet<String>>,
) -> Result<Vec<String>, Failure> {
    let SessionList { owner, user_id, id } = list;
    let list = match owner {
        ListOwner::Agent => ListKey::Agent(id),
        ListOwner::Schedule => ListKey::Schedule(id),
    };
    let listed: BTreeSet<_> = context.store().ids_of_list(user_id, list).await?.into_iter().collect();
    let key = |id: &String| {
        let session = RecordKey { kind: RecordKind::Session, user_id: user_id.clone(), id: id.clone() };
        context.source().keys().key(&session)
    };
    let Some(members) = members else { return Ok(listed.iter().map(key).collect()) };
    let mut keys: Vec<_> = listed.difference(members).map(key).collect();
    // A set keeps the ids of sessions that have expired.
    let added: Vec<_> = members.difference(&listed).map(key).collect();
    for added in added.chunks(EXIST_BATCH) {
        let exist = context.source().exist(added).await?;
        keys.extend(added.iter().zip(exist).filter(|(_, exists)| *exists).map(|(key, _)| key.clone()));
    }
    Ok(keys)
}
