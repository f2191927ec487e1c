//! What started a session.

use crate::Release::{V2_0_8, V2_0_9};
use crate::schema::{Field, Kind, Type};

/// The kinds of origin.
pub const ORIGINS: &[&Kind] = &[&USER, &SCHEDULE, &CHANNEL, &TEAM, &SOP];

/// The user started it.
pub static USER: Kind =
    Kind::new("origin_user", "The user started the session.", &[Field::tag(&["user"], r#""user""#).since(V2_0_8)]);

/// A schedule started it.
pub static SCHEDULE: Kind = Kind::new(
    "origin_schedule",
    "A schedule started the session.",
    &[
        Field::tag(&["schedule"], r#""schedule""#).since(V2_0_8),
        Field::required("schedule_id", Type::Id, "The schedule.").since(V2_0_8),
    ],
);

/// A chat of a channel started it.
pub static CHANNEL: Kind = Kind::new(
    "origin_channel",
    "A chat of a channel started the session.",
    &[
        Field::tag(&["channel"], r#""channel""#).since(V2_0_8),
        Field::required("channel_id", Type::Text, "The channel.").since(V2_0_8),
        Field::required("chat_id", Type::Text, "The chat.").since(V2_0_8),
        Field::nullable("chat_name", &Type::Text, "The name of the chat.").since(V2_0_8),
        Field::nullable("channel_user_id", &Type::Text, "The user of the channel.").since(V2_0_9),
    ],
);

/// A team started it for a member.
pub static TEAM: Kind =
    Kind::new("origin_team", "A team started the session.", &[Field::tag(&["team"], r#""team""#).since(V2_0_8)]);

/// A run of a standard operating procedure started it.
pub static SOP: Kind = Kind::new(
    "origin_sop",
    "A run of a standard operating procedure (SOP) started the session.",
    &[
        Field::tag(&["sop"], r#""sop""#).since(V2_0_9),
        Field::required("sop_run_id", Type::Text, "The run.").since(V2_0_9),
        Field::required("session_key", Type::Text, "The session's name in the run.").since(V2_0_9),
    ],
);
