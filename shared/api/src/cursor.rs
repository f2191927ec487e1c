//! Cursors: the position where a page ended, as opaque text.
//!
//! A cursor is the base64 of a version, a checksum and a position. The checksum covers the route,
//! the user, and the agent or schedule. It detects mistakes, such as the cursor of another list.
//! It is not a secret and need not be: a forged cursor selects another position in the same list,
//! because the rest of the key comes from the caller's identity.

use agentscope_store::Position;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The version of the format. Cursors of other versions are refused.
const VERSION: u8 = 1;
/// The length of the checksum in bytes: a truncated SHA-256.
const CHECKSUM: usize = 12;
/// The length of the creation time in bytes: `Timestamp::instant`.
const INSTANT: usize = 27;

/// The list that a cursor belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The route.
    pub route: Route,
    /// The caller's id.
    pub user_id: &'a str,
    /// The id of the agent or the schedule.
    pub id: &'a str,
}

/// The routes that list sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `GET /sessions/`.
    Sessions,
    /// `GET /schedule/{schedule_id}/sessions`.
    ScheduleSessions,
}

impl Scope<'_> {
    /// The cursor of a position in this list.
    pub fn cursor(&self, position: &Position) -> String {
        let encoded = [position.created_at.as_bytes(), position.id.as_bytes()].concat();
        let bytes = [&[VERSION][..], &self.checksum(&encoded), &encoded].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position of a cursor; `None` if the cursor is of another list or another version.
    pub fn position(&self, cursor: &str) -> Option<Position> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (version, bytes) = bytes.split_first()?;
        let (checksum, encoded) = bytes.split_at_checked(CHECKSUM)?;
        if *version != VERSION || checksum != self.checksum(encoded) {
            return None;
        }
        let (created_at, id) = str::from_utf8(encoded).ok()?.split_at_checked(INSTANT)?;
        Position::new(self.user_id, created_at, id)
    }

    fn checksum(&self, position: &[u8]) -> [u8; CHECKSUM] {
        let route = match self.route {
            Route::Sessions => "sessions",
            Route::ScheduleSessions => "schedule",
        };
        let mut hash = Sha256::new();
        // Each with its length, so that different lists never hash the same text.
        for field in [route.as_bytes(), self.user_id.as_bytes(), self.id.as_bytes(), position] {
            hash.update(field.len().to_be_bytes());
            hash.update(field);
        }
        let mut checksum = [0; CHECKSUM];
        checksum.copy_from_slice(&hash.finalize()[..CHECKSUM]);
        checksum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: Scope<'_> = Scope { route: Route::Sessions, user_id: "alice", id: "a" };

    fn position(id: &str) -> Position {
        Position { created_at: "2026-01-01T00:00:00.000000Z".to_owned(), id: id.to_owned() }
    }

    #[test]
    fn a_cursor_names_its_position() {
        for id in ["s", "s#1", "ü 🦊", &"x".repeat(900)] {
            assert_eq!(SCOPE.position(&SCOPE.cursor(&position(id))), Some(position(id)));
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_none() {
        let cursor = SCOPE.cursor(&position("s"));
        for (route, user_id, id) in [
            (Route::ScheduleSessions, "alice", "a"),
            (Route::Sessions, "bob", "a"),
            (Route::Sessions, "alice", "b"),
            (Route::Sessions, "alicea", ""),
            (Route::Sessions, "", "alicea"),
        ] {
            assert_eq!(Scope { route, user_id, id }.position(&cursor), None);
        }
    }

    #[test]
    fn an_edited_cursor_is_none() {
        let cursor = SCOPE.cursor(&position("session"));
        for end in 0..cursor.len() {
            assert_eq!(SCOPE.position(&cursor[..end]), None, "truncated to {end}");
            for other in "AQgw_-=+/ \u{fc}".chars().filter(|other| !cursor[end..].starts_with(*other)) {
                let edited = format!("{}{other}{}", &cursor[..end], &cursor[end + 1..]);
                assert_eq!(SCOPE.position(&edited), None, "{edited}");
            }
        }
        for longer in [format!("{cursor}A"), format!("{cursor}="), format!(" {cursor}"), cursor.repeat(2)] {
            assert_eq!(SCOPE.position(&longer), None, "{longer}");
        }
    }

    #[test]
    fn a_cursor_with_a_right_checksum_still_has_to_name_a_position() {
        let forge = |version: u8, encoded: &[u8]| {
            URL_SAFE_NO_PAD.encode([&[version][..], &SCOPE.checksum(encoded), encoded].concat())
        };
        let encoded = b"2026-01-01T00:00:00.000000Zs";
        assert_eq!(SCOPE.position(&forge(VERSION, encoded)), Some(position("s")));
        assert_eq!(SCOPE.position(&forge(VERSION + 1, encoded)), None);
        assert_eq!(SCOPE.position(&forge(VERSION, b"")), None);
        assert_eq!(SCOPE.position(&forge(VERSION, &encoded[..27])), None, "no id");
        assert_eq!(SCOPE.position(&forge(VERSION, b"2026-01-01T00:00:00.000000\xff\xff")), None, "no UTF-8");
        assert_eq!(
            SCOPE.position(&forge(VERSION, "2026-01-01T00:00:00.00000üs".as_bytes())),
            Some(Position { created_at: "2026-01-01T00:00:00.00000ü".to_owned(), id: "s".to_owned() })
        );
        assert_eq!(SCOPE.position(&forge(VERSION, "2026-01-01T00:00:00.000000üs".as_bytes())), None, "cut in two");
        let long = [&encoded[..27], "x".repeat(1024).as_bytes()].concat();
        assert_eq!(SCOPE.position(&forge(VERSION, &long)), None, "no session can have this id");
    }
}
