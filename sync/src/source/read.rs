//! Reads of single keys: their values, types and expiries.

use std::collections::BTreeSet;
use std::time::Duration;

use redis::{Pipeline, RedisResult};
use tokio::time::Instant;

use super::Source;

/// When a key expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// The key does not exist.
    Missing,
    /// The key has no expiry.
    Never,
    /// At this moment, or a little before.
    At(Instant),
}

impl Expiry {
    /// Interprets a response to PTTL that has just arrived.
    fn from_pttl(pttl: i64) -> Self {
        match u64::try_from(pttl) {
            Ok(left) => Instant::now().checked_add(Duration::from_millis(left)).map_or(Self::Never, Self::At),
            Err(_) if pttl == -1 => Self::Never,
            Err(_) => Self::Missing,
        }
    }
}

/// The properties of a key that are read before its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFacts {
    /// The length of its string in bytes, 0 if the key does not exist; `None` if its value is not
    /// a string.
    pub length: Option<usize>,
    /// When it expires.
    pub expiry: Expiry,
}

impl Source {
    /// Reads the properties of these keys, in one round trip.
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
            facts.push(KeyFacts { length, expiry: Expiry::from_pttl(pttl?) });
        }
        Ok(facts)
    }

    /// Reads when these keys expire.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn expiries(&self, keys: &[String]) -> RedisResult<Vec<Expiry>> {
        Ok(self.each("PTTL", keys).await?.into_iter().map(Expiry::from_pttl).collect())
    }

    /// Reads when a key expires.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn expiry(&self, key: &str) -> RedisResult<Expiry> {
        redis::cmd("PTTL").arg(key).query_async(&mut self.connection.clone()).await.map(Expiry::from_pttl)
    }

    /// The type of a key's value, such as `hash`; `None` if the key does not exist, or the user
    /// may not run TYPE.
    pub async fn type_of(&self, key: &str) -> Option<String> {
        let value_type: RedisResult<String> =
            redis::cmd("TYPE").arg(key).query_async(&mut self.connection.clone()).await;
        value_type.ok().filter(|value_type| value_type != "none")
    }

    /// Reads the ids on a list of sessions; `None` if the value is not a set.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn members(&self, list: &str) -> RedisResult<Option<BTreeSet<String>>> {
        let members = redis::cmd("SMEMBERS").arg(list).query_async::<Vec<Vec<u8>>>(&mut self.connection.clone()).await;
        // A member that is not UTF-8 is not the id of any record.
        let texts = |members: Vec<Vec<u8>>| members.into_iter().filter_map(|id| String::from_utf8(id).ok()).collect();
        Ok(unless_wrong_type(members)?.map(texts))
    }

    /// Reads the strings under these keys.
    ///
    /// # Errors
    ///
    /// Redis does not respond, or a value is not a string.
    pub async fn texts(&self, keys: &[String]) -> RedisResult<Vec<Option<Vec<u8>>>> {
        self.each("GET", keys).await
    }

    /// Reads the string under a key.
    ///
    /// # Errors
    ///
    /// Redis does not respond, or the value is not a string.
    pub async fn text(&self, key: &str) -> RedisResult<Option<Vec<u8>>> {
        redis::cmd("GET").arg(key).query_async(&mut self.connection.clone()).await
    }

    /// Whether each of these keys exists.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn exist(&self, keys: &[String]) -> RedisResult<Vec<bool>> {
        self.each("EXISTS", keys).await
    }

    /// Whether a key exists.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn exists(&self, key: &str) -> RedisResult<bool> {
        redis::cmd("EXISTS").arg(key).query_async(&mut self.connection.clone()).await
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
}

/// Returns the response; `None` if the value has another type than the command is for.
pub(super) fn unless_wrong_type<T>(response: RedisResult<T>) -> RedisResult<Option<T>> {
    match response {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code() == Some("WRONGTYPE") => Ok(None),
        Err(error) => Err(error),
    }
}
