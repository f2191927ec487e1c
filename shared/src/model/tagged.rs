//! Objects that are told apart by their `type`.

use std::collections::HashSet;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Extra;

/// Defines an enum of objects that are told apart by their `type`, and if it is absent by a field that only one has.
macro_rules! tagged {
    (
        $(#[$meta:meta])*
        pub enum $name:ident ($expected:literal) {
            $( $(#[$variant_meta:meta])* $variant:ident($ty:ty) = $tag:literal if $field:ident, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(tag = "type"))]
        pub enum $name { $( $(#[$variant_meta])* #[cfg_attr(feature = "schema", schemars(rename = $tag))] $variant($ty), )* }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                match self { $( Self::$variant(value) => {
                    serde::ser::SerializeMap::serialize_entry(&mut map, "type", $tag)?;
                    value.serialize_fields(&mut map)?;
                } )* }
                serde::ser::SerializeMap::end(map)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = <Box<serde_json::value::RawValue> as serde::Deserialize>::deserialize(deserializer)?;
                let tag: $crate::model::tagged::Tag = $crate::model::misfit::nested(&raw)?;
                match tag.kind.as_deref() {
                    $( Some($tag) => $crate::model::tagged::with_tag_removed($crate::model::misfit::nested(&raw)?, |value: &mut $ty| &mut value.extra).map(Self::$variant), )*
                    None => {
                        $( if tag.fields.contains(stringify!($field)) {
                            return $crate::model::tagged::with_tag_removed($crate::model::misfit::nested(&raw)?, |value: &mut $ty| &mut value.extra).map(Self::$variant);
                        } )*
                        Err(serde::de::Error::missing_field("type"))
                    }
                    Some(other) => Err(serde::de::Error::invalid_value(serde::de::Unexpected::Str(other), &$expected)),
                }
            }
        }
    };
}

/// What tells the kind of an object: its `type`, the last if it is repeated, and the names of its fields.
#[derive(Default)]
pub(super) struct Tag {
    pub(super) kind: Option<String>,
    pub(super) fields: HashSet<String>,
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Tag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tag, A::Error> {
                let mut tag = Tag::default();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "type" {
                        tag.kind = map.next_value()?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                        tag.fields.insert(name);
                    }
                }
                Ok(tag)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// The tag is written by the enum, so it is not one of the unknown fields.
pub(super) fn with_tag_removed<T, E>(mut value: T, extra: impl Fn(&mut T) -> &mut Extra) -> Result<T, E> {
    extra(&mut value).shift_remove("type");
    Ok(value)
}

pub(super) use tagged;
