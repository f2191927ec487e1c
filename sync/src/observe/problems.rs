//! The keys that are not copied, and why.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::affected_users::users;
use super::lock;

/// The most keys whose problems are remembered.
const CAPACITY: usize = 10_000;

/// Why a key is not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The record violates the model or the limits of the tables, or states the ids of another
    /// key.
    Invalid(String),
    /// The value has another type: a record is not a string, or a list is not a set.
    WrongType(String),
    /// The record is too large for the memory of this process.
    TooLarge(String),
}

impl Problem {
    fn text(&self) -> &str {
        match self {
            Self::Invalid(text) | Self::WrongType(text) | Self::TooLarge(text) => text,
        }
    }
}

/// The problems of keys.
#[derive(Debug, Default)]
pub(super) struct Problems {
    by_key: Mutex<BTreeMap<String, Problem>>,
    has_skipped: AtomicBool,
}

impl Problems {
    /// Remembers the problem of a key. An invalid record is logged each time it is read. Other
    /// problems are logged once, and again when they change.
    pub(super) fn skip(&self, key: &str, problem: Problem) {
        let mut problems = lock(&self.by_key);
        let is_logged = problems.get(key) == Some(&problem);
        let text = problem.text();
        match problem {
            Problem::Invalid(_) => tracing::warn!(key, problem = text, "skipped an invalid record"),
            Problem::WrongType(_) if !is_logged => {
                tracing::warn!(key, problem = text, "skipped a key whose value has the wrong type");
            }
            Problem::TooLarge(_) if !is_logged => {
                tracing::error!(key, problem = text, "skipped a record that is too large; its last replica stays");
            }
            Problem::WrongType(_) | Problem::TooLarge(_) => {}
        }
        if problems.len() < CAPACITY || problems.contains_key(key) {
            problems.insert(key.to_owned(), problem);
        }
        drop(problems);
        self.has_skipped.store(true, Ordering::Relaxed);
    }

    pub(super) fn clear(&self, key: &str) {
        lock(&self.by_key).remove(key);
    }

    /// The keys of invalid records, with their problems.
    pub(super) fn invalid(&self) -> Vec<(String, String)> {
        let problems = lock(&self.by_key);
        let invalid = problems.iter().filter(|(_, problem)| matches!(problem, Problem::Invalid(_)));
        invalid.map(|(key, problem)| (key.clone(), problem.text().to_owned())).collect()
    }

    /// The number of users whose keys have a problem. `owner_of` maps a key to its user.
    pub(super) fn users(&self, owner_of: impl Fn(&str) -> Option<String>) -> usize {
        users(lock(&self.by_key).keys(), owner_of)
    }

    pub(super) fn too_large(&self) -> usize {
        lock(&self.by_key).values().filter(|problem| matches!(problem, Problem::TooLarge(_))).count()
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.by_key).len()
    }

    pub(super) fn has_skipped(&self) -> bool {
        self.has_skipped.load(Ordering::Relaxed)
    }
}
