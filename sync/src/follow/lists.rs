//! Lists of sessions that have changed: whose place on a list may be another now.
//!
//! Redis notifies that a set has changed, but not by which ids. Sessions are looked at again that
//! the tables have on the list and the set does not, or the other way round.

use std::collections::BTreeSet;
use std::time::Duration;

use agentscope_store::RecordKind;

use super::copier::{Copier, Failure};
use super::queue::Queue;
use super::work::{ListWork, Work};
use crate::source::RecordKey;
use crate::source::keys::{List, ListOwner};

/// How long after a change the list is looked at once more. The indexes of DynamoDB lag behind its
/// tables, so that a session may be on a list that was put there a moment before.
const SETTLING: Duration = Duration::from_secs(5);

/// Puts the sessions into the queue whose place on a list may have changed.
///
/// # Errors
///
/// Redis or DynamoDB does not respond.
pub async fn look_at_list(copier: &Copier, queue: &Queue, key: &str, work: ListWork) -> Result<(), Failure> {
    // Who is being copied now may have read the list before it changed, and may write after it is
    // read here. So they are looked at whatever the tables have.
    let in_flight = queue.keys_in_flight();
    for expiry in copier.source.expiries(&[key.to_owned()]).await? {
        copier.expirations.set(key, expiry);
    }
    let members = match copier.source.members(key).await {
        Ok(Some(members)) => {
            copier.observer.fits(key);
            Some(members)
        }
        Ok(None) => {
            copier.skip_wrong_type(key, "set").await;
            Some(BTreeSet::new())
        }
        Err(error) if error.code() == Some("NOPERM") => {
            copier.observer.warn_once("smembers", "the Redis user may not read lists of sessions. Grant it +smembers");
            None
        }
        Err(error) => return Err(error.into()),
    };
    for list in copier.source.keys().lists(key) {
        let sessions = differing(copier, &list, members.as_ref()).await?;
        for session in sessions {
            queue.push(session, Work::RECORD, None);
        }
        for key in &in_flight {
            let places = copier.source.keys().places(key);
            if places.iter().any(|place| place.kind == RecordKind::Session && place.user_id == list.user_id) {
                queue.push(key.clone(), Work::RECORD, None);
            }
        }
    }
    if work == ListWork::Changed {
        copier.expirations.set_at_most(key, SETTLING);
    }
    Ok(())
}

/// The keys of sessions that are on the list in the tables and not in Redis, or the other way
/// round. Where the list in Redis cannot be read, all that the tables have on it.
async fn differing(copier: &Copier, list: &List, members: Option<&BTreeSet<String>>) -> Result<Vec<String>, Failure> {
    let List { owner, user_id, id } = list;
    let rows = match owner {
        ListOwner::Agent => copier.store.sessions_of_agent(user_id, id, None).await?,
        ListOwner::Schedule => copier.store.sessions_of_schedule(user_id, id, None).await?,
    };
    let listed: BTreeSet<_> = rows.rows.into_iter().map(|row| row.id).collect();
    let key = |id: &String| {
        let place = RecordKey { kind: RecordKind::Session, user_id: user_id.clone(), id: id.clone() };
        copier.source.keys().key(&place)
    };
    let Some(members) = members else { return Ok(listed.iter().map(key).collect()) };
    let mut keys: Vec<_> = listed.difference(members).map(key).collect();
    // Sets keep the ids of sessions that have expired.
    let added: Vec<_> = members.difference(&listed).map(key).collect();
    for added in added.chunks(500) {
        let exist = copier.source.exist(added).await?;
        keys.extend(added.iter().zip(exist).filter(|(_, exists)| *exists).map(|(key, _)| key.clone()));
    }
    Ok(keys)
}
