//! Cursors: where a page ended, as opaque text.
//!
//! A cursor is the base64 of a version, a checksum and a position. The checksum is over the list as well: the route, the
//! user, and the agent or schedule. It finds mistakes, and is no secret: whoever makes up a cursor with a right one gets
//! another place of the list that they are requesting, since the position alone is taken from it, and the rest of the key from the
//! caller's own identity.

use agentscope_store::Position;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The version of what a cursor holds. Cursors of other versions are refused.
const VERSION: u8 = 1;
/// How much of the checksum is kept, in bytes.
const CHECKSUM: usize = 12;
/// The length of an instant of creation, in bytes.
const INSTANT: usize = 27;

/// Which list of whom a cursor is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The route.
    pub route: Route,
    /// Who asks.
    pub user_id: &'a str,
    /// The agent or the schedule.
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
        let place = [position.created_at.as_bytes(), position.id.as_bytes()].concat();
        let bytes = [&[VERSION][..], &self.checksum(&place), &place].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position that a cursor names; `None` if it is none of this list, or of another version.
    pub fn position(&self, cursor: &str) -> Option<Position> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (version, bytes) = bytes.split_first()?;
        let (checksum, place) = bytes.split_at_checked(CHECKSUM)?;
        if *version != VERSION || checksum != self.checksum(place) {
            return None;
        }
        let (created_at, id) = str::from_utf8(place).ok()?.split_at_checked(INSTANT)?;
        Position::new(self.user_id, created_at, id)
    }

    fn checksum(&self, place: &[u8]) -> [u8; CHECKSUM] {
        let route = match self.route {
            Route::Sessions => "sessions",
            Route::ScheduleSessions => "schedule",
        };
        let mut hash = Sha256::new();
        // With their lengths, so that no two lists run together into one text.
        for field in [route.as_bytes(), self.user_id.as_bytes(), self.id.as_bytes(), place] {
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
        let forge = |version: u8, place: &[u8]| {
            URL_SAFE_NO_PAD.encode([&[version][..], &SCOPE.checksum(place), place].concat())
        };
        let place = b"2026-01-01T00:00:00.000000Zs";
        assert_eq!(SCOPE.position(&forge(VERSION, place)), Some(position("s")));
        assert_eq!(SCOPE.position(&forge(VERSION + 1, place)), None);
        assert_eq!(SCOPE.position(&forge(VERSION, b"")), None);
        assert_eq!(SCOPE.position(&forge(VERSION, &place[..27])), None, "no id");
        assert_eq!(SCOPE.position(&forge(VERSION, b"2026-01-01T00:00:00.000000\xff\xff")), None, "no UTF-8");
        assert_eq!(
            SCOPE.position(&forge(VERSION, "2026-01-01T00:00:00.00000üs".as_bytes())),
            Some(Position { created_at: "2026-01-01T00:00:00.00000ü".to_owned(), id: "s".to_owned() })
        );
        assert_eq!(SCOPE.position(&forge(VERSION, "2026-01-01T00:00:00.000000üs".as_bytes())), None, "cut in two");
        let long = [&place[..27], "x".repeat(1024).as_bytes()].concat();
        assert_eq!(SCOPE.position(&forge(VERSION, &long)), None, "no session can have this id");
    }
}
