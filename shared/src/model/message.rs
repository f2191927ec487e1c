//! The messages of a conversation.

use super::generated;
use super::record::{names, record};
use super::{Block, Integer, Object};

names! {
    /// Who sent a message.
    pub enum Role {
        /// The user.
        User = "user",
        /// The agent.
        Assistant = "assistant",
        /// The service.
        System = "system",
    }
}

record! {
    /// A message.
    pub struct Message {
        /// The sender's name.
        pub name: String,
        /// What the message says, block by block.
        pub content: Vec<Block>,
        /// Who sent it.
        pub role: Role,
        /// The message's id.
        pub id: String = generated::id(),
        /// Anything that a frontend or a tool attached.
        pub metadata: Object = Object::default(),
        /// When the message was begun: text, as it came.
        pub created_at: String = generated::now_text(),
        /// When the message was complete: text, as it came.
        pub finished_at: Option<String> = None,
        /// The tokens that the message cost.
        pub usage: Option<Usage> = None,
    }
}

record! {
    /// Tokens read and written by a model.
    pub struct Usage {
        /// Tokens read.
        pub input_tokens: Integer,
        /// Tokens written.
        pub output_tokens: Integer,
    }
}
