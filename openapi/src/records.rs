//! Generates the schemas of records from the field tables of their kinds.

use agentscope_model::Release;
use agentscope_model::bound::Bound;
use agentscope_model::schema::{Absent, Field, Kind, Type};
use serde_json::{Map, Value, json};

/// Collects the schemas of kinds, and of everything that they refer to, in a release.
pub(crate) struct Records {
    release: Release,
    pub(crate) schemas: Map<String, Value>,
}

impl Records {
    pub(crate) fn new(release: Release) -> Self {
        Self { release, schemas: Map::new() }
    }

    /// Returns a reference to the schema of a kind, which it adds if it is missing.
    pub(crate) fn reference(&mut self, kind: &'static Kind) -> Value {
        let name = component(kind.name);
        if !self.schemas.contains_key(&name) {
            // Inserted first, since a kind may refer to itself.
            self.schemas.insert(name.clone(), Value::Null);
            let schema = self.object(kind);
            self.schemas.insert(name.clone(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    fn object(&mut self, kind: &'static Kind) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in kind.fields_of(self.release) {
            properties.insert(field.name.to_owned(), self.property(kind, field));
            required.push(field.name);
        }
        json!({
            "type": "object",
            "description": kind.about,
            "required": required,
            "properties": properties,
            // A newer AgentScope and model providers add fields.
            "additionalProperties": true,
        })
    }

    fn property(&mut self, kind: &Kind, field: &Field) -> Value {
        let mut schema = match (&field.value, kind.tag()) {
            (Type::OneOf(..), Some(tag)) if field.name == "type" => json!({ "type": "string", "const": tag }),
            (value, _) => self.value(value),
        };
        for bound in field.bounds_in(self.release) {
            let (keyword, number) = match *bound {
                Bound::Above(number) => ("exclusiveMinimum", number),
                Bound::AtLeast(number) => ("minimum", number),
                Bound::Below(number) => ("exclusiveMaximum", number),
                Bound::AtMost(number) => ("maximum", number),
            };
            // AgentScope writes values within the bounds. Values beyond them are kept.
            schema[format!("x-{keyword}")] = json!(number);
        }
        if let Absent::Json(default) = field.absent_in(self.release)
            && let Ok(default @ (Value::Bool(_) | Value::Number(_))) = serde_json::from_str(default)
        {
            schema["x-default"] = default;
        }
        match schema.get("$ref") {
            Some(_) => json!({ "description": field.about, "allOf": [schema] }),
            None => {
                schema["description"] = json!(field.about);
                schema
            }
        }
    }

    fn value(&mut self, value: &Type) -> Value {
        match value {
            Type::Id | Type::Text => json!({ "type": "string" }),
            Type::ListTime => json!({
                "type": "string",
                "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?(Z|[+-]\d\d:\d\d)?$",
            }),
            Type::Time => json!({ "type": "string" }),
            Type::Url => json!({ "type": "string" }),
            Type::Integer => json!({ "type": "integer" }),
            Type::Float => json!({ "type": "number" }),
            Type::Boolean => json!({ "type": "boolean" }),
            Type::Any => json!({}),
            Type::Free => json!({ "type": "object", "additionalProperties": true }),
            Type::OneOf(values, added) => {
                let added = added.iter().filter(|(since, _)| *since <= self.release).map(|(_, value)| *value);
                let values: Vec<_> = values.iter().copied().chain(added).collect();
                // An extension and not `enum`: values of a newer AgentScope are kept.
                json!({ "type": "string", "x-extensible-enum": values })
            }
            Type::Object(kind) => self.reference(kind),
            Type::Tagged(kinds) => json!({ "anyOf": self.alternatives(kinds) }),
            Type::List(element) => json!({ "type": "array", "items": self.value(element) }),
            Type::Map(element) => json!({ "type": "object", "additionalProperties": self.value(element) }),
            Type::Nullable(inner) => json!({ "anyOf": [self.value(inner), { "type": "null" }] }),
            Type::TextOr(kinds) => {
                let items = json!({ "type": "array", "items": { "anyOf": self.alternatives(kinds) } });
                json!({ "anyOf": [{ "type": "string" }, items] })
            }
        }
    }

    fn alternatives(&mut self, kinds: &'static [&'static Kind]) -> Vec<Value> {
        let kinds: Vec<_> = kinds.iter().filter(|kind| kind.since() <= self.release).collect();
        let tags: Vec<_> = kinds.iter().filter_map(|kind| kind.tag()).collect();
        let mut alternatives: Vec<_> = kinds.into_iter().map(|kind| self.reference(kind)).collect();
        alternatives.push(json!({
            "type": "object",
            "description": "An object of a newer AgentScope.",
            "required": ["type"],
            "properties": { "type": { "not": { "enum": tags } } },
            "additionalProperties": true,
        }));
        alternatives
    }
}

/// The name of a kind's schema: `ToolContext` for `tool_context`.
pub(crate) fn component(kind: &str) -> String {
    if kind == "error" {
        return "MessageError".to_owned();
    }
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    kind.split('_').map(capitalized).collect()
}
