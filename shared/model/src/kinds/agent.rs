//! An agent: its prompt and how it reasons.

use crate::Release::{V2_0_3, V2_0_4, V2_0_5, V2_0_7, V2_0_8, V2_0_9, V2_0_10};
use crate::bound::Bound::{Above, AtLeast, AtMost, Below};
use crate::folds::FOLD_AGENT_CONFIGS;
use crate::kinds::{OLDEST, created_at, record_id, updated_at, user_id};
use crate::schema::{Absent, Field, Generated, Kind, Type};

/// An agent.
pub static AGENT: Kind = Kind::new(
    "agent",
    "An agent.",
    &[
        record_id(),
        updated_at(),
        created_at(Type::Time),
        user_id(),
        Field::default(
            "source",
            Type::OneOf(&["user", "team"], &[]),
            r#""user""#,
            "Who made it: the user, or a team's leader.",
        ),
        Field::required("data", Type::Object(&AGENT_DATA), "What the agent is."),
    ],
);

/// What an agent is.
pub static AGENT_DATA: Kind = Kind::new(
    "agent_data",
    "What an agent is.",
    &[
        Field::generated("id", Type::Text, Generated::Id, "The id under which the agent knows itself."),
        Field::required("name", Type::Text, "The name that is shown."),
        Field::default("system_prompt", Type::Text, r#""You're a helpful assistant.""#, "The system prompt."),
        Field::required("context_config", Type::Object(&CONTEXT_CONFIG), "How the context is kept small.")
            .until(V2_0_9),
        Field::required("react_config", Type::Object(&REACT_CONFIG), "How the agent reasons and acts.").until(V2_0_9),
        Field::object("invite_config", &INVITE_CONFIG, "Whether other users' teams may invite the agent.")
            .since(V2_0_4)
            .until(V2_0_9),
        Field::object("chat_config", &CHAT_CONFIG, "How the agent chats.").since(V2_0_10),
    ],
)
.folds(&[FOLD_AGENT_CONFIGS]);

/// How an agent chats.
pub static CHAT_CONFIG: Kind = Kind::new(
    "chat_config",
    "How an agent chats.",
    &[
        Field::object("context_config", &CONTEXT_CONFIG, "How the context is kept small.").since(V2_0_10),
        Field::object("react_config", &REACT_CONFIG, "How the agent reasons and acts.").since(V2_0_10),
        Field::object("invite_config", &INVITE_CONFIG, "Whether other users' teams may invite the agent.")
            .since(V2_0_10),
    ],
);

/// How an agent's context is kept small.
pub static CONTEXT_CONFIG: Kind = Kind::new(
    "context_config",
    "How an agent's context is kept small.",
    &[
        Field::default("trigger_ratio", Type::Float, "0.8", "How full the context may get before it is compressed.")
            .bounds(&[(OLDEST, &[Above(0.0), Below(0.9)]), (V2_0_7, &[Above(0.0), AtMost(0.9)])]),
        Field::default("reserve_ratio", Type::Float, "0.1", "How much of the context is left as it is.")
            .bounds(&[(OLDEST, &[Above(0.0), Below(0.9)])]),
        Field::default("context_buffer_ratio", Type::Float, "0.2", "How much of the context is kept free.")
            .since(V2_0_8)
            .bounds(&[(OLDEST, &[AtLeast(0.0), AtMost(1.0)])]),
        Field::default(
            "compression_prompt",
            Type::Text,
            include_str!("texts/compression_prompt-2.0.1.json"),
            "What the model is told when it compresses.",
        )
        .absent_later(&[
            (V2_0_5, Absent::Json(include_str!("texts/compression_prompt-2.0.5.json"))),
            (V2_0_8, Absent::Json(include_str!("texts/compression_prompt-2.0.8.json"))),
        ]),
        Field::default(
            "summary_template",
            Type::Text,
            include_str!("texts/summary_template-2.0.1.json"),
            "How the summary is put into the context.",
        ),
        Field::default(
            "summary_schema",
            Type::Free,
            include_str!("texts/summary_schema-2.0.1.json"),
            "The JSON schema of the summary.",
        )
        .absent_later(&[(V2_0_3, Absent::Json(include_str!("texts/summary_schema-2.0.3.json")))]),
        Field::default("tool_result_limit", Type::Integer, "3000", "How many tokens of a tool's result are kept.")
            .absent_later(&[(V2_0_3, Absent::Json("50000"))]),
        Field::default(
            "compression_fallback_to_truncation",
            Type::Boolean,
            "true",
            "Whether the context is cut where compression fails.",
        )
        .since(V2_0_8),
        Field::default(
            "compression_tool_enabled",
            Type::Boolean,
            "false",
            "Whether the agent may compress its context itself.",
        )
        .since(V2_0_8),
        Field::default("max_image_num", Type::Integer, "5", "How many images the context may hold.")
            .since(V2_0_7)
            .bounds(&[(OLDEST, &[AtLeast(0.0)])]),
    ],
);

/// How an agent reasons and acts.
pub static REACT_CONFIG: Kind = Kind::new(
    "react_config",
    "How an agent reasons and acts.",
    &[
        Field::default("max_iters", Type::Integer, "20", "How many iterations a reply may have.")
            .absent_later(&[(V2_0_7, Absent::Json("50"))]),
        Field::default(
            "structured_output_grace_iters",
            Type::Integer,
            "5",
            "How many more iterations a structured reply may have.",
        )
        .since(V2_0_5)
        .bounds(&[(OLDEST, &[Above(0.0)])]),
        Field::default("stop_on_reject", Type::Boolean, "false", "Whether it stops when the user denies a tool call."),
        Field::default(
            "interruption_message",
            Type::Text,
            r#""I notice the interruption. How can I help you?""#,
            "What the agent says when it is interrupted.",
        )
        .since(V2_0_4),
        Field::default(
            "interruption_raise_cancelled_error",
            Type::Boolean,
            "false",
            "Whether an interruption is an error.",
        )
        .since(V2_0_4),
    ],
);

/// Whether other users' teams may invite an agent.
pub static INVITE_CONFIG: Kind = Kind::new(
    "invite_config",
    "Whether other users' teams may invite an agent.",
    &[
        Field::default("invitable", Type::Boolean, "false", "Whether they may.").since(V2_0_4),
        Field::nullable("invite_description", &Type::Text, "What the agent is good for.").since(V2_0_4),
    ],
);
