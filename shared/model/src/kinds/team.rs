//! A team: a session that leads, and agents that work for it.

use crate::Release::{V2_0_4, V2_0_7};
use crate::kinds::{created_at, record_id, updated_at, user_id};
use crate::schema::{Field, Kind, Type};

/// A team.
pub static TEAM: Kind = Kind::new(
    "team",
    "A team.",
    &[
        record_id(),
        updated_at(),
        created_at(Type::Time),
        user_id(),
        Field::required("session_id", Type::Id, "The session that leads the team."),
        Field::nullable("leader_agent_id", &Type::Id, "The agent that leads the team.").since(V2_0_7),
        Field::required("data", Type::Object(&TEAM_DATA), "What the team is for and who is in it."),
    ],
);

/// What a team is for and who is in it.
pub static TEAM_DATA: Kind = Kind::new(
    "team_data",
    "What a team is for and who is in it.",
    &[
        Field::required("name", Type::Text, "The name that is shown."),
        Field::default("description", Type::Text, r#""""#, "What the team is for."),
        Field::default("member_ids", Type::List(&Type::Id), "[]", "The agents that were created for the team."),
        Field::default("members", Type::List(&Type::Object(&ROSTER_ENTRY)), "[]", "The roster.").since(V2_0_4),
    ],
);

/// An entry of a team's roster.
pub static ROSTER_ENTRY: Kind = Kind::new(
    "roster_entry",
    "A member of a team.",
    &[
        Field::required("owner_id", Type::Id, "The user who owns the agent.").since(V2_0_4),
        Field::required("agent_id", Type::Id, "The agent.").since(V2_0_4),
        Field::required("session_id", Type::Id, "The agent's session in the team.").since(V2_0_4),
        Field::required(
            "role",
            Type::OneOf(&["created", "invited"], &[]),
            "Whether the agent was created for the team or invited.",
        )
        .since(V2_0_4),
    ],
);
