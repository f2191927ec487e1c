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

/// The minimum time between two requests for keys while some are known. Anybody can send tokens
/// with made-up key ids, and each of them is a reason to fetch keys.
pub const MIN_INTERVAL: Duration = Duration::from_secs(10);

/// The same while no keys are known. Until then no request can succeed.
pub const MIN_INTERVAL_WITHOUT_KEYS: Duration = Duration::from_secs(1);

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
pub struct KeyCache<F> {
    fetch: F,
    keys: Option<FetchedKeys>,
    attempt: Option<Attempt>,
    fetches: u64,
}

#[derive(Debug)]
struct FetchedKeys {
    keys: KeySet,
    fetched: SystemTime,
}

#[derive(Debug)]
struct Attempt {
    began: SystemTime,
    error: Option<IssuerError>,
}

impl<F: AsyncFn() -> Result<KeySet, IssuerError>> KeyCache<F> {
    /// A cache without keys.
    pub fn new(fetch: F) -> Self {
        Self { fetch, keys: None, attempt: None, fetches: 0 }
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
    pub async fn key(
        &mut self,
        id: Option<&str>,
        algorithm: Algorithm,
        now: SystemTime,
    ) -> Result<DecodingKey, KeyError> {
        if self.age(now).is_none_or(|age| age >= REFRESH_AGE) {
            self.refresh(now).await;
        }
        match self.find(id, algorithm, now) {
            Err(KeyError::Refused(Refusal::UnknownKey)) => self.new_key(id, algorithm, now).await,
            outcome => outcome,
        }
    }

    /// The same for a token that no known key verifies.
    ///
    /// # Errors
    ///
    /// The issuer has no such key, or its keys cannot be fetched.
    pub async fn new_key(
        &mut self,
        id: Option<&str>,
        algorithm: Algorithm,
        now: SystemTime,
    ) -> Result<DecodingKey, KeyError> {
        self.refresh(now).await;
        match (self.find(id, algorithm, now), self.attempt.as_ref().and_then(|attempt| attempt.error.clone())) {
            // The issuer may have the key by now.
            (Err(KeyError::Refused(Refusal::UnknownKey)), Some(error)) => Err(KeyError::Unavailable(error)),
            (outcome, _) => outcome,
        }
    }

    fn find(&self, id: Option<&str>, algorithm: Algorithm, now: SystemTime) -> Result<DecodingKey, KeyError> {
        match &self.keys {
            Some(FetchedKeys { keys, .. }) if self.age(now).is_some_and(|age| age < MAX_AGE) => {
                Ok(keys.find(id, algorithm)?.clone())
            }
            _ => {
                let error = self.attempt.as_ref().and_then(|attempt| attempt.error.clone());
                Err(KeyError::Unavailable(error.unwrap_or(IssuerError::TimedOut)))
            }
        }
    }

    /// The age of the keys. `None` if there are none, or if the clock was set back.
    fn age(&self, now: SystemTime) -> Option<Duration> {
        now.duration_since(self.keys.as_ref()?.fetched).ok()
    }

    /// Fetches the keys, unless that was tried a short time ago.
    async fn refresh(&mut self, now: SystemTime) {
        let interval = if self.keys.is_some() { MIN_INTERVAL } else { MIN_INTERVAL_WITHOUT_KEYS };
        if let Some(Attempt { began, .. }) = &self.attempt
            && now.duration_since(*began).is_ok_and(|passed| passed < interval)
        {
            return;
        }
        self.fetches += 1;
        let error = match (self.fetch)().await {
            Ok(keys) => {
                tracing::info!(usable = keys.len(), skipped = keys.skipped(), "fetched the keys of the issuer");
                self.keys = Some(FetchedKeys { keys, fetched: now });
                None
            }
            Err(error) => {
                let age_seconds = self.age(now).map(|age| age.as_secs());
                tracing::error!(%error, age_seconds, "cannot fetch the keys of the issuer");
                Some(error)
            }
        };
        self.attempt = Some(Attempt { began: now, error });
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::time::UNIX_EPOCH;

    use serde_json::json;

    use super::*;

    /// An issuer with these keys, or none that responds.
    struct Double {
        ids: RefCell<Option<Vec<&'static str>>>,
        requests: Cell<u64>,
    }

    impl Double {
        fn new(ids: &[&'static str]) -> Self {
            Self { ids: RefCell::new(Some(ids.to_vec())), requests: Cell::new(0) }
        }

        fn set(&self, ids: Option<&[&'static str]>) {
            *self.ids.borrow_mut() = ids.map(<[_]>::to_vec);
        }

        async fn fetch(&self) -> Result<KeySet, IssuerError> {
            self.requests.set(self.requests.get() + 1);
            let ids = self.ids.borrow().clone().ok_or(IssuerError::TimedOut)?;
            let coordinate = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
            let key = |id| json!({ "kty": "EC", "crv": "P-256", "x": coordinate, "y": coordinate, "kid": id });
            let keys = json!({ "keys": ids.into_iter().map(key).collect::<Vec<_>>() });
            Ok(KeySet::read(keys.to_string().as_bytes()).unwrap())
        }
    }

    /// The outcome for a token with this key id after this time.
    async fn find<F: AsyncFn() -> Result<KeySet, IssuerError>>(
        cache: &mut KeyCache<F>,
        id: &str,
        seconds: u64,
    ) -> Result<(), KeyError> {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds);
        cache.key(Some(id), Algorithm::ES256, now).await.map(|_| ())
    }

    const UNKNOWN: Result<(), KeyError> = Err(KeyError::Refused(Refusal::UnknownKey));
    const UNAVAILABLE: Result<(), KeyError> = Err(KeyError::Unavailable(IssuerError::TimedOut));

    #[tokio::test]
    async fn keys_are_fetched_once_and_again_after_an_hour() {
        let issuer = Double::new(&["a"]);
        let mut cache = KeyCache::new(async || issuer.fetch().await);
        for seconds in [0, 1, 60, 3599] {
            assert_eq!(find(&mut cache, "a", seconds).await, Ok(()));
        }
        assert_eq!(issuer.requests.get(), 1);
        issuer.set(Some(&["b"]));
        assert_eq!(find(&mut cache, "a", 3600).await, UNKNOWN, "a removed key is refused");
        assert_eq!(find(&mut cache, "b", 3600).await, Ok(()));
        assert_eq!((issuer.requests.get(), cache.fetches()), (2, 2));
    }

    #[tokio::test]
    async fn an_unknown_key_makes_them_be_fetched_but_not_all_the_time() {
        let issuer = Double::new(&["a"]);
        let mut cache = KeyCache::new(async || issuer.fetch().await);
        for seconds in 0..10 {
            assert_eq!(find(&mut cache, "made-up", seconds).await, UNKNOWN);
        }
        assert_eq!(issuer.requests.get(), 1);
        issuer.set(Some(&["a", "b"]));
        assert_eq!(find(&mut cache, "b", 9).await, UNKNOWN);
        assert_eq!(find(&mut cache, "b", 10).await, Ok(()));
        assert_eq!(issuer.requests.get(), 2);
        for seconds in 11..40 {
            assert_eq!(find(&mut cache, "made-up", seconds).await, UNKNOWN);
        }
        assert_eq!(issuer.requests.get(), 4);
    }

    #[tokio::test]
    async fn known_keys_are_used_for_a_day_without_the_issuer() {
        let issuer = Double::new(&["a"]);
        let mut cache = KeyCache::new(async || issuer.fetch().await);
        assert_eq!(find(&mut cache, "a", 0).await, Ok(()));
        issuer.set(None);
        for hours in 1..24 {
            assert_eq!(find(&mut cache, "a", hours * 3600).await, Ok(()), "{hours}");
            // Whether the issuer has another key is not known.
            assert_eq!(find(&mut cache, "b", hours * 3600 + 1).await, UNAVAILABLE, "{hours}");
        }
        assert_eq!(find(&mut cache, "a", 24 * 3600).await, UNAVAILABLE);
        issuer.set(Some(&["a"]));
        assert_eq!(find(&mut cache, "a", 24 * 3600 + 10).await, Ok(()));
    }

    #[tokio::test]
    async fn without_keys_the_issuer_is_asked_once_a_second() {
        let issuer = Double::new(&["a"]);
        issuer.set(None);
        let mut cache = KeyCache::new(async || issuer.fetch().await);
        for _ in 0..5 {
            assert_eq!(find(&mut cache, "a", 0).await, UNAVAILABLE);
        }
        assert_eq!(issuer.requests.get(), 1);
        issuer.set(Some(&["a"]));
        assert_eq!(find(&mut cache, "a", 1).await, Ok(()));
    }

    #[tokio::test]
    async fn an_issuer_without_keys_has_no_valid_tokens() {
        let issuer = Double::new(&["a"]);
        let mut cache = KeyCache::new(async || issuer.fetch().await);
        assert_eq!(find(&mut cache, "a", 0).await, Ok(()));
        issuer.set(Some(&[]));
        assert_eq!(find(&mut cache, "a", 3600).await, UNKNOWN);
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_makes_keys_be_fetched() {
        let issuer = Double::new(&["a"]);
        let mut cache = KeyCache::new(async || issuer.fetch().await);
        assert_eq!(find(&mut cache, "a", 7200).await, Ok(()));
        assert_eq!(find(&mut cache, "a", 0).await, Ok(()));
        assert_eq!(issuer.requests.get(), 2);
    }
}
