//! The users whom failures and delays affect. Alarms count users: a single one must not set them
//! off.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use super::lock;

/// The most keys that are remembered between two reports, which are a minute apart. One user cannot
/// fill it: a partition of DynamoDB takes 1,000 writes a second, which are 60,000 a minute.
const CAPACITY: usize = 100_000;

/// The number of users that is several: `LagOfSeveralUsers` is what this many waited at least.
const SEVERAL: usize = 3;

/// Keys with what happened to them since the last report.
#[derive(Debug, Default)]
pub(super) struct AffectedKeys {
    failed: Mutex<BTreeSet<String>>,
    /// The longest lag of each key, in milliseconds.
    lags: Mutex<BTreeMap<String, u64>>,
}

/// How many users were affected since the last report.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct AffectedUsers {
    /// Users whose replicas could not be brought up to date at an attempt.
    pub(super) failing: usize,
    /// The lag that the slowest changes of several users had at least, in milliseconds. `None` if
    /// fewer users changed anything.
    pub(super) lag: Option<u64>,
}

impl AffectedKeys {
    /// Notes that an attempt failed.
    pub(super) fn fail(&self, key: &str) {
        let mut failed = lock(&self.failed);
        if failed.len() < CAPACITY {
            failed.insert(key.to_owned());
        }
    }

    /// Notes the lag of a change that is in the tables.
    pub(super) fn catch_up(&self, key: &str, lag: Duration) {
        let lag = u64::try_from(lag.as_millis()).unwrap_or(u64::MAX);
        let mut lags = lock(&self.lags);
        if lags.len() < CAPACITY || lags.contains_key(key) {
            let longest = lags.entry(key.to_owned()).or_default();
            *longest = lag.max(*longest);
        }
    }

    /// Returns the users since the last call. `owner_of` maps a key to its user.
    pub(super) fn take(&self, owner_of: impl Fn(&str) -> Option<String>) -> AffectedUsers {
        let failed = std::mem::take(&mut *lock(&self.failed));
        let mut by_user = BTreeMap::new();
        for (key, lag) in std::mem::take(&mut *lock(&self.lags)) {
            if let Some(user) = owner_of(&key) {
                let longest = by_user.entry(user).or_default();
                *longest = lag.max(*longest);
            }
        }
        let mut lags: Vec<u64> = by_user.into_values().collect();
        lags.sort_unstable_by_key(|lag| Reverse(*lag));
        AffectedUsers { failing: users(&failed, owner_of), lag: lags.get(SEVERAL - 1).copied() }
    }
}

/// The number of users that own these keys.
pub(super) fn users<'a>(
    keys: impl IntoIterator<Item = &'a String>,
    owner_of: impl Fn(&str) -> Option<String>,
) -> usize {
    keys.into_iter().filter_map(|key| owner_of(key)).collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(key: &str) -> Option<String> {
        key.split_once('/').map(|(user, _)| user.to_owned())
    }

    #[test]
    fn keys_of_one_user_are_one_user() {
        let keys = AffectedKeys::default();
        for key in ["alice/1", "alice/2", "bob/1", "bob/1", "no user"] {
            keys.fail(key);
        }
        assert_eq!(keys.take(owner).failing, 2);
        assert_eq!(keys.take(owner).failing, 0);
    }

    #[test]
    fn a_lag_counts_if_several_users_had_it() {
        let keys = AffectedKeys::default();
        let late = |key: &str, lag: u64| keys.catch_up(key, Duration::from_millis(lag));
        for number in 0..1000 {
            late(&format!("alice/{number}"), 90_000);
        }
        late("bob/1", 70_000);
        assert_eq!(keys.take(owner).lag, None);
        late("alice/1", 90_000);
        late("bob/1", 70_000);
        late("bob/2", 10);
        late("carol/1", 20);
        late("carol/1", 30);
        late("dora/1", 5);
        assert_eq!(keys.take(owner).lag, Some(30));
    }

    #[test]
    fn no_more_keys_are_remembered_than_there_is_room_for() {
        let keys = AffectedKeys::default();
        for number in 0..=CAPACITY {
            keys.fail(&format!("user-{number}/1"));
            keys.catch_up(&format!("user-{number}/1"), Duration::from_millis(1));
        }
        let users = keys.take(owner);
        assert_eq!((users.failing, users.lag), (CAPACITY, Some(1)));
    }
}
