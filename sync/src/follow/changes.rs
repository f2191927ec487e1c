//! Which copies may be behind, as Redis tells of changes.

use std::collections::HashSet;
use std::time::Instant;

use agentscope_store::RecordKind;
use redis::RedisResult;

use super::copier::Copier;
use super::queue::Queue;
use super::work::Work;
use super::workers::BACKOFF;
use crate::observe::Observer;
use crate::source::notifications::Notification;

/// Puts the keys into the queue that a change may concern.
pub fn handle_notification(copier: &Copier, queue: &Queue, Notification { key, event }: Notification) {
    let keys = copier.source.keys();
    let noticed = Some(Instant::now());
    if let Some(id) = keys.lock.session(&key) {
        Observer::count(&copier.observer.counters.followed);
        for (key, place) in copier.owners.of(id) {
            queue.push(key, Work { lock: Some(place), ..Work::default() }, noticed);
        }
    } else if keys.is_list(&key) {
        Observer::count(&copier.observer.counters.followed);
        match event.as_str() {
            // AgentScope writes a session before it puts it on its lists: who is not on a list yet
            // waits for that.
            "sadd" => {
                for session in copier.pending_list_entries.take(&key) {
                    queue.push(session, Work::RECORD, noticed);
                }
            }
            "expire" | "persist" => queue.push(key, Work::EXPIRY, noticed),
            _ => queue.push(key, Work::LIST_CHANGED, noticed),
        }
    } else if !keys.places(&key).is_empty() {
        Observer::count(&copier.observer.counters.followed);
        let work = if matches!(event.as_str(), "expire" | "persist") { Work::EXPIRY } else { Work::RECORD };
        queue.push(key, work, noticed);
    }
}

/// Looks up, for ever, whose the sessions are that are locked and not known.
pub async fn look_up_owners(copier: &Copier, queue: &Queue) {
    loop {
        let ids = copier.owners.wanted().await;
        let noticed = Instant::now();
        let mut attempt = 0;
        while let Err(error) = look_up(copier, queue, &ids, noticed).await {
            attempt += 1;
            Observer::count(&copier.observer.counters.errors);
            tracing::warn!(attempt, cause = %error, "the owners of locked sessions could not be looked up");
            BACKOFF.wait(attempt).await;
        }
        copier.owners.set_found(&ids);
    }
}

async fn look_up(copier: &Copier, queue: &Queue, ids: &HashSet<String>, noticed: Instant) -> RedisResult<()> {
    let keys = copier.source.keys();
    let mut cursor = 0;
    loop {
        let page = copier.source.session_keys(cursor).await?;
        for key in page.keys {
            let places = keys.places(&key);
            let is_alone = places.len() == 1;
            for place in places.into_iter().filter(|place| place.kind == RecordKind::Session && ids.contains(&place.id))
            {
                if is_alone {
                    copier.owners.add(&key, &place);
                    queue.push(key.clone(), Work { lock: Some(place), ..Work::default() }, Some(noticed));
                } else {
                    queue.push(key.clone(), Work::RECORD, Some(noticed));
                }
            }
        }
        match page.next {
            Some(next) => cursor = next,
            None => return Ok(()),
        }
    }
}
