//! Single values: whether they are of the expected type, and how AgentScope prints them.

use std::borrow::Cow;

use super::Timestamp;
use super::schema::{Bound, Type};

/// What is expected of a value of this type, for messages.
pub(super) fn expected(value: &Type) -> &'static str {
    match value {
        Type::Id | Type::Text | Type::OneOf(..) => "a string",
        Type::ListTime | Type::Time => "a date and time in ISO 8601",
        Type::Url => "a URL",
        Type::Integer => "an integer",
        Type::Float => "a number",
        Type::Boolean => "a boolean",
        Type::Any => "a value",
        Type::Free | Type::Object(_) | Type::Tagged(_) | Type::Map(_) => "an object",
        Type::List(_) => "a list",
        Type::TextOr(_) => "a string or a list of text and data blocks",
        Type::Nullable(inner) => expected(inner),
    }
}

/// The value as the reference prints it, given as compact JSON text. `None`: it is none of this type.
pub(super) fn canonical<'a>(value: &Type, json: &'a str, bounds: &[Bound]) -> Option<Cow<'a, str>> {
    let first = json.as_bytes().first()?;
    let is_number = *first == b'-' || first.is_ascii_digit();
    let is_within = || json.parse().is_ok_and(|number| bounds.iter().all(|bound| bound.contains(number)));
    let is_valid = match value {
        Type::Id | Type::Text => *first == b'"',
        Type::Url => {
            return (*first == b'"' && json.len() > 2).then_some(Cow::Borrowed(json));
        }
        Type::ListTime | Type::Time => {
            let text = serde_json::from_str::<Cow<'_, str>>(json).ok()?;
            return Timestamp::new(&text).map(|time| Cow::Owned(format!("\"{}\"", time.as_str())));
        }
        Type::Integer => is_number && !json.contains(['.', 'e', 'E']) && is_within(),
        Type::Float => is_number && is_within(),
        Type::Boolean => matches!(json, "true" | "false"),
        Type::Free => *first == b'{',
        Type::Any => true,
        Type::OneOf(..)
        | Type::Object(_)
        | Type::Tagged(_)
        | Type::List(_)
        | Type::Map(_)
        | Type::TextOr(_)
        | Type::Nullable(_) => false,
    };
    is_valid.then_some(Cow::Borrowed(json))
}
