//! What Redis stores of a session besides its record: its run lock and its lists.

use std::collections::BTreeSet;
use std::time::Duration;

use redis::{Pipeline, RedisResult};

use super::Source;
use super::identity::Identity;
use super::read::unless_wrong_type;

/// What Redis stores of a session besides its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionFacts {
    /// Whether it is on its agent's list.
    pub is_on_agent_list: bool,
    /// Whether it is on the list of the schedule that started it.
    pub is_on_schedule_list: bool,
    /// Its run lock.
    pub lock: Lock,
}

/// The facts of several sessions.
#[derive(Debug, Default)]
pub struct SessionFactsBatch {
    /// The facts, in the order of the sessions.
    pub facts: Vec<SessionFacts>,
    /// Keys of lists whose value is not a set. No session is on such a list.
    pub wrong_type_lists: BTreeSet<String>,
}

/// A session's run lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Nobody holds it.
    Free,
    /// It is locked until this time since 1970. That is never before the true end: Redis reports
    /// the time left, and the report takes time to arrive.
    Until(Duration),
    /// It is locked without an expiry.
    WithoutExpiry,
}

impl Lock {
    /// Interprets a response to PTTL that has just arrived.
    fn from_pttl(pttl: i64, now: Duration) -> Self {
        match pttl {
            -1 => Self::WithoutExpiry,
            left => u64::try_from(left).map_or(Self::Free, |left| Self::Until(now + Duration::from_millis(left))),
        }
    }
}

impl Source {
    /// Reads the facts of these sessions, in one round trip.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn session_facts(&self, sessions: &[&Identity]) -> RedisResult<SessionFactsBatch> {
        let mut batch = SessionFactsBatch::default();
        if sessions.is_empty() {
            return Ok(batch);
        }
        let mut pipeline = Pipeline::with_capacity(3 * sessions.len());
        let lists: Vec<_> = sessions.iter().map(|session| self.lists_of(session)).collect();
        for (session, lists) in sessions.iter().zip(&lists) {
            pipeline.cmd("PTTL").arg(self.keys().lock.key(&session.id));
            for list in lists.iter().flatten() {
                pipeline.cmd("SISMEMBER").arg(list).arg(&session.id);
            }
        }
        let responses: Vec<RedisResult<i64>> =
            pipeline.ignore_errors().query_async(&mut self.connection.clone()).await?;
        let now = self.now();
        let mut responses = responses.into_iter();
        let mut next = || responses.next().unwrap_or(Ok(0));
        for lists in lists {
            let lock = Lock::from_pttl(next()?, now);
            // A session that belongs on no list counts as present there.
            let mut is_on = [true; 2];
            for (is_on, list) in is_on.iter_mut().zip(lists) {
                let Some(list) = list else { continue };
                let response = unless_wrong_type(next())?;
                *is_on = response == Some(1);
                if response.is_none() {
                    batch.wrong_type_lists.insert(list);
                }
            }
            batch.facts.push(SessionFacts { lock, is_on_agent_list: is_on[0], is_on_schedule_list: is_on[1] });
        }
        Ok(batch)
    }

    /// The keys of the lists that a session belongs on: its agent's, and that of the schedule that
    /// started it.
    pub fn lists_of(&self, session: &Identity) -> [Option<String>; 2] {
        let Identity { user_id, agent_id, .. } = session;
        let keys = self.keys();
        let agent_list = agent_id.as_ref().map(|id| keys.agent_sessions.key(user_id, id));
        [agent_list, session.schedule_id(keys.release).map(|id| keys.schedule_sessions.key(user_id, id))]
    }

    /// Reads a session's lock; `None` if the session's own key does not exist.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn lock(&self, key: &str, session_id: &str) -> RedisResult<Option<Lock>> {
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.cmd("EXISTS").arg(key).cmd("PTTL").arg(self.keys().lock.key(session_id));
        let (exists, pttl): (bool, i64) = pipeline.query_async(&mut self.connection.clone()).await?;
        Ok(exists.then(|| Lock::from_pttl(pttl, self.now())))
    }

    /// Whether a session's lock exists.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn is_locked(&self, session_id: &str) -> RedisResult<bool> {
        self.exists(&self.keys().lock.key(session_id)).await
    }
}
