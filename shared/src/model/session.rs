//! A session: one conversation of a user with an agent.

use super::generated;
use super::record::{names, record};
use super::{AgentState, Object, Timestamp};

names! {
    /// What started a session.
    pub enum SessionSource {
        /// The user.
        User = "user",
        /// A schedule.
        Schedule = "schedule",
    }
}

record! {
    /// A session with its whole state.
    pub struct SessionRecord {
        /// The session's id, unique among its owner's sessions.
        pub id: String = generated::id(),
        /// When the record was last written.
        pub updated_at: Timestamp = generated::now(),
        /// When the session was created. Lists are ordered by it.
        pub created_at: Timestamp = generated::now(),
        /// Whose session it is.
        pub user_id: String,
        /// The agent that the user talks to.
        pub agent_id: String,
        /// What started the session.
        pub source: SessionSource = SessionSource::User,
        /// The schedule that started the session, if one did.
        pub source_schedule_id: Option<String> = None,
        /// The team that the session leads or works for, if any.
        pub team_id: Option<String> = None,
        /// Where the session works and with which models.
        pub config: SessionConfig,
        /// The agent's state in this session.
        pub state: AgentState = AgentState::fresh(),
    }
}

record! {
    /// The settings of a session.
    pub struct SessionConfig {
        /// The workspace that the agent works in.
        pub workspace_id: String,
        /// The name that is shown.
        pub name: String = generated::session_name(),
        /// The chat model.
        pub chat_model_config: Option<ChatModelConfig> = None,
        /// The model that is used when the chat model fails.
        pub fallback_chat_model_config: Option<ChatModelConfig> = None,
    }
}

record! {
    /// A chat model and how to call it.
    pub struct ChatModelConfig {
        /// The provider, as `dashscope`.
        pub provider as "type": String,
        /// The credential to call the provider with. It is an id, never the secret.
        pub credential_id: String,
        /// The model's name at the provider.
        pub model: String,
        /// Parameters of the call, free-form.
        pub parameters: Object,
    }
}
