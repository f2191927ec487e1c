//! The records of AgentScope 2.0, as its service stores and returns them.
//!
//! A record that is taken in is read with [`parse`]: every field is checked against its type, absent fields get the
//! reference's defaults, fields that this version does not know are kept in `extra`, and numbers keep their kind and all
//! their digits. Serialized again, a record is compact JSON in the reference's key order, with strings unescaped.

mod agent;
mod block;
mod generated;
mod json;
mod message;
mod misfit;
pub mod non_finite;
pub mod number;
mod permission;
mod record;
#[cfg(test)]
mod recorded;
mod schedule;
mod session;
mod state;
mod status;
mod tagged;
mod task;
mod team;
mod timestamp;
mod tool;
pub mod url;

pub use agent::{AgentData, AgentRecord, AgentSource, ContextConfig, Ratio, ReActConfig};
pub use block::{
    Base64Source, Block, ContentItem, DataBlock, DataSource, HintBlock, Text, TextBlock, ThinkingBlock, ToolCallBlock,
    ToolCallState, ToolResultBlock, ToolResultState, Url, UrlSource,
};
pub use json::{Float, Integer, Json, Object};
pub use message::{Message, Role, Usage};
pub use misfit::{Misfit, parse};
pub use permission::{PermissionBehavior, PermissionContext, PermissionMode, PermissionRule, WorkingDirectory};
pub use record::Extra;
pub use schedule::{ScheduleData, ScheduleRecord, ScheduleSource};
pub use session::{ChatModelConfig, SessionConfig, SessionRecord, SessionSource};
pub use state::AgentState;
pub use status::ParkedStatus;
pub use task::{Task, TaskContext, TaskState};
pub use team::{TeamData, TeamRecord};
pub use timestamp::Timestamp;
pub use tool::{CacheBytes, CacheFiles, ReadCacheEntry, ToolContext};
