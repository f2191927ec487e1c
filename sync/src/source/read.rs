//! What is read of Redis.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agentscope_shared::model::Release;
use agentscope_shared::model::record::schedule_of;
use redis::{Pipeline, RedisResult};
use serde::Deserialize;
use serde_json::Value;

use super::Source;

/// Names in one answer to SCAN, about.
const SCANNED: usize = 500;

/// The names of some keys.
#[derive(Debug)]
pub struct KeysPage {
    /// The names of keys that hold texts.
    pub keys: Vec<String>,
    /// Names that are no text themselves.
    pub unreadable: usize,
    /// Where the scan goes on; `None` after the last page.
    pub next: Option<u64>,
}

/// Whose record a text says that it is, and on which lists it ought to be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Identity {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// Of a session or a schedule: the agent.
    #[serde(default)]
    pub agent_id: Option<String>,
    /// Of a session, to release 2.0.7: the schedule that started it.
    #[serde(default)]
    pub source_schedule_id: Option<Value>,
    /// Of a session, from release 2.0.8 on: what started it.
    #[serde(default)]
    pub origin: Option<Value>,
}

impl Identity {
    /// Of a session: the schedule that started it.
    pub fn schedule_id(&self, release: Release) -> Option<&str> {
        schedule_of(self.origin.as_ref(), self.source_schedule_id.as_ref(), release)
    }
}

/// What Redis knows of a session besides its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionFacts {
    /// Whether it is on its agent's list.
    pub is_on_agent_list: bool,
    /// Whether it is on the list of the schedule that started it.
    pub is_on_schedule_list: bool,
    /// How its lock is held.
    pub lock: Lock,
}

/// How a session's lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// It is not.
    Free,
    /// Until so long after 1970. It is never before the lock's end: Redis tells how long it is held still, and that takes its
    /// time to come.
    HeldUntil(Duration),
    /// Without an end.
    HeldForever,
}

impl Lock {
    /// The answer of PTTL, which has just come.
    fn of(pttl: i64) -> Self {
        match pttl {
            -1 => Self::HeldForever,
            left => u64::try_from(left).map_or(Self::Free, |left| Self::HeldUntil(now() + Duration::from_millis(left))),
        }
    }
}

/// The time since 1970.
pub fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl Source {
    /// Names of keys that begin as records' do. In all pages together each is at least once that is there all the time.
    ///
    /// # Errors
    ///
    /// Redis does not answer.
    pub async fn record_keys(&self, cursor: u64) -> RedisResult<KeysPage> {
        self.scan(cursor, &self.keys().records_pattern()).await
    }

    /// The same, of keys that look like sessions'.
    ///
    /// # Errors
    ///
    /// Redis does not answer.
    pub async fn session_keys(&self, cursor: u64) -> RedisResult<KeysPage> {
        self.scan(cursor, &self.keys().sessions_pattern()).await
    }

    async fn scan(&self, cursor: u64, pattern: &str) -> RedisResult<KeysPage> {
        let mut command = redis::cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(SCANNED).arg("TYPE").arg("string");
        let (next, names): (u64, Vec<Vec<u8>>) = command.query_async(&mut self.connection.clone()).await?;
        let all = names.len();
        let keys: Vec<_> = names.into_iter().filter_map(|name| String::from_utf8(name).ok()).collect();
        Ok(KeysPage { unreadable: all - keys.len(), keys, next: (next != 0).then_some(next) })
    }

    /// How many bytes the texts under these keys have; 0 where there is none.
    ///
    /// # Errors
    ///
    /// Redis does not answer, or a key holds something else than a text.
    pub async fn lengths(&self, keys: &[String]) -> RedisResult<Vec<usize>> {
        self.each("STRLEN", keys).await
    }

    /// The texts under these keys.
    ///
    /// # Errors
    ///
    /// Redis does not answer, or a key holds something else than a text.
    pub async fn texts(&self, keys: &[String]) -> RedisResult<Vec<Option<Vec<u8>>>> {
        self.each("GET", keys).await
    }

    /// The text under a key.
    ///
    /// # Errors
    ///
    /// Redis does not answer, or the key holds something else than a text.
    pub async fn text(&self, key: &str) -> RedisResult<Option<Vec<u8>>> {
        redis::cmd("GET").arg(key).query_async(&mut self.connection.clone()).await
    }

    /// Whether there is anything under these keys.
    ///
    /// # Errors
    ///
    /// Redis does not answer.
    pub async fn exist(&self, keys: &[String]) -> RedisResult<Vec<bool>> {
        self.each("EXISTS", keys).await
    }

    async fn each<T: redis::FromRedisValue>(&self, command: &str, keys: &[String]) -> RedisResult<Vec<T>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = Pipeline::with_capacity(keys.len());
        for key in keys {
            pipeline.cmd(command).arg(key);
        }
        pipeline.query_async(&mut self.connection.clone()).await
    }

    /// What Redis knows of these sessions besides their records.
    ///
    /// # Errors
    ///
    /// Redis does not answer, or a list is something else than a set.
    pub async fn session_facts(&self, sessions: &[&Identity]) -> RedisResult<Vec<SessionFacts>> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = Pipeline::with_capacity(3 * sessions.len());
        let lists: Vec<_> = sessions.iter().map(|session| self.lists_of(session)).collect();
        for (session, lists) in sessions.iter().zip(&lists) {
            pipeline.cmd("PTTL").arg(self.keys().lock.key(&session.id));
            for list in lists.iter().flatten() {
                pipeline.cmd("SISMEMBER").arg(list).arg(&session.id);
            }
        }
        let answers: Vec<i64> = pipeline.query_async(&mut self.connection.clone()).await?;
        let mut answers = answers.into_iter();
        let mut next = || answers.next().unwrap_or_default();
        let facts = lists.iter().map(|lists| {
            let lock = Lock::of(next());
            // One that ought to be on no list is not missing there.
            let mut is_on = |list: &Option<String>| list.is_none() || next() == 1;
            SessionFacts { lock, is_on_agent_list: is_on(&lists[0]), is_on_schedule_list: is_on(&lists[1]) }
        });
        Ok(facts.collect())
    }

    /// The keys of the lists on which a session ought to be: its agent's, and that of the schedule that started it.
    pub fn lists_of(&self, session: &Identity) -> [Option<String>; 2] {
        let Identity { user_id, agent_id, .. } = session;
        let keys = self.keys();
        let agent_list = agent_id.as_ref().map(|id| keys.agent_sessions.key(user_id, id));
        [agent_list, session.schedule_id(keys.release).map(|id| keys.schedule_sessions.key(user_id, id))]
    }

    /// How a session's lock is held; `None` if there is nothing under the session's key.
    ///
    /// # Errors
    ///
    /// Redis does not answer.
    pub async fn lock(&self, key: &str, session_id: &str) -> RedisResult<Option<Lock>> {
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.cmd("EXISTS").arg(key).cmd("PTTL").arg(self.keys().lock.key(session_id));
        let (exists, pttl): (bool, i64) = pipeline.query_async(&mut self.connection.clone()).await?;
        Ok(exists.then(|| Lock::of(pttl)))
    }

    /// Which of these sessions' locks are held.
    ///
    /// # Errors
    ///
    /// Redis does not answer.
    pub async fn locked(&self, session_ids: &[String]) -> RedisResult<Vec<bool>> {
        let keys: Vec<_> = session_ids.iter().map(|id| self.keys().lock.key(id)).collect();
        self.exist(&keys).await
    }
}
