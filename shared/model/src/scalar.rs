//! Scalars: validates them, and prints them as AgentScope does.

use std::borrow::Cow;

use crate::bound::Bound;
use crate::schema::Type;
use crate::{Timestamp, number, url};

/// The name of a type, for messages.
pub(crate) fn expected(value: &Type) -> &'static str {
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

/// The compact JSON of a value as AgentScope prints it. `None`: the value is not of this type.
pub(crate) fn canonical<'a>(value: &Type, json: &'a str, bounds: &[Bound]) -> Option<Cow<'a, str>> {
    let is_within = |number: f64| bounds.iter().all(|bound| bound.contains(number));
    let is_string = json.starts_with('"');
    match value {
        Type::Id | Type::Text => is_string.then_some(Cow::Borrowed(json)),
        Type::Url => {
            let url = url::normalized(&serde_json::from_str::<String>(json).ok()?)?;
            Some(Cow::Owned(serde_json::Value::from(url).to_string()))
        }
        Type::ListTime | Type::Time => Some(Cow::Owned(format!("\"{}\"", Timestamp::from_json(json)?.as_str()))),
        Type::Integer => {
            let integer = number::integer(json)?;
            is_within(integer.parse().ok()?).then_some(Cow::Owned(integer))
        }
        Type::Float => is_within(number::float_value(json)?).then(|| number::float_as_spelled(json).map(Cow::Owned))?,
        Type::Boolean => matches!(json, "true" | "false").then_some(Cow::Borrowed(json)),
        Type::Free if !json.starts_with('{') => None,
        // A value that is nested too deeply for AgentScope stays as it is.
        Type::Free | Type::Any => Some(number::free_form_as_spelled(json).map_or(Cow::Borrowed(json), Cow::Owned)),
        Type::OneOf(..)
        | Type::Object(_)
        | Type::Tagged(_)
        | Type::List(_)
        | Type::Map(_)
        | Type::TextOr(_)
        | Type::Nullable(_) => None,
    }
}
