//! A session: one conversation of a user with an agent.

use crate::Release::{V2_0_6, V2_0_7, V2_0_8};
use crate::folds::FOLD_SOURCE;
use crate::kinds::config::CONFIG;
use crate::kinds::origin::ORIGINS;
use crate::kinds::state::STATE;
use crate::kinds::{created_at, record_id, updated_at, user_id};
use crate::schema::{Field, Kind, Type};

/// A session with its whole state.
pub static SESSION: Kind = Kind::new(
    "session",
    "A session: one conversation of a user with an agent.",
    &[
        record_id(),
        updated_at(),
        created_at(Type::ListTime),
        user_id(),
        Field::required("agent_id", Type::Id, "The agent that the user talks to."),
        Field::default(
            "source",
            Type::OneOf(&["user", "schedule"], &[(V2_0_6, "channel")]),
            r#""user""#,
            "What started the session.",
        )
        .until(V2_0_7),
        Field::default("origin", Type::Tagged(ORIGINS), r#"{"type":"user"}"#, "What started the session.")
            .since(V2_0_8),
        Field::nullable("source_schedule_id", &Type::Id, "The schedule that started the session.").until(V2_0_7),
        Field::nullable("source_chat_id", &Type::Text, "The chat that started the session.")
            .since(V2_0_6)
            .until(V2_0_7),
        Field::nullable("source_chat_name", &Type::Text, "The name of that chat.").since(V2_0_7).until(V2_0_7),
        Field::nullable("source_channel_id", &Type::Text, "The channel of that chat.").since(V2_0_6).until(V2_0_7),
        Field::nullable("team_id", &Type::Id, "The team that the session leads or works for."),
        Field::required("config", Type::Object(&CONFIG), "Where the session works and with which models."),
        Field::object("state", &STATE, "The agent's state in this session."),
    ],
)
.folds(&[FOLD_SOURCE]);
