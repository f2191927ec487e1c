//! The order of the keys of a schema: properties in the order of the model's fields, and the
//! description of a schema before its parts.

use serde_json::Value;
use yaml_serde::{Mapping, Value as Yaml};

/// The keywords that come first, in this order. Others follow in alphabetical order.
const FIRST: [&str; 8] = ["title", "description", "$ref", "type", "const", "pattern", "required", "properties"];

/// Orders a schema, or several by name, and converts it to YAML.
pub(crate) fn ordered(value: Value) -> Yaml {
    match value {
        Value::Object(members) => {
            // `required` has the order of the model's fields; the map of properties has not.
            let fields: Vec<String> = members.get("required").map(names).unwrap_or_default();
            let mut members: Vec<_> = members.into_iter().collect();
            members.sort_by_key(|(name, _)| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()));
            let member = |(name, value): (String, Value)| {
                let value = match (name.as_str(), value) {
                    ("properties", Value::Object(properties)) => {
                        let mut properties: Vec<_> = properties.into_iter().collect();
                        properties.sort_by_key(|(name, _)| {
                            fields.iter().position(|field| field == name).unwrap_or(fields.len())
                        });
                        mapping(properties.into_iter().map(|(name, schema)| (name, ordered(schema))))
                    }
                    (_, value) => ordered(value),
                };
                (name, value)
            };
            mapping(members.into_iter().map(member))
        }
        Value::Array(elements) => Yaml::Sequence(elements.into_iter().map(ordered).collect()),
        Value::Null => Yaml::Null,
        Value::Bool(value) => Yaml::Bool(value),
        Value::String(text) => Yaml::String(text),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Yaml::from(integer),
            (None, float) => Yaml::from(float.unwrap_or(f64::NAN)),
        },
    }
}

fn mapping(members: impl Iterator<Item = (String, Yaml)>) -> Yaml {
    Yaml::Mapping(members.map(|(name, value)| (Yaml::String(name), value)).collect::<Mapping>())
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}
