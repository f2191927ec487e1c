//! Ids that a careless key, comparison or decoder would take for one another.

/// Pairs of ids. Each is tried as ids of users, and as ids of agents, schedules, sessions and
/// teams.
pub const PAIRS: [(&str, &str); 64] = [
    // Nothing alike but all that is shared.
    ("alice", "bob"),
    // One begins with the other.
    ("a", "aa"),
    ("alice", "alice2"),
    ("alice", "alice\u{10ffff}"),
    // What joins the parts of a key.
    ("alice", "alice#"),
    ("alice", "#alice"),
    ("alice#", "alice##"),
    ("alice", "alice#bob"),
    ("a#b", "a#"),
    ("#", "##"),
    // What escapes it.
    ("#", "%23"),
    ("alice#", "alice%23"),
    ("alice%23", "alice%2523"),
    ("alice%", "alice%25"),
    ("%", "%25"),
    ("alice%", "alice"),
    ("a#b", "a%23b"),
    ("a%b", "a%25b"),
    // What a path or a query string escapes.
    ("alice/", "alice%2F"),
    ("alice/", "alice"),
    ("a/b", "a%2fb"),
    ("alice ", "alice%20"),
    ("alice ", "alice+"),
    ("alice+", "alice%2B"),
    ("alice", "alice&agent_id=bob"),
    ("alice", "alice?"),
    ("..", "."),
    // Other separators.
    ("a:b", "a#b"),
    ("a:b", "a/b"),
    ("alice", "alice:"),
    ("alice", "alice,bob"),
    ("alice", "alice;"),
    // What ends a string in C.
    ("alice", "alice\0"),
    ("alice\0", "alice\0bob"),
    ("\0", "\0\0"),
    ("alice\0", "alice%00"),
    // Blanks.
    ("alice", "alice "),
    ("alice", " alice"),
    ("a b", "a  b"),
    ("alice ", "alice\t"),
    ("alice", "alice\n"),
    ("alice ", "alice\u{a0}"),
    ("alice", "alice\u{200b}"),
    ("alice", "\u{feff}alice"),
    // Case.
    ("alice", "Alice"),
    ("straße", "STRASSE"),
    ("i", "ı"),
    // Unicode normal forms, and letters of one look.
    ("é", "e\u{301}"),
    ("\u{c5}", "\u{212b}"),
    ("fi", "\u{fb01}"),
    ("alice", "\u{430}lice"),
    ("1", "\u{ff11}"),
    ("\u{fffd}", "\u{ffff}"),
    // Numbers.
    ("1", "01"),
    ("1", "1.0"),
    // Sort keys.
    ("x", "session#x"),
    ("x", "run#x"),
    ("session#x", "run#x"),
    ("x", "x#state#v#0"),
    ("x", "session#x#state#v#0"),
    // Listings.
    ("alice", "alice#2026-01-01T00:00:00.000000Z#s"),
    ("alice", "2026-01-01T00:00:00.000000Z"),
    // JSON.
    ("alice", "\"alice\""),
    ("\\", "\\\\"),
];

/// Records, by user and id, that become one where user and id are written as one text.
pub const RUN_TOGETHER: [[(&str, &str); 2]; 10] = [
    [("alice", "b:schedule:c"), ("alice:schedule:b", "c")],
    [("alice", "b:agent:c"), ("alice:agent:b", "c")],
    [("alice", "session:b"), ("alice:session", "b")],
    [("ab", "c"), ("a", "bc")],
    [("alice", "#b"), ("alice#", "b")],
    [("alice#b", "c"), ("alice", "b#c")],
    [("alice/b", "c"), ("alice", "b/c")],
    [("alice\0b", "c"), ("alice", "b\0c")],
    [("alice", "bob"), ("bob", "alice")],
    [("alice", "2026-01-01T00:00:00.000000Z#s"), ("alice#2026-01-01T00:00:00.000000Z", "s")],
];
