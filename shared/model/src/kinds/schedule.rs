//! A schedule: it starts sessions by itself.

use crate::kinds::config::CHAT_MODEL;
use crate::kinds::permission::MODE;
use crate::kinds::{created_at, record_id, updated_at, user_id};
use crate::schema::{Field, Generated, Kind, Type};

/// A schedule.
pub static SCHEDULE: Kind = Kind::new(
    "schedule",
    "A schedule.",
    &[
        record_id(),
        updated_at(),
        created_at(Type::Time),
        user_id(),
        Field::required("agent_id", Type::Text, "The agent that runs."),
        Field::required("data", Type::Object(&SCHEDULE_DATA), "When and how it runs."),
    ],
);

/// When and how a schedule runs.
pub static SCHEDULE_DATA: Kind = Kind::new(
    "schedule_data",
    "When and how a schedule runs.",
    &[
        Field::required("name", Type::Text, "The name that is shown."),
        Field::default("description", Type::Text, r#""""#, "What the schedule is for."),
        Field::default("enabled", Type::Boolean, "true", "Whether it runs at all."),
        Field::generated(
            "timezone",
            Type::Text,
            Generated::TimeZone,
            "The time zone of the cron expression, by its IANA name.",
        ),
        Field::required("cron_expression", Type::Text, "When it runs: five fields."),
        Field::generated("started_at", Type::Time, Generated::Now, "From when on it runs."),
        Field::nullable("ended_at", &Type::Time, "Until when it runs."),
        Field::required("chat_model_config", Type::Object(&CHAT_MODEL), "The model of the sessions that it starts."),
        Field::default("stateful", Type::Boolean, "false", "Whether its runs share one state."),
        Field::default("permission_mode", MODE, r#""dont_ask""#, "What the agent may do while nobody watches."),
        Field::default("source", Type::OneOf(&["USER", "AGENT"], &[]), r#""USER""#, "Who made it."),
        Field::default("source_session_id", Type::Text, r#""""#, "The session in which it was made; empty if none."),
    ],
);
