//! The blocks that messages, hints, summaries and tool results are made of.

use crate::Release::{V2_0_3, V2_0_6};
use crate::kinds::id;
use crate::kinds::permission::PERMISSION_RULE;
use crate::schema::{Extras, Field, Generated, Kind, Type};

/// The blocks of a message.
pub const BLOCKS: &[&Kind] = &[&TEXT, &THINKING, &HINT, &TOOL_CALL, &TOOL_RESULT, &DATA];

/// The blocks of a summary, a hint or a tool's output.
pub const CONTENT_ITEMS: &[&Kind] = &[&TEXT, &DATA];

const fn created_at() -> Field {
    Field::generated("created_at", Type::Text, Generated::Time, "When the block was begun.").since(V2_0_6)
}

const fn finished_at() -> Field {
    Field::nullable("finished_at", &Type::Text, "When the block was complete.").since(V2_0_6)
}

/// Text.
pub static TEXT: Kind = Kind::new(
    "block_text",
    "Text.",
    &[
        Field::tag(&["text"], r#""text""#),
        Field::required("text", Type::Text, "The text."),
        id(),
        created_at(),
        finished_at(),
    ],
)
.recognized_by("text");

/// What the model thought.
pub static THINKING: Kind = Kind::new(
    "block_thinking",
    "What the model thought. Providers add fields of their own.",
    &[
        Field::tag(&["thinking"], r#""thinking""#),
        Field::required("thinking", Type::Text, "The thought."),
        id(),
        created_at(),
        finished_at(),
    ],
)
.extras(Extras::OfProviders(None))
.recognized_by("thinking");

/// A hint to the model.
pub static HINT: Kind = Kind::new(
    "block_hint",
    "A hint to the model in the middle of a reply.",
    &[
        Field::tag(&["hint"], r#""hint""#),
        Field::required("hint", Type::TextOr(CONTENT_ITEMS), "The hint."),
        id(),
        Field::nullable("source", &Type::Text, "Who gave the hint."),
        created_at(),
        Field::generated("finished_at", Type::Nullable(&Type::Text), Generated::Time, "When the hint was complete.")
            .since(V2_0_6),
    ],
)
.recognized_by("hint");

/// An image, a sound, a file.
pub static DATA: Kind = Kind::new(
    "block_data",
    "An image, a sound or a file.",
    &[
        Field::tag(&["data"], r#""data""#),
        id(),
        Field::required("source", Type::Tagged(SOURCES), "Where the data is."),
        Field::nullable("name", &Type::Text, "The name that is shown."),
        created_at(),
        finished_at(),
    ],
)
.recognized_by("source");

/// A call of a tool.
pub static TOOL_CALL: Kind = Kind::new(
    "block_tool_call",
    "A call of a tool.",
    &[
        Field::tag(&["tool_call"], r#""tool_call""#),
        Field::required("id", Type::Text, "The call's id."),
        Field::required("name", Type::Text, "The tool."),
        Field::required("input", Type::Text, "The input: JSON as the model wrote it, maybe not complete."),
        Field::default(
            "state",
            Type::OneOf(&["pending", "asking", "allowed", "submitted", "finished"], &[]),
            r#""pending""#,
            "How far the call is.",
        ),
        Field::default(
            "suggested_rules",
            Type::List(&Type::Object(&PERMISSION_RULE)),
            "[]",
            "Rules that the user may adopt when asked.",
        ),
        created_at(),
        finished_at(),
    ],
)
.extras(Extras::OfProviders(Some(V2_0_3)))
.recognized_by("input");

/// The result of a call.
pub static TOOL_RESULT: Kind = Kind::new(
    "block_tool_result",
    "The result of a call.",
    &[
        Field::tag(&["tool_result"], r#""tool_result""#),
        Field::required("id", Type::Text, "The call's id."),
        Field::required("name", Type::Text, "The tool."),
        Field::required("output", Type::TextOr(CONTENT_ITEMS), "What the tool returned."),
        Field::default(
            "state",
            Type::OneOf(&["success", "error", "interrupted", "denied", "running"], &[]),
            r#""running""#,
            "How the call ended.",
        ),
        Field::default("metadata", Type::Free, "{}", "Anything that the tool attached.").since(V2_0_3),
        created_at(),
        finished_at(),
    ],
)
.recognized_by("output");

/// The places where data may be.
pub const SOURCES: &[&Kind] = &[&BASE64_SOURCE, &URL_SOURCE];

/// Data that is in the block itself.
pub static BASE64_SOURCE: Kind = Kind::new(
    "source_base64",
    "Data that is in the block itself.",
    &[
        Field::tag(&["base64"], r#""base64""#),
        Field::required("data", Type::Text, "The data in base64."),
        Field::required("media_type", Type::Text, "Its media type."),
    ],
)
.recognized_by("data");

/// Data that is elsewhere.
pub static URL_SOURCE: Kind = Kind::new(
    "source_url",
    "Data that is elsewhere.",
    &[
        Field::tag(&["url"], r#""url""#),
        Field::required("url", Type::Url, "The address."),
        Field::required("media_type", Type::Text, "Its media type."),
    ],
)
.recognized_by("url");
