//! Derives from a conversation what its session waits for.

use serde::Deserialize;
use serde_json::value::RawValue;

/// What a session waits for while it is not running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParkedStatus {
    /// The user's permission to call a tool.
    AwaitingPermission,
    /// The result of a tool call that is executed elsewhere.
    AwaitingExternalResult,
}

impl ParkedStatus {
    /// The value in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingPermission => "awaiting_permission",
            Self::AwaitingExternalResult => "awaiting_external_result",
        }
    }

    /// The status with this value in JSON.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::AwaitingPermission, Self::AwaitingExternalResult].into_iter().find(|status| status.as_str() == name)
    }

    /// Derives the status from a conversation, given as JSON. `None`: the session waits for
    /// nothing.
    ///
    /// The tool calls of the last message decide, if the assistant sent it. A permission takes
    /// precedence over an external result, because the user has to act on it.
    pub fn of(context: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Message<'a> {
            role: Option<serde_json::Value>,
            #[serde(borrow)]
            content: Vec<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct Block {
            r#type: Option<serde_json::Value>,
            state: Option<serde_json::Value>,
        }
        let messages: Vec<&RawValue> = serde_json::from_str(context).ok()?;
        let last: Message<'_> = serde_json::from_str(messages.last()?.get()).ok()?;
        if last.role? != "assistant" {
            return None;
        }
        let blocks = last.content.iter().filter_map(|block| serde_json::from_str::<Block>(block.get()).ok());
        let states: Vec<_> = blocks
            .filter(|block| block.r#type.as_ref().is_some_and(|kind| kind == "tool_call"))
            .filter_map(|block| block.state)
            .collect();
        if states.iter().any(|state| state == "asking") {
            Some(Self::AwaitingPermission)
        } else if states.iter().any(|state| state == "submitted") {
            Some(Self::AwaitingExternalResult)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn status(context: Value) -> Option<ParkedStatus> {
        ParkedStatus::of(&context.to_string())
    }

    fn message(role: &str, states: &[&str]) -> Value {
        let call = |state| json!({ "type": "tool_call", "id": "c", "name": "t", "input": "{}", "state": state });
        let mut content: Vec<_> = states.iter().map(call).collect();
        content.insert(0, json!({ "type": "text", "text": "asking" }));
        json!({ "name": "n", "role": role, "content": content })
    }

    #[test]
    fn the_last_message_of_the_assistant_decides() {
        let permission = Some(ParkedStatus::AwaitingPermission);
        let external = Some(ParkedStatus::AwaitingExternalResult);
        assert_eq!(status(json!([])), None);
        assert_eq!(status(json!([message("assistant", &[])])), None);
        assert_eq!(status(json!([message("assistant", &["asking"])])), permission);
        assert_eq!(status(json!([message("assistant", &["submitted"])])), external);
        assert_eq!(status(json!([message("assistant", &["submitted", "asking", "finished"])])), permission);
        assert_eq!(status(json!([message("assistant", &["pending", "allowed", "finished"])])), None);
        assert_eq!(status(json!([message("user", &["asking"])])), None);
        assert_eq!(status(json!([message("assistant", &["asking"]), message("user", &[])])), None);
        assert_eq!(status(json!([message("user", &[]), message("assistant", &["submitted"])])), external);
    }

    #[test]
    fn every_status_is_found_by_its_name() {
        for status in [ParkedStatus::AwaitingPermission, ParkedStatus::AwaitingExternalResult] {
            assert_eq!(ParkedStatus::from_name(status.as_str()), Some(status));
        }
        assert_eq!(ParkedStatus::from_name("idle"), None);
    }
}
