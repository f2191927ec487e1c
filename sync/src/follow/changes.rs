//! Finds the replicas that a notification of Redis may make outdated.

use std::collections::HashSet;
use std::time::Instant;

use agentscope_store::RecordKind;
use redis::RedisResult;

use super::context::SyncContext;
use super::queue::Queue;
use super::work::Work;
use super::workers::backoff;
use crate::observe::Observer;
use crate::source::RecordKey;
use crate::source::notifications::Notification;

/// Puts the keys that a change may affect into the queue.
pub fn handle_notification(context: &SyncContext, queue: &Queue, Notification { key, event }: Notification) {
    let keys = context.source().keys();
    let noticed = Some(Instant::now());
    if let Some(id) = keys.lock.session(&key) {
        Observer::count(&context.observer().counters.followed);
        for (key, session) in context.owners().of(id) {
            queue.push(key, Work::lock(session), noticed);
        }
    } else if keys.is_list(&key) {
        Observer::count(&context.observer().counters.followed);
        match event.as_str() {
            // AgentScope writes a session before it adds it to its lists.
            "sadd" => {
                for session in context.pending_list_entries().take(&key) {
                    queue.push(session, Work::RECORD, noticed);
                }
            }
            "expire" | "persist" => queue.push(key, Work::EXPIRY, noticed),
            _ => queue.push(key, Work::LIST_CHANGED, noticed),
        }
    } else if !keys.candidates(&key).is_empty() {
        Observer::count(&context.observer().counters.followed);
        let work = if matches!(event.as_str(), "expire" | "persist") { Work::EXPIRY } else { Work::RECORD };
        queue.push(key, work, noticed);
    }
}

/// Looks up the unknown owners of locked sessions, forever.
pub async fn look_up_owners(context: &SyncContext, queue: &Queue) {
    loop {
        let ids = context.owners().wanted().await;
        let noticed = Instant::now();
        let mut attempt = 0;
        while let Err(error) = look_up(context, queue, &ids, noticed).await {
            attempt += 1;
            Observer::count(&context.observer().counters.errors);
            tracing::warn!(attempt, cause = %error, "the owners of locked sessions could not be looked up");
            tokio::time::sleep(backoff(attempt)).await;
        }
        context.owners().set_found(&ids);
    }
}

async fn look_up(context: &SyncContext, queue: &Queue, ids: &HashSet<String>, noticed: Instant) -> RedisResult<()> {
    let mut cursor = 0;
    loop {
        let page = context.source().scan_session_keys(cursor).await?;
        for key in page.keys {
            let candidates = context.source().keys().candidates(&key);
            let is_only_candidate = candidates.len() == 1;
            let is_wanted = |it: &RecordKey| it.kind == RecordKind::Session && ids.contains(&it.id);
            for session in candidates.into_iter().filter(is_wanted) {
                if is_only_candidate {
                    context.owners().add(&key, &session);
                    queue.push(key.clone(), Work::lock(session), Some(noticed));
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
