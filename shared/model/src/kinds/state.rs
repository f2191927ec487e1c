//! The state of an agent in a session.

use crate::Release::{V2_0_3, V2_0_4_POST1, V2_0_5};
use crate::folds::FOLD_REPLY;
use crate::kinds::block::CONTENT_ITEMS;
use crate::kinds::message::MESSAGE;
use crate::kinds::permission::PERMISSION_CONTEXT;
use crate::kinds::task::TASKS_CONTEXT;
use crate::kinds::tool::TOOL_CONTEXT;
use crate::schema::{Field, Generated, Kind, Type};

/// What an agent remembers and is allowed in a session.
pub static STATE: Kind = Kind::new(
    "state",
    "What an agent remembers and is allowed in a session.",
    &[
        Field::generated(
            "session_id",
            Type::Text,
            Generated::Id,
            "The session that the state belongs to, as the agent knows it.",
        ),
        Field::default(
            "summary",
            Type::TextOr(CONTENT_ITEMS),
            r#""""#,
            "The compressed summary of what was cut from the context.",
        ),
        Field::default("context", Type::List(&Type::Object(&MESSAGE)), "[]", "The conversation, oldest message first."),
        Field::generated("reply_id", Type::Text, Generated::Id, "The id of the current or last reply.")
            .until(V2_0_4_POST1),
        Field::default("cur_iter", Type::Integer, "0", "The iteration of that reply.").until(V2_0_4_POST1),
        Field::object("reply_context", &REPLY_CONTEXT, "The current or last reply.").since(V2_0_5),
        Field::object("permission_context", &PERMISSION_CONTEXT, "What the agent's tools may do."),
        Field::object("tool_context", &TOOL_CONTEXT, "What the tools remember."),
        Field::object("tasks_context", &TASKS_CONTEXT, "The agent's task list."),
        Field::default("middle_context", Type::Free, "{}", "What middleware remembers.").since(V2_0_3),
    ],
)
.folds(&[FOLD_REPLY]);

/// The current or last reply.
pub static REPLY_CONTEXT: Kind = Kind::new(
    "reply_context",
    "The current or last reply of an agent.",
    &[
        Field::generated("reply_id", Type::Text, Generated::Id, "The reply's id.").since(V2_0_5),
        Field::default("cur_iter", Type::Integer, "0", "The iteration of the reply.").since(V2_0_5),
        Field::nullable("structured_schema", &Type::Free, "The JSON schema of a structured reply.").since(V2_0_5),
        Field::nullable("structured_output", &Type::Free, "The structured reply.").since(V2_0_5),
    ],
);
