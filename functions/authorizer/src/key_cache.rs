//! Keys of an issuer that are kept in the process and refreshed.

use std::time::{Duration, SystemTime};

use jsonwebtoken::{Algorithm, DecodingKey};

use crate::issuer::IssuerError;
use crate::key_set::KeySet;
use crate::refusal::Refusal;

/// The age from which keys are fetched again. Within this time a key that the issuer has removed is
/// no longer accepted.
pub const REFRESH_AGE: Duration = Duration::from_secs(60 * 60);

/// The age up to which keys are used if the issuer cannot be reached.
pub const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// The minimum time from the end of a request for keys to the next one while some are known.
/// Anybody can send tokens with made-up key ids, and each of them is a reason to fetch keys.
pub const MIN_INTERVAL: Duration = Duration::from_secs(10);

/// The same while no keys are known. Until then no request can succeed. An issuer that does not
/// respond makes a request wait, and the others in this time fail without waiting.
pub const MIN_INTERVAL_WITHOUT_KEYS: Duration = Duration::from_secs(5);

/// The same for a token whose key is known, once keys are old. An issuer that does not respond
/// makes a valid token wait no more often.
pub const MIN_INTERVAL_FOR_KNOWN_KEYS: Duration = Duration::from_secs(60);

/// Why there is no key for a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The issuer has no key for the token.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Whether the issuer has one is not known.
    #[error("the keys of the issuer cannot be fetched: {0}")]
    Unavailable(IssuerError),
}

/// The keys of an issuer. Ages are measured by the system's clock: a monotonic clock may stop while
/// Lambda suspends the function.
#[derive(Debug)]
pub struct KeyCache<F, C = fn() -> SystemTime> {
    fetch: F,
    clock: C,
    keys: Option<FetchedKeys>,
    attempt: Option<Attempt>,
    fetches: u64,
}

#[derive(Debug)]
struct FetchedKeys {
    keys: KeySet,
    /// When the request for them began.
    fetched: SystemTime,
}

#[derive(Debug)]
struct Attempt {
    ended: SystemTime,
    error: Option<IssuerError>,
}

impl<F: AsyncFn() -> Result<KeySet, IssuerError>> KeyCache<F> {
    /// A cache without keys.
    pub fn new(fetch: F) -> Self {
        Self::with_clock(fetch, SystemTime::now)
    }
}

impl<F: AsyncFn() -> Result<KeySet, IssuerError>, C: Fn() -> SystemTime> KeyCache<F, C> {
    fn with_clock(fetch: F, clock: C) -> Self {
        Self { fetch, clock, keys: None, attempt: None, fetches: 0 }
    }

    /// The number of attempts to fetch keys.
    pub fn fetches(&self) -> u64 {
        self.fetches
    }

    /// The key for a signature. Fetches keys if there are none, if they are old, or if this key is
    /// unknown, but not more often than the minimum intervals say.
    ///
    /// # Errors
    ///
    /// The issuer has no such key, or its keys cannot be fetched.
    pub async fn key(&mut self, id: Option<&str>, algorithm: Algorithm) -> Result<DecodingKey, KeyError> {
        self.notice_a_clock_set_back();
        if self.age().is_none_or(|age| age >= REFRESH_AGE) {
            let interval = match self.find(id, algorithm) {
                Ok(_) => MIN_INTERVAL_FOR_KNOWN_KEYS,
                Err(KeyError::Refused(_)) => MIN_INTERVAL,
                Err(KeyError::Unavailable(_)) => MIN_INTERVAL_WITHOUT_KEYS,
            };
            self.refresh(interval).await;
        }
        match self.find(id, algorithm) {
            Err(KeyError::Refused(Refusal::UnknownKey)) => self.new_key(id, algorithm).await,
            outcome => outcome,
        }
    }

    /// The same for a token that no known key verifies.
    ///
    /// # Errors
    ///
    /// The issuer has no such key, or its keys cannot be fetched: it may have the key by now.
    pub async fn new_key(&mut self, id: Option<&str>, algorithm: Algorithm) -> Result<DecodingKey, KeyError> {
        self.refresh(MIN_INTERVAL).await;
        match self.last_error() {
            Some(error) => Err(KeyError::Unavailable(error)),
            None => self.find(id, algorithm),
        }
    }

    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<DecodingKey, KeyError> {
        match &self.keys {
            Some(FetchedKeys { keys, .. }) if self.age().is_some_and(|age| age < MAX_AGE) => {
                Ok(keys.find(id, algorithm)?.clone())
            }
            _ => Err(KeyError::Unavailable(self.last_error().unwrap_or(IssuerError::TimedOut))),
        }
    }

    /// Why the last attempt failed, if it did.
    fn last_error(&self) -> Option<IssuerError> {
        self.attempt.as_ref()?.error.clone()
    }

    /// The age of the keys, if there are any.
    fn age(&self) -> Option<Duration> {
        let fetched = self.keys.as_ref()?.fetched;
        Some((self.clock)().duration_since(fetched).unwrap_or_default())
    }

    /// Gives keys an age if they seem to be of the future: they are old, and stay usable for the
    /// rest of `MAX_AGE`.
    fn notice_a_clock_set_back(&mut self) {
        let now = (self.clock)();
        if let Some(keys) = &mut self.keys
            && now < keys.fetched
        {
            keys.fetched = now.checked_sub(REFRESH_AGE).unwrap_or(now);
        }
    }

    /// Fetches the keys, unless an attempt ended within this time.
    async fn refresh(&mut self, interval: Duration) {
        let began = (self.clock)();
        if let Some(Attempt { ended, .. }) = &self.attempt
            && began.duration_since(*ended).is_ok_and(|passed| passed < interval)
        {
            return;
        }
        self.fetches += 1;
        let error = match (self.fetch)().await {
            Ok(keys) => {
                tracing::info!(usable = keys.len(), skipped = keys.skipped(), "fetched the keys of the issuer");
                self.keys = Some(FetchedKeys { keys, fetched: began });
                None
            }
            Err(error) => {
                let age_seconds = self.age().map(|age| age.as_secs());
                tracing::error!(%error, age_seconds, "cannot fetch the keys of the issuer");
                Some(error)
            }
        };
        self.attempt = Some(Attempt { ended: (self.clock)(), error });
    }
}

#[cfg(test)]
mod tests;
