//! An agent: its prompt and how it reasons.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};

use super::generated;
use super::record::{names, record};
use super::{Float, Integer, Object, Timestamp};

names! {
    /// Who made an agent.
    pub enum AgentSource {
        /// The user.
        User = "user",
        /// A team leader, for its team.
        Team = "team",
    }
}

record! {
    /// An agent.
    pub struct AgentRecord {
        /// The agent's id, unique among its owner's agents.
        pub id: String = generated::id(),
        /// When the record was last written.
        pub updated_at: Timestamp = generated::now(),
        /// When the agent was created.
        pub created_at: Timestamp = generated::now(),
        /// Whose agent it is.
        pub user_id: String,
        /// Who made it.
        pub source: AgentSource = AgentSource::User,
        /// What it is.
        pub data: AgentData,
    }
}

record! {
    /// What an agent is.
    pub struct AgentData {
        /// The id under which the agent knows itself.
        pub id: String = generated::id(),
        /// The name that is shown.
        pub name: String,
        /// The system prompt.
        pub system_prompt: String = "You're a helpful assistant.".to_owned(),
        /// How the context is kept small.
        pub context_config: ContextConfig,
        /// How the agent reasons and acts.
        pub react_config: ReActConfig,
    }
}

/// The default of [`ContextConfig::compression_prompt`], as AgentScope 2.0.1 has it.
const COMPRESSION_PROMPT: &str = "<system-hint>You have been working on the task described above but have not yet \
completed it. Now write a continuation summary that will allow you to resume work efficiently in a future context \
window where the conversation history will be replaced with this summary. Your summary should be structured, concise, \
and actionable.</system-hint>";

/// The default of [`ContextConfig::summary_template`], as AgentScope 2.0.1 has it.
const SUMMARY_TEMPLATE: &str = "<system-info>Here is a summary of your previous work\n# Task Overview\n\
{task_overview}\n\n# Current State\n{current_state}\n\n# Important Discoveries\n{important_discoveries}\n\n\
# Next Steps\n{next_steps}\n\n# Context to Preserve\n{context_to_preserve}</system-info>";

record! {
    /// How an agent's context is kept small.
    pub struct ContextConfig {
        /// How full the context may get before it is compressed.
        pub trigger_ratio: Ratio = Ratio::of("0.8"),
        /// How much of the context is left as it is.
        pub reserve_ratio: Ratio = Ratio::of("0.1"),
        /// What the model is told when it compresses.
        pub compression_prompt: String = COMPRESSION_PROMPT.to_owned(),
        /// How the summary is put into the context.
        pub summary_template: String = SUMMARY_TEMPLATE.to_owned(),
        /// The JSON schema of the summary.
        pub summary_schema: Object = Object::default(),
        /// How many tokens of a tool's result are kept.
        pub tool_result_limit: Integer = Integer::from(3000),
    }
}

record! {
    /// How an agent reasons and acts.
    pub struct ReActConfig {
        /// How often at the most in one reply.
        pub max_iters: Integer = Integer::from(20),
        /// Whether it stops when the user denies a tool call.
        pub stop_on_reject: bool = false,
    }
}

/// A share of the context: between 0 and 0.9, both excluded.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Ratio(
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 0.9)))] Float,
);

impl Ratio {
    fn of(text: &str) -> Self {
        Self(Float::new(text).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Float::deserialize(deserializer)?;
        if value.to_f64() > 0.0 && value.to_f64() < 0.9 {
            Ok(Self(value))
        } else {
            Err(D::Error::invalid_value(Unexpected::Other(value.as_str()), &"a number over 0 and under 0.9"))
        }
    }
}
