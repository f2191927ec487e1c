//! The macro that defines a record: a struct whose absent fields get defaults and whose unknown fields are kept.
//!
//! Serde's `flatten` would also keep unknown fields, but it buffers them in a form that drops the digits of large
//! numbers, and it cannot hold raw JSON. So the macro reads the fields itself.

use indexmap::IndexMap;

use super::Json;

/// Fields that this version does not know, in the order in which they came.
pub type Extra = IndexMap<String, Json>;

/// Defines a struct with `Deserialize` and `Serialize`.
///
/// - `pub name: Type` is required, `pub name: Type = default` may be absent, `pub name as "key": Type` has another name
///   in JSON.
/// - Of a repeated key the last one counts, as in the reference.
/// - Serialized, the fields stand in the order of their definition, then the unknown ones.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* pub $field:ident $(as $key:literal)? : $ty:ty $(= $default:expr)? , )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $name {
            $( $(#[$field_meta])* $(#[cfg_attr(feature = "schema", schemars(rename = $key))])? pub $field: $ty, )*
            /// Fields that this version does not know, kept as they came.
            #[cfg_attr(feature = "schema", schemars(flatten, with = "indexmap::IndexMap<String, serde_json::Value>"))]
            pub extra: $crate::model::Extra,
        }

        impl $name {
            /// Writes the fields into an object that has been begun.
            pub(crate) fn serialize_fields<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                $( map.serialize_entry($crate::model::record::key!($field $(as $key)?), &self.$field)?; )*
                for (key, value) in &self.extra {
                    map.serialize_entry(key, value)?;
                }
                Ok(())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serde::Serializer::serialize_map(serializer, None)?;
                self.serialize_fields(&mut map)?;
                serde::ser::SerializeMap::end(map)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;

                impl<'de> serde::de::Visitor<'de> for Fields {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        $( let mut $field: Option<$ty> = None; )*
                        let mut extra = $crate::model::Extra::new();
                        while let Some(key) = map.next_key::<String>()? {
                            $( if key == $crate::model::record::key!($field $(as $key)?) {
                                $field = Some(map.next_value()?);
                                continue;
                            } )*
                            let value = map.next_value()?;
                            extra.insert(key, value);
                        }
                        $( let $field = match $field {
                            Some(value) => value,
                            None => $crate::model::record::absent!($field $(as $key)? $(= $default)?),
                        }; )*
                        Ok($name { $($field,)* extra })
                    }
                }

                deserializer.deserialize_map(Fields)
            }
        }
    };
}

/// The name of a field in JSON.
macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident as $key:literal) => {
        $key
    };
}

/// What stands for a field that is absent: its default, or an error that names it.
macro_rules! absent {
    ($field:ident $(as $key:literal)? = $default:expr) => {
        $default
    };
    ($field:ident $(as $key:literal)?) => {
        return Err(serde::de::Error::missing_field($crate::model::record::key!($field $(as $key)?)))
    };
}

/// Defines an enum of the names that a text field may hold.
macro_rules! names {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name {
            $( $(#[$variant_meta])* #[serde(rename = $text)] $variant, )*
        }

        impl $name {
            /// The name as it stands in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text, )* }
            }
        }
    };
}

pub(super) use {absent, key, names, record};
