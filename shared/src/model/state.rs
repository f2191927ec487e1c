//! The state of an agent in a session.

use super::generated;
use super::record::record;
use super::{Integer, Message, PermissionContext, TaskContext, Text, ToolContext};

record! {
    /// What an agent remembers and is allowed in a session.
    pub struct AgentState {
        /// The session that the state belongs to, as the agent knows it.
        pub session_id: String = generated::id(),
        /// The compressed summary of what was cut from the context.
        pub summary: Text = Text::default(),
        /// The conversation, oldest message first.
        pub context: Vec<Message> = Vec::new(),
        /// The id of the reply that is being made, or was made last.
        pub reply_id: String = generated::id(),
        /// How often the agent has reasoned and acted in this reply.
        pub cur_iter: Integer = Integer::default(),
        /// What the agent's tools may do.
        pub permission_context: PermissionContext = PermissionContext::default(),
        /// What the tools remember.
        pub tool_context: ToolContext = ToolContext::default(),
        /// The agent's task list.
        pub tasks_context: TaskContext = TaskContext::default(),
    }
}

impl AgentState {
    /// The state of a session in which nothing has happened.
    pub(super) fn fresh() -> Self {
        Self {
            session_id: generated::id(),
            summary: Text::default(),
            context: Vec::new(),
            reply_id: generated::id(),
            cur_iter: Integer::default(),
            permission_context: PermissionContext::default(),
            tool_context: ToolContext::default(),
            tasks_context: TaskContext::default(),
            extra: Default::default(),
        }
    }
}
