//! The blocks that messages, hints, summaries and tool results are made of.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::PermissionRule;
use super::generated;
use super::misfit::nested;
use super::record::{names, record};
use super::tagged::tagged;

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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Url(#[cfg_attr(feature = "schema", schemars(length(min = 1)))] String);

impl<'de> Deserialize<'de> for Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let url = String::deserialize(deserializer)?;
        if url.is_empty() { Err(D::Error::invalid_value(Unexpected::Str(&url), &"a URL")) } else { Ok(Self(url)) }
    }
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
