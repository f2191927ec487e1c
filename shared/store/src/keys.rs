//! Keys and their limits.
//!
//! Every table's partition key is the owner, so a key of one user cannot name an item of another. Where several parts
//! make up a key they are joined with `#`, and ids are escaped so that they hold none.

use std::borrow::Cow;

use agentscope_model::Timestamp;

/// The longest partition key, in bytes (a limit of DynamoDB's).
pub const PARTITION_KEY_LIMIT: usize = 2048;
/// The longest sort key, in bytes (a limit of DynamoDB's).
pub const SORT_KEY_LIMIT: usize = 1024;

/// What the sort keys of run leases begin with.
pub const RUN_PREFIX: &str = "run#";

/// What the sort keys of sessions' heads, and of the parts of their states, begin with.
pub const HEAD_PREFIX: &str = "session#";

/// The text without `#`: `%` becomes `%25` and `#` becomes `%23`.
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.contains(['#', '%']) { text.replace('%', "%25").replace('#', "%23").into() } else { text.into() }
}

/// The text that was escaped.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if text.contains('%') { text.replace("%23", "#").replace("%25", "%").into() } else { text.into() }
}

/// The sort key of a session's head.
pub fn head(session_id: &str) -> String {
    format!("{HEAD_PREFIX}{}", escape(session_id))
}

/// What the sort keys of all parts of a session's state begin with.
pub fn parts(session_id: &str) -> String {
    format!("{}#state#", head(session_id))
}

/// The sort key of part `number` of a version of a session's state.
pub fn part(session_id: &str, version: &str, number: usize) -> String {
    format!("{}{version}#{number}", parts(session_id))
}

/// The sort key of a session's run lease.
pub fn run(session_id: &str) -> String {
    format!("{RUN_PREFIX}{}", escape(session_id))
}

/// What the listing of every session of a user begins with, and no other user's.
pub fn listing_prefix(user_id: &str) -> String {
    format!("{}#", escape(user_id))
}

/// The range key under which a session is listed: by owner, then creation, then id.
pub fn listing(user_id: &str, created_at: &Timestamp, session_id: &str) -> String {
    listing_at(user_id, created_at.instant(), session_id)
}

/// The same, for the text of the instant of creation.
pub fn listing_at(user_id: &str, created_at: &str, session_id: &str) -> String {
    format!("{}{created_at}#{session_id}", listing_prefix(user_id))
}

/// The range key of what is in an index and on no list: no owner's listing begins so, for no owner's name is empty.
pub fn unlisted(session_id: &str) -> String {
    format!("#{}", escape(session_id))
}

/// Whether an item with these keys can exist. Ids that cannot are responded without asking DynamoDB, which would refuse
/// them.
pub fn can_exist(partition: &str, sort: &str) -> bool {
    fits_partition(partition) && (1..=SORT_KEY_LIMIT).contains(&sort.len())
}

/// Whether this can be a partition key.
pub fn fits_partition(key: &str) -> bool {
    (1..=PARTITION_KEY_LIMIT).contains(&key.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_can_pass_for_a_part_of_another_session() {
        assert_eq!(part("a", "v", 0), "session#a#state#v#0");
        assert_eq!(head("a#state#v#0"), "session#a%23state%23v%230");
        assert_ne!(head("a%23state"), head("a#state"));
        for id in ["a", "a#b", "a%23b", "%", "%25#%", "#"] {
            assert_eq!(unescape(&escape(id)), id);
        }
        assert!(!listing_prefix("alice#b").starts_with(&listing_prefix("alice")));
    }
}
