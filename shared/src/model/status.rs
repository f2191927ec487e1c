//! What a session waits for.

use super::record::names;
use super::{AgentState, Block, Role, ToolCallState};

names! {
    /// What a session that does not run waits for.
    pub enum ParkedStatus {
        /// The user's permission to call a tool.
        AwaitingPermission = "awaiting_permission",
        /// The result of a tool call that is executed elsewhere.
        AwaitingExternalResult = "awaiting_external_result",
    }
}

impl ParkedStatus {
    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::AwaitingPermission, Self::AwaitingExternalResult].into_iter().find(|status| status.as_str() == name)
    }
}

impl AgentState {
    /// What the session waits for unless it runs; `None` if for nothing.
    ///
    /// It is told by the tool calls of the last message, if that is the assistant's. Of a message with calls of both
    /// kinds the permission comes first: the user has to act on it.
    pub fn parked_status(&self) -> Option<ParkedStatus> {
        let last = self.context.last().filter(|message| message.role == Role::Assistant)?;
        let has_call =
            |state| last.content.iter().any(|block| matches!(block, Block::ToolCall(call) if call.state == state));
        if has_call(ToolCallState::Asking) {
            Some(ParkedStatus::AwaitingPermission)
        } else if has_call(ToolCallState::Submitted) {
            Some(ParkedStatus::AwaitingExternalResult)
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
        let state = json!({ "context": context }).to_string();
        serde_json::from_str::<AgentState>(&state).unwrap().parked_status()
    }

    fn message(role: &str, states: &[&str]) -> Value {
        let call = |state| json!({ "type": "tool_call", "id": "c", "name": "t", "input": "{}", "state": state });
        let mut content: Vec<_> = states.iter().map(call).collect();
        content.insert(0, json!({ "type": "text", "text": "asking" }));
        json!({ "name": "n", "role": role, "content": content })
    }

    #[test]
    fn the_last_message_of_the_assistant_tells() {
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
