//! The options that the commands share: both ends, and the release.

use std::path::PathBuf;

use agentscope_model::Release;
use agentscope_store::{ClientTimeouts, Store, TableNames};
use clap::Args;

use crate::source::template::{KeyTemplate, LockTemplate};
use crate::source::{Keys, SourceOptions};

/// The DynamoDB tables.
#[derive(Debug, Clone, Args)]
pub struct Tables {
    /// The endpoint of another DynamoDB than Amazon's. A local endpoint needs no credentials.
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// The table of sessions.
    #[arg(long, env = "SESSIONS_TABLE", default_value = "agentscope-sessions", value_name = "NAME")]
    sessions_table: String,
    /// The table of agents.
    #[arg(long, env = "AGENTS_TABLE", default_value = "agentscope-agents", value_name = "NAME")]
    agents_table: String,
    /// The table of teams.
    #[arg(long, env = "TEAMS_TABLE", default_value = "agentscope-teams", value_name = "NAME")]
    teams_table: String,
    /// The table of schedules.
    #[arg(long, env = "SCHEDULES_TABLE", default_value = "agentscope-schedules", value_name = "NAME")]
    schedules_table: String,
    /// The release of AgentScope that wrote the records. It decides the shape of the items, and
    /// the functions must have the same setting.
    #[arg(long, env = "AGENTSCOPE_RELEASE", default_value_t = Release::OLDEST, value_name = "RELEASE")]
    release: Release,
}

impl Tables {
    /// The release of AgentScope that wrote the records.
    pub fn release(&self) -> Release {
        self.release
    }

    /// A store over the tables. It sends no request yet.
    pub async fn store(self, timeouts: ClientTimeouts) -> Store {
        let names = TableNames {
            sessions: self.sessions_table,
            agents: self.agents_table,
            teams: self.teams_table,
            schedules: self.schedules_table,
        };
        Store::new(agentscope_store::connect(self.endpoint_url.as_deref(), timeouts).await, names, self.release)
    }
}

/// Redis, and the templates of AgentScope's keys. The defaults are those of AgentScope 2.0.1.
#[derive(Debug, Clone, Args)]
pub struct Redis {
    /// redis://, rediss:// (TLS) or redis+unix://, with user and password if necessary. Every user
    /// of the machine can see arguments; use REDIS_URL to hide the password.
    #[arg(env = "REDIS_URL", hide_env_values = true)]
    url: String,
    /// The number of the database. It overrides the one in the URL.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(0..))]
    db: Option<i64>,
    /// Certificates in PEM format to trust instead of the machine's.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Keys of agents.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:user:{user_id}:agent:{agent_id}")]
    agent_key: KeyTemplate,
    /// Keys of sessions.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:user:{user_id}:session:{session_id}")]
    session_key: KeyTemplate,
    /// Keys of teams.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:user:{user_id}:team:{team_id}")]
    team_key: KeyTemplate,
    /// Keys of schedules.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:user:{user_id}:schedule:{schedule_id}")]
    schedule_key: KeyTemplate,
    /// Keys of the lists of agents' sessions.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:user:{user_id}:agent:{agent_id}:sessions")]
    session_index_key: KeyTemplate,
    /// Keys of the lists of schedules' sessions.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:user:{user_id}:schedule:{schedule_id}:sessions")]
    schedule_session_index_key: KeyTemplate,
    /// Keys of the run locks of sessions.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:session:lock:{sid}")]
    lock_key: LockTemplate,
    /// Keys of credentials. They are never read.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:user:{user_id}:credential:{credential_id}")]
    credential_key: KeyTemplate,
    /// Keys of messages. They are never read.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:user:{user_id}:session:{session_id}:messages")]
    messages_key: KeyTemplate,
    /// Keys of the sets of message ids. They are never read.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:user:{user_id}:session:{session_id}:message_ids")]
    message_ids_key: KeyTemplate,
}

impl Redis {
    /// How to connect to Redis.
    pub fn source(self, release: Release) -> SourceOptions {
        let keys = Keys {
            agent: self.agent_key,
            session: self.session_key,
            team: self.team_key,
            schedule: self.schedule_key,
            agent_sessions: self.session_index_key,
            schedule_sessions: self.schedule_session_index_key,
            lock: self.lock_key,
            credential: self.credential_key,
            messages: self.messages_key,
            release,
            others: Keys::never_read_in(release),
            message_ids: self.message_ids_key,
        };
        SourceOptions { url: self.url, db: self.db, ca_file: self.ca_file, keys }
    }
}

/// What to do about records of a later release than the set one.
pub fn set_release(later: Release) -> String {
    format!("these records come from AgentScope {later} or later: set --release (or AGENTSCOPE_RELEASE)")
}
