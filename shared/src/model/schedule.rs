//! A schedule: it starts sessions by itself.

use super::generated;
use super::record::{names, record};
use super::{ChatModelConfig, PermissionMode, Timestamp};

names! {
    /// Who made a schedule.
    pub enum ScheduleSource {
        /// The user.
        User = "USER",
        /// An agent.
        Agent = "AGENT",
    }
}

record! {
    /// A schedule.
    pub struct ScheduleRecord {
        /// The schedule's id, unique among its owner's schedules.
        pub id: String = generated::id(),
        /// When the record was last written.
        pub updated_at: Timestamp = generated::now(),
        /// When the schedule was created.
        pub created_at: Timestamp = generated::now(),
        /// Whose schedule it is.
        pub user_id: String,
        /// The agent that runs.
        pub agent_id: String,
        /// When and how it runs.
        pub data: ScheduleData,
    }
}

record! {
    /// When and how a schedule runs.
    pub struct ScheduleData {
        /// The name that is shown.
        pub name: String,
        /// What the schedule is for.
        pub description: String = String::new(),
        /// Whether it runs at all.
        pub enabled: bool = true,
        /// The time zone of the cron expression, by its IANA name.
        pub timezone: String = "UTC".to_owned(),
        /// When it runs: five fields.
        pub cron_expression: String,
        /// From when on it runs.
        pub started_at: Timestamp = generated::now(),
        /// Until when it runs.
        pub ended_at: Option<Timestamp> = None,
        /// The model of the sessions that it starts.
        pub chat_model_config: ChatModelConfig,
        /// Whether its runs share one state.
        pub stateful: bool = false,
        /// What the agent may do while nobody watches.
        pub permission_mode: PermissionMode = PermissionMode::DontAsk,
        /// Who made it.
        pub source: ScheduleSource = ScheduleSource::User,
        /// The session in which it was made; empty if none.
        pub source_session_id: String = String::new(),
    }
}
