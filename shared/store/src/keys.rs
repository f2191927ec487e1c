//! Keys and their limits.
//!
//! The partition key of every table is the owner, so a key of one user cannot name an item of
//! another. The components of a key are joined with `#`, and ids are escaped so that they hold
//! none.

use std::borrow::Cow;

use agentscope_model::Timestamp;

/// The longest partition key, in bytes (a limit of DynamoDB).
pub const PARTITION_KEY_LIMIT: usize = 2048;
/// The longest sort key, in bytes (a limit of DynamoDB).
pub const SORT_KEY_LIMIT: usize = 1024;

/// The prefix of the sort keys of run leases.
pub const RUN_PREFIX: &str = "run#";

/// The prefix of the sort keys of change marks.
pub const CHANGE_PREFIX: &str = "changed#";

/// The prefix of the sort keys of sessions' heads and of their parts.
pub const HEAD_PREFIX: &str = "session#";

/// Escapes a text: `%` becomes `%25` and `#` becomes `%23`.
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.contains(['#', '%']) { text.replace('%', "%25").replace('#', "%23").into() } else { text.into() }
}

/// Reverses [`escape`].
pub fn unescape(text: &str) -> Cow<'_, str> {
    if text.contains('%') { text.replace("%23", "#").replace("%25", "%").into() } else { text.into() }
}

/// The sort key of a session's head.
pub fn head(session_id: &str) -> String {
    format!("{HEAD_PREFIX}{}", escape(session_id))
}

/// The prefix of the sort keys of the parts of a session's state.
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

/// The sort key of the change mark of a record of this kind, in a period of time.
pub fn change(period: u64, kind: &str, id: &str) -> String {
    format!("{}{kind}#{}", changes_since(period), escape(id))
}

/// The sort key of one change mark for several records of this kind. No escaped id begins with
/// `#`.
pub fn changes(period: u64, kind: &str, name: &str) -> String {
    format!("{}{kind}##{name}", changes_since(period))
}

/// The first possible sort key of the change marks of a period of time. Periods have ten digits,
/// so that later ones have higher keys.
pub fn changes_since(period: u64) -> String {
    format!("{CHANGE_PREFIX}{period:010}#")
}

/// A sort key after those of all change marks, and before those of all run leases.
pub const AFTER_CHANGES: &str = "changed$";

/// A sort key after those of all run leases, and before those of all heads.
pub const AFTER_RUNS: &str = "run$";

/// The prefix of the range keys of a user's sessions in the indexes.
pub fn listing_prefix(user_id: &str) -> String {
    format!("{}#", escape(user_id))
}

/// The range key of a session in the indexes: owner, time of creation, id.
pub fn listing(user_id: &str, created_at: &Timestamp, session_id: &str) -> String {
    listing_at(user_id, created_at.instant(), session_id)
}

/// The same range key for the text of a [`Timestamp::instant`].
pub fn listing_at(user_id: &str, created_at: &str, session_id: &str) -> String {
    format!("{}{created_at}#{session_id}", listing_prefix(user_id))
}

/// The time of creation and the id in the range key of a user's session; `None` if it is not one.
pub fn of_listing<'a>(user_id: &str, listing: &'a str) -> Option<(&'a str, &'a str)> {
    listing.strip_prefix(&*escape(user_id))?.strip_prefix('#')?.split_once('#')
}

/// The range key of an item in an index that is on no list. No owner's prefix begins with `#`,
/// because no owner is empty.
pub fn unlisted(session_id: &str) -> String {
    format!("#{}", escape(session_id))
}

/// Whether an item with these keys can exist. DynamoDB rejects a request with other keys, so none
/// is sent.
pub fn can_exist(partition: &str, sort: &str) -> bool {
    fits_partition(partition) && (1..=SORT_KEY_LIMIT).contains(&sort.len())
}

/// Whether this is a valid partition key.
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
