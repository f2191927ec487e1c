//! What the reference makes up for absent ids and times.
//!
//! It draws a random id and reads the clock. Here ids come from the record's own text instead, so that loading the same
//! export twice writes the same records. Times still come from the clock: there is nothing else to take them from.

use std::cell::RefCell;

use uuid::Uuid;

use super::Timestamp;

/// The namespace of ids that are made from a record's text.
const NAMESPACE: Uuid = Uuid::from_u128(0x2d0b_f26a_88f1_4f5c_9d3b_a6c1_7f04_e5d2);

thread_local! {
    /// The id of the record that is being read, and how many ids were made for it.
    static SEED: RefCell<(Uuid, u32)> = const { RefCell::new((Uuid::nil(), 0)) };
}

/// Runs `read`, during which [`id`] makes its ids from `text`.
pub(super) fn seeded<T>(text: &str, read: impl FnOnce() -> T) -> T {
    SEED.with_borrow_mut(|seed| *seed = (Uuid::new_v5(&NAMESPACE, text.as_bytes()), 0));
    read()
}

/// An id: 32 hexadecimal digits, as the reference writes them.
pub(super) fn id() -> String {
    SEED.with_borrow_mut(|(seed, count)| {
        *count += 1;
        Uuid::new_v5(seed, &count.to_be_bytes()).simple().to_string()
    })
}

/// The time now, of a record.
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// The time now as ISO 8601 text, of a message or task.
pub(super) fn now_text() -> String {
    Timestamp::now().as_str().to_owned()
}

/// The name that a session gets when it has none: the time, as in `2026-01-01 10:00:00`.
pub(super) fn session_name() -> String {
    now_text().get(..19).unwrap_or_default().replace('T', " ")
}
