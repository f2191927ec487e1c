//! A cache of the keys of an issuer that responds, or does not, at given times.

use std::cell::{Cell, RefCell};
use std::time::UNIX_EPOCH;

use serde_json::json;

use super::*;

/// An issuer with these keys, or none that responds, and the clock.
struct Double {
    ids: RefCell<Option<Vec<&'static str>>>,
    requests: Cell<u64>,
    /// The seconds that a request takes.
    latency: Cell<u64>,
    /// The seconds since the beginning of the test.
    seconds: Cell<u64>,
}

impl Double {
    fn new(ids: &[&'static str]) -> Self {
        let ids = RefCell::new(Some(ids.to_vec()));
        Self { ids, requests: Cell::new(0), latency: Cell::new(0), seconds: Cell::new(0) }
    }

    fn set(&self, ids: Option<&[&'static str]>) {
        *self.ids.borrow_mut() = ids.map(<[_]>::to_vec);
    }

    /// Does not respond from now on, which takes five seconds to notice.
    fn be_silent(&self) {
        self.set(None);
        self.latency.set(5);
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000 + self.seconds.get())
    }

    async fn fetch(&self) -> Result<KeySet, IssuerError> {
        self.requests.set(self.requests.get() + 1);
        self.seconds.set(self.seconds.get() + self.latency.get());
        let ids = self.ids.borrow().clone().ok_or(IssuerError::TimedOut)?;
        let coordinate = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
        let key = |id| {
            let mut key = json!({ "kty": "EC", "crv": "P-256", "x": coordinate, "y": coordinate });
            if id != ANONYMOUS {
                key["kid"] = json!(id);
            }
            key
        };
        let keys = json!({ "keys": ids.into_iter().map(key).collect::<Vec<_>>() });
        Ok(KeySet::read(keys.to_string().as_bytes()).unwrap())
    }
}

/// A key without an id.
const ANONYMOUS: &str = "";

/// A cache of an issuer's keys.
macro_rules! cache {
    ($issuer:ident) => {
        KeyCache::with_clock(async || $issuer.fetch().await, || $issuer.now())
    };
}

/// The outcome for a token with this key id, this time after the beginning.
macro_rules! find {
    ($issuer:ident, $cache:ident, $id:expr, $seconds:expr) => {{
        $issuer.seconds.set($seconds);
        $cache.key(Some($id), Algorithm::ES256).await.map(|_| ())
    }};
}

const UNKNOWN: Result<(), KeyError> = Err(KeyError::Refused(Refusal::UnknownKey));
const UNAVAILABLE: Result<(), KeyError> = Err(KeyError::Unavailable(IssuerError::TimedOut));

#[tokio::test]
async fn keys_are_fetched_once_and_again_after_an_hour() {
    let issuer = Double::new(&["a"]);
    let mut cache = cache!(issuer);
    for seconds in [0, 1, 60, 3599] {
        assert_eq!(find!(issuer, cache, "a", seconds), Ok(()));
    }
    assert_eq!(issuer.requests.get(), 1);
    issuer.set(Some(&["b"]));
    assert_eq!(find!(issuer, cache, "a", 3600), UNKNOWN, "a removed key is refused");
    assert_eq!(find!(issuer, cache, "b", 3600), Ok(()));
    assert_eq!((issuer.requests.get(), cache.fetches()), (2, 2));
}

#[tokio::test]
async fn an_unknown_key_makes_them_be_fetched_but_not_all_the_time() {
    let issuer = Double::new(&["a"]);
    let mut cache = cache!(issuer);
    for seconds in 0..10 {
        assert_eq!(find!(issuer, cache, "made-up", seconds), UNKNOWN);
    }
    assert_eq!(issuer.requests.get(), 1);
    issuer.set(Some(&["a", "b"]));
    assert_eq!(find!(issuer, cache, "b", 9), UNKNOWN);
    assert_eq!(find!(issuer, cache, "b", 10), Ok(()));
    assert_eq!(issuer.requests.get(), 2);
    for seconds in 11..40 {
        assert_eq!(find!(issuer, cache, "made-up", seconds), UNKNOWN);
    }
    assert_eq!(issuer.requests.get(), 4);
}

#[tokio::test]
async fn known_keys_are_used_for_a_day_without_the_issuer() {
    let issuer = Double::new(&["a"]);
    let mut cache = cache!(issuer);
    assert_eq!(find!(issuer, cache, "a", 0), Ok(()));
    issuer.set(None);
    for hours in 1..24 {
        assert_eq!(find!(issuer, cache, "a", hours * 3600), Ok(()), "{hours}");
        // Whether the issuer has another key is not known.
        assert_eq!(find!(issuer, cache, "b", hours * 3600 + 1), UNAVAILABLE, "{hours}");
    }
    assert_eq!(find!(issuer, cache, "a", 24 * 3600), UNAVAILABLE);
    issuer.set(Some(&["a"]));
    assert_eq!(find!(issuer, cache, "a", 24 * 3600 + 10), Ok(()));
}

#[tokio::test]
async fn without_keys_the_issuer_is_asked_once_in_five_seconds() {
    let issuer = Double::new(&["a"]);
    issuer.set(None);
    let mut cache = cache!(issuer);
    for seconds in [0, 0, 1, 4] {
        assert_eq!(find!(issuer, cache, "a", seconds), UNAVAILABLE);
    }
    assert_eq!(issuer.requests.get(), 1);
    issuer.set(Some(&["a"]));
    assert_eq!(find!(issuer, cache, "a", 5), Ok(()));
}

#[tokio::test]
async fn an_issuer_that_is_silent_does_not_make_each_request_wait() {
    let issuer = Double::new(&["a"]);
    issuer.be_silent();
    let mut cache = cache!(issuer);
    assert_eq!(find!(issuer, cache, "a", 0), UNAVAILABLE);
    assert_eq!(issuer.seconds.get(), 5);
    for seconds in 5..10 {
        assert_eq!(find!(issuer, cache, "a", seconds), UNAVAILABLE);
        assert_eq!((issuer.requests.get(), issuer.seconds.get()), (1, seconds));
    }
    assert_eq!(find!(issuer, cache, "a", 10), UNAVAILABLE);
    assert_eq!(issuer.requests.get(), 2);
}

#[tokio::test]
async fn an_issuer_that_is_silent_makes_a_known_key_wait_once_a_minute() {
    let issuer = Double::new(&["a"]);
    let mut cache = cache!(issuer);
    assert_eq!(find!(issuer, cache, "a", 0), Ok(()));
    issuer.be_silent();
    assert_eq!(find!(issuer, cache, "a", 3600), Ok(()));
    assert_eq!((issuer.requests.get(), issuer.seconds.get()), (2, 3605));
    for seconds in 3605..3665 {
        assert_eq!(find!(issuer, cache, "a", seconds), Ok(()));
    }
    assert_eq!(issuer.requests.get(), 2);
    assert_eq!(find!(issuer, cache, "a", 3665), Ok(()));
    assert_eq!((issuer.requests.get(), issuer.seconds.get()), (3, 3670));
    // A new key may be there by now.
    assert_eq!(find!(issuer, cache, "b", 3679), UNAVAILABLE);
    assert_eq!(issuer.requests.get(), 3);
    assert_eq!(find!(issuer, cache, "b", 3680), UNAVAILABLE);
    assert_eq!(issuer.requests.get(), 4);
}

#[tokio::test]
async fn whether_a_key_without_an_id_was_replaced_is_not_known_without_the_issuer() {
    let issuer = Double::new(&[ANONYMOUS]);
    let mut cache = cache!(issuer);
    assert!(cache.key(None, Algorithm::ES256).await.is_ok());
    assert!(cache.new_key(None, Algorithm::ES256).await.is_ok(), "keys were fetched a short time ago");
    issuer.set(None);
    issuer.seconds.set(10);
    assert!(cache.key(None, Algorithm::ES256).await.is_ok());
    for seconds in [10, 11] {
        issuer.seconds.set(seconds);
        assert_eq!(cache.new_key(None, Algorithm::ES256).await.map(|_| ()), UNAVAILABLE);
    }
    assert_eq!(issuer.requests.get(), 2);
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_keys_be_fetched() {
    let issuer = Double::new(&["a"]);
    let mut cache = cache!(issuer);
    assert_eq!(find!(issuer, cache, "a", 7200), Ok(()));
    assert_eq!(find!(issuer, cache, "a", 0), Ok(()));
    assert_eq!(issuer.requests.get(), 2);
}

#[tokio::test]
async fn a_clock_that_is_set_back_leaves_keys_usable_for_no_more_than_a_day() {
    let issuer = Double::new(&["a"]);
    let mut cache = cache!(issuer);
    assert_eq!(find!(issuer, cache, "a", 1_000_000), Ok(()));
    issuer.set(None);
    for seconds in [0, 60, 23 * 3600 - 1] {
        assert_eq!(find!(issuer, cache, "a", seconds), Ok(()), "{seconds}");
    }
    assert_eq!(find!(issuer, cache, "a", 23 * 3600), UNAVAILABLE);
}
