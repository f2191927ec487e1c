//! The messages of a conversation.

use crate::Release::{V2_0_4_POST1, V2_0_5, V2_0_6, V2_0_7};
use crate::kinds::block::BLOCKS;
use crate::kinds::id;
use crate::schema::{Field, Generated, Kind, Type};

const fn usage() -> Field {
    const USAGE_TYPE: &Type = &Type::Object(&USAGE);
    Field::nullable("usage", USAGE_TYPE, "The tokens that the message cost.")
}

/// A message.
pub static MESSAGE: Kind = Kind::new(
    "message",
    "A message of a conversation.",
    &[
        Field::required("name", Type::Text, "The sender's name."),
        Field::required("content", Type::List(&Type::Tagged(BLOCKS)), "What the message says, block by block."),
        Field::required("role", Type::OneOf(&["user", "assistant", "system"], &[]), "Who sent the message."),
        id(),
        Field::default("metadata", Type::Free, "{}", "Anything that a frontend or a tool attached."),
        Field::generated("created_at", Type::Text, Generated::Time, "When the message was begun: text, as it came."),
        usage().since(V2_0_5),
        Field::nullable("finished_at", &Type::Text, "When the message was complete: text, as it came."),
        usage().until(V2_0_4_POST1),
        Field::nullable(
            "finished_reason",
            &Type::OneOf(&["completed", "interrupted", "exceed_max_iters", "error"], &[]),
            "Why the message ended.",
        )
        .since(V2_0_5),
        Field::nullable("structured_output", &Type::Free, "The structured reply.").since(V2_0_5),
        Field::nullable("error", &Type::Object(&ERROR), "The error that ended the message.").since(V2_0_5),
    ],
);

/// Tokens read and written by a model.
pub static USAGE: Kind = Kind::new(
    "usage",
    "Tokens read and written by a model.",
    &[
        Field::required("input_tokens", Type::Integer, "Tokens read."),
        Field::required("output_tokens", Type::Integer, "Tokens written."),
        Field::default("cache_input_tokens", Type::Integer, "0", "Tokens read from the cache.").since(V2_0_7),
        Field::default("cache_creation_input_tokens", Type::Integer, "0", "Tokens written to the cache.").since(V2_0_7),
    ],
);

/// The error that ended a message.
pub static ERROR: Kind = Kind::new(
    "error",
    "The error that ended a message.",
    &[
        Field::default(
            "type",
            Type::OneOf(
                &[
                    "authentication",
                    "permission",
                    "rate_limit",
                    "invalid_request",
                    "upstream",
                    "connection",
                    "internal",
                    "unknown",
                ],
                &[(V2_0_6, "setup")],
            ),
            r#""unknown""#,
            "The kind of error.",
        )
        .since(V2_0_5),
        Field::required("message", Type::Text, "What went wrong.").since(V2_0_5),
    ],
);
