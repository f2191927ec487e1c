//! What an agent's tools remember.

use crate::bound::Bound::Above;
use crate::kinds::{OLDEST, TEXTS};
use crate::schema::{Field, Kind, Type};

/// What the tools remember.
pub static TOOL_CONTEXT: Kind = Kind::new(
    "tool_context",
    "What an agent's tools remember.",
    &[
        Field::default("max_cache_files", Type::Integer, "100", "How many files may be cached.")
            .bounds(&[(OLDEST, &[Above(1.0)])]),
        Field::default("max_cache_bytes", Type::Float, "25000.0", "How many bytes may be cached.")
            .bounds(&[(OLDEST, &[Above(10_000.0)])]),
        Field::default(
            "read_file_cache",
            Type::List(&Type::Object(&READ_CACHE_ENTRY)),
            "[]",
            "Files that were read, oldest first.",
        ),
        Field::default("activated_groups", TEXTS, "[]", "The tool groups that the agent has switched on."),
    ],
);

/// A file that a tool has read.
pub static READ_CACHE_ENTRY: Kind = Kind::new(
    "read_cache_entry",
    "A file that a tool has read.",
    &[
        Field::required("lines", TEXTS, "Its lines."),
        Field::required("updated_at", Type::Float, "When it was modified, in seconds since 1970."),
        Field::required("bytes", Type::Float, "Its size, in KiB."),
        Field::required("file_path", Type::Text, "Its path."),
    ],
);
