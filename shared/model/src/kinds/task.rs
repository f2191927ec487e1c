//! The task list of an agent.

use crate::kinds::{TEXTS, id};
use crate::schema::{Field, Generated, Kind, Type};

/// The task list.
pub static TASKS_CONTEXT: Kind = Kind::new(
    "tasks_context",
    "The task list of an agent.",
    &[Field::default("tasks", Type::List(&Type::Object(&TASK)), "[]", "The tasks, in the agent's order.")],
);

/// A task.
pub static TASK: Kind = Kind::new(
    "task",
    "A task.",
    &[
        Field::required("subject", Type::Text, "What it is about."),
        Field::required("description", Type::Text, "What is to be done."),
        Field::required("metadata", Type::Free, "Anything that the agent attached."),
        Field::generated("created_at", Type::Text, Generated::Time, "When it was created: text, as it came."),
        Field::default(
            "state",
            Type::OneOf(&["pending", "in_progress", "completed"], &[]),
            r#""pending""#,
            "How far it is.",
        ),
        id(),
        Field::nullable("owner", &Type::Text, "Who works on it."),
        Field::default("blocks", TEXTS, "[]", "The tasks that wait for this one."),
        Field::default("blocked_by", TEXTS, "[]", "The tasks that this one waits for."),
    ],
);
