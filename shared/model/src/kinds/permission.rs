//! What an agent's tools may do.

use crate::schema::{Field, Kind, Type};

/// The permission modes.
pub const MODE: Type = Type::OneOf(&["default", "accept_edits", "explore", "bypass", "dont_ask"], &[]);

const RULES: Type = Type::Map(&Type::List(&Type::Object(&PERMISSION_RULE)));

/// The permissions of a session.
pub static PERMISSION_CONTEXT: Kind = Kind::new(
    "permission_context",
    "The permissions of a session.",
    &[
        Field::default("mode", MODE, r#""default""#, "What happens when no rule decides."),
        Field::default(
            "working_directories",
            Type::Map(&Type::Object(&WORKING_DIRECTORY)),
            "{}",
            "Further working directories by path.",
        ),
        Field::default("allow_rules", RULES, "{}", "Rules that allow, by tool."),
        Field::default("deny_rules", RULES, "{}", "Rules that deny, by tool."),
        Field::default("ask_rules", RULES, "{}", "Rules that ask, by tool."),
    ],
);

/// A rule about a tool.
pub static PERMISSION_RULE: Kind = Kind::new(
    "permission_rule",
    "A rule about a tool.",
    &[
        Field::required("tool_name", Type::Text, "The tool."),
        Field::required("rule_content", Type::Nullable(&Type::Text), "Which of its calls; all if null."),
        Field::required(
            "behavior",
            Type::OneOf(&["allow", "deny", "ask", "passthrough"], &[]),
            "What the rule decides.",
        ),
        Field::required("source", Type::Text, "Where the rule comes from."),
    ],
);

/// A directory that tools may work in.
pub static WORKING_DIRECTORY: Kind = Kind::new(
    "working_directory",
    "A directory that tools may work in.",
    &[
        Field::required("path", Type::Text, "Its path."),
        Field::required("source", Type::Text, "Where the permission comes from."),
    ],
);
