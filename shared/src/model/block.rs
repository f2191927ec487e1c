//! The blocks that messages, hints, summaries and tool results are made of.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, Unexpected, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::PermissionRule;
use super::generated;
use super::misfit::nested;
use super::record::{names, record};

record! {
    /// Text.
    pub struct TextBlock {
        /// The text.
        pub text: String,
        /// The block's id.
        pub id: String = generated::id(),
    }
}

record! {
    /// What the model thought. Providers add fields of their own.
    pub struct ThinkingBlock {
        /// The thought.
        pub thinking: String,
        /// The block's id.
        pub id: String = generated::id(),
    }
}

record! {
    /// A hint to the model in the middle of a reply.
    pub struct HintBlock {
        /// The hint.
        pub hint: Text,
        /// The block's id.
        pub id: String = generated::id(),
        /// Who gave the hint.
        pub source: Option<String> = None,
    }
}

record! {
    /// An image, a sound, a file.
    pub struct DataBlock {
        /// The block's id.
        pub id: String = generated::id(),
        /// Where the data is.
        pub source: DataSource,
        /// The name that is shown.
        pub name: Option<String> = None,
    }
}

record! {
    /// A call of a tool. Providers add fields of their own.
    pub struct ToolCallBlock {
        /// The call's id.
        pub id: String,
        /// The tool.
        pub name: String,
        /// The input: JSON as the model wrote it, maybe not complete.
        pub input: String,
        /// How far the call is.
        pub state: ToolCallState = ToolCallState::Pending,
        /// Rules that the user may adopt when asked.
        pub suggested_rules: Vec<PermissionRule> = Vec::new(),
    }
}

record! {
    /// The result of a call.
    pub struct ToolResultBlock {
        /// The call's id.
        pub id: String,
        /// The tool.
        pub name: String,
        /// What the tool returned.
        pub output: Text,
        /// How the call ended.
        pub state: ToolResultState = ToolResultState::Running,
    }
}

names! {
    /// How far a tool call is.
    pub enum ToolCallState {
        /// Not looked at.
        Pending = "pending",
        /// The user is asked.
        Asking = "asking",
        /// Allowed, not executed.
        Allowed = "allowed",
        /// Executed elsewhere, result awaited.
        Submitted = "submitted",
        /// Done.
        Finished = "finished",
    }
}

names! {
    /// How a tool call ended.
    pub enum ToolResultState {
        /// Well.
        Success = "success",
        /// With an error.
        Error = "error",
        /// Not at all: it was interrupted.
        Interrupted = "interrupted",
        /// Not at all: it was denied.
        Denied = "denied",
        /// It has not.
        Running = "running",
    }
}

record! {
    /// Data that is in the block itself.
    pub struct Base64Source {
        /// The data in base64.
        pub data: String,
        /// Its media type.
        pub media_type: String,
    }
}

record! {
    /// Data that is elsewhere.
    pub struct UrlSource {
        /// Where.
        pub url: Url,
        /// Its media type.
        pub media_type: String,
    }
}

/// An address: any text but the empty one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Url(String);

impl<'de> Deserialize<'de> for Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let url = String::deserialize(deserializer)?;
        if url.is_empty() { Err(D::Error::invalid_value(Unexpected::Str(&url), &"a URL")) } else { Ok(Self(url)) }
    }
}

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
        pub enum $name { $( $(#[$variant_meta])* $variant($ty), )* }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                match self { $( Self::$variant(value) => {
                    map.serialize_entry("type", $tag)?;
                    value.serialize_fields(&mut map)?;
                } )* }
                map.end()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = Box::<RawValue>::deserialize(deserializer)?;
                let tag: Tag = nested(&raw)?;
                match tag.kind.as_deref() {
                    $( Some($tag) => with_tag_removed(nested(&raw)?, |value: &mut $ty| &mut value.extra).map(Self::$variant), )*
                    None => {
                        $( if tag.fields.contains(stringify!($field)) {
                            return with_tag_removed(nested(&raw)?, |value: &mut $ty| &mut value.extra).map(Self::$variant);
                        } )*
                        Err(D::Error::missing_field("type"))
                    }
                    Some(other) => Err(D::Error::invalid_value(Unexpected::Str(other), &$expected)),
                }
            }
        }
    };
}

/// What tells the kind of an object: its `type`, the last if it is repeated, and the names of its fields.
#[derive(Default)]
struct Tag {
    kind: Option<String>,
    fields: HashSet<String>,
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
fn with_tag_removed<T, E>(mut value: T, extra: impl Fn(&mut T) -> &mut super::Extra) -> Result<T, E> {
    extra(&mut value).shift_remove("type");
    Ok(value)
}

tagged! {
    /// A block of a message.
    pub enum Block ("`text`, `thinking`, `hint`, `tool_call`, `tool_result` or `data`") {
        /// Text.
        Text(TextBlock) = "text" if text,
        /// A thought.
        Thinking(ThinkingBlock) = "thinking" if thinking,
        /// A hint.
        Hint(HintBlock) = "hint" if hint,
        /// A tool call.
        ToolCall(ToolCallBlock) = "tool_call" if input,
        /// A tool call's result.
        ToolResult(ToolResultBlock) = "tool_result" if output,
        /// Data.
        Data(DataBlock) = "data" if source,
    }
}

tagged! {
    /// A block of a summary, a hint or a tool's output.
    pub enum ContentItem ("`text` or `data`") {
        /// Text.
        Text(TextBlock) = "text" if text,
        /// Data.
        Data(DataBlock) = "data" if source,
    }
}

tagged! {
    /// Where data is.
    pub enum DataSource ("`base64` or `url`") {
        /// In the block.
        Base64(Base64Source) = "base64" if data,
        /// Elsewhere.
        Url(UrlSource) = "url" if url,
    }
}

/// Plain text, or text and data blocks.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Text {
    /// Plain text.
    Plain(String),
    /// Blocks.
    Blocks(Vec<ContentItem>),
}

impl Default for Text {
    fn default() -> Self {
        Self::Plain(String::new())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match raw.get().as_bytes().first() {
            Some(b'"') => nested(&raw).map(Self::Plain),
            Some(b'[') => nested(&raw).map(Self::Blocks),
            _ => Err(D::Error::custom("expected a string or a list of text and data blocks")),
        }
    }
}
