//! What is read of Redis.

use std::collections::BTreeSet;
use std::time::Duration;

use agentscope_model::Release;
use agentscope_model::session::schedule_of;
use redis::{Pipeline, RedisResult};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::Source;

/// Names in one response to SCAN, about.
const SCANNED: usize = 500;

/// The names of some keys.
#[derive(Debug)]
pub struct KeysPage {
    /// The names of keys, whatever they hold.
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

/// When a key expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// There is no such key.
    Gone,
    /// It has no end.
    Never,
    /// At this moment or a little before.
    At(Instant),
}

impl Expiry {
    /// The response to PTTL, which has just come.
    fn of(pttl: i64) -> Self {
        match u64::try_from(pttl) {
            Ok(left) => Instant::now().checked_add(Duration::from_millis(left)).map_or(Self::Never, Self::At),
            Err(_) if pttl == -1 => Self::Never,
            Err(_) => Self::Gone,
        }
    }
}

/// What is known of a key before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFacts {
    /// How many bytes its text has, 0 if there is none; `None` if it holds something else than a
    /// text.
    pub length: Option<usize>,
    /// When it expires.
    pub expiry: Expiry,
}

impl Lock {
    /// The response to PTTL, which has just come.
    fn of(pttl: i64, now: Duration) -> Self {
        match pttl {
            -1 => Self::HeldForever,
            left => u64::try_from(left).map_or(Self::Free, |left| Self::HeldUntil(now + Duration::from_millis(left))),
        }
    }
}

impl Source {
    /// Names of keys that begin as records' do. In all pages together each is at least once that is there all the time.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn record_keys(&self, cursor: u64) -> RedisResult<KeysPage> {
        self.scan(cursor, &self.keys().records_pattern(), None).await
    }

    /// The same, of keys that look like sessions'.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn session_keys(&self, cursor: u64) -> RedisResult<KeysPage> {
        self.scan(cursor, &self.keys().sessions_pattern(), Some("string")).await
    }

    async fn scan(&self, cursor: u64, pattern: &str, kind: Option<&str>) -> RedisResult<KeysPage> {
        let mut command = redis::cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(SCANNED);
        if let Some(kind) = kind {
            command.arg("TYPE").arg(kind);
        }
        let (next, names): (u64, Vec<Vec<u8>>) = command.query_async(&mut self.connection.clone()).await?;
        let all = names.len();
        let keys: Vec<_> = names.into_iter().filter_map(|name| String::from_utf8(name).ok()).collect();
        Ok(KeysPage { unreadable: all - keys.len(), keys, next: (next != 0).then_some(next) })
    }

    /// What is known of these keys before they are read.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn key_facts(&self, keys: &[String]) -> RedisResult<Vec<KeyFacts>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = Pipeline::with_capacity(2 * keys.len());
        for key in keys {
            pipeline.cmd("STRLEN").arg(key).cmd("PTTL").arg(key);
        }
        let responses: Vec<RedisResult<i64>> =
            pipeline.ignore_errors().query_async(&mut self.connection.clone()).await?;
        let mut responses = responses.into_iter();
        let mut facts = Vec::with_capacity(keys.len());
        while let (Some(length), Some(pttl)) = (responses.next(), responses.next()) {
            let length = unless_wrong_type(length)?.map(|length| usize::try_from(length).unwrap_or_default());
            facts.push(KeyFacts { length, expiry: Expiry::of(pttl?) });
        }
        Ok(facts)
    }

    /// When these keys expire.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn expiries(&self, keys: &[String]) -> RedisResult<Vec<Expiry>> {
        Ok(self.each("PTTL", keys).await?.into_iter().map(Expiry::of).collect())
    }

    /// What kind of value a key has, as `hash`; `None` if there is none, or the user may not see
    /// that.
    pub async fn type_of(&self, key: &str) -> Option<String> {
        let kind: RedisResult<String> = redis::cmd("TYPE").arg(key).query_async(&mut self.connection.clone()).await;
        kind.ok().filter(|kind| kind != "none")
    }

    /// The ids on a list of sessions; none if the key holds something else than a set.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn members(&self, list: &str) -> RedisResult<Option<BTreeSet<String>>> {
        let members = redis::cmd("SMEMBERS").arg(list).query_async::<Vec<Vec<u8>>>(&mut self.connection.clone()).await;
        // An id that is no text is none of a record's.
        let texts = |members: Vec<Vec<u8>>| members.into_iter().filter_map(|id| String::from_utf8(id).ok()).collect();
        Ok(unless_wrong_type(members)?.map(texts))
    }

    /// The texts under these keys.
    ///
    /// # Errors
    ///
    /// Redis does not respond, or a key holds something else than a text.
    pub async fn texts(&self, keys: &[String]) -> RedisResult<Vec<Option<Vec<u8>>>> {
        self.each("GET", keys).await
    }

    /// The text under a key.
    ///
    /// # Errors
    ///
    /// Redis does not respond, or the key holds something else than a text.
    pub async fn text(&self, key: &str) -> RedisResult<Option<Vec<u8>>> {
        redis::cmd("GET").arg(key).query_async(&mut self.connection.clone()).await
    }

    /// Whether there is anything under these keys.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
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

    /// What Redis knows of these sessions besides their records, and the keys of lists that are no
    /// sets. No session is on such a list.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn session_facts(&self, sessions: &[&Identity]) -> RedisResult<(Vec<SessionFacts>, BTreeSet<String>)> {
        let mut wrong = BTreeSet::new();
        if sessions.is_empty() {
            return Ok((Vec::new(), wrong));
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
        let mut facts = Vec::with_capacity(sessions.len());
        for lists in lists {
            let lock = Lock::of(next()?, now);
            // One that ought to be on no list is not missing there.
            let mut is_on = [true; 2];
            for (is_on, list) in is_on.iter_mut().zip(lists) {
                let Some(list) = list else { continue };
                let response = unless_wrong_type(next())?;
                *is_on = response == Some(1);
                if response.is_none() {
                    wrong.insert(list);
                }
            }
            facts.push(SessionFacts { lock, is_on_agent_list: is_on[0], is_on_schedule_list: is_on[1] });
        }
        Ok((facts, wrong))
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
    /// Redis does not respond.
    pub async fn lock(&self, key: &str, session_id: &str) -> RedisResult<Option<Lock>> {
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.cmd("EXISTS").arg(key).cmd("PTTL").arg(self.keys().lock.key(session_id));
        let (exists, pttl): (bool, i64) = pipeline.query_async(&mut self.connection.clone()).await?;
        Ok(exists.then(|| Lock::of(pttl, self.now())))
    }

    /// Which of these sessions' locks are held.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn locked(&self, session_ids: &[String]) -> RedisResult<Vec<bool>> {
        let keys: Vec<_> = session_ids.iter().map(|id| self.keys().lock.key(id)).collect();
        self.exist(&keys).await
    }
}

/// The response; `None` if the key holds another kind of value than the command is for.
fn unless_wrong_type<T>(response: RedisResult<T>) -> RedisResult<Option<T>> {
    match response {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code() == Some("WRONGTYPE") => Ok(None),
        Err(error) => Err(error),
    }
}
