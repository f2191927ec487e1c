//! What the commands have in common on the command line: where the records are, and where the copies.

use std::path::PathBuf;

use agentscope_model::Release;
use agentscope_store::{ClientTimeouts, Store, TableNames, connect};
use clap::Args;

use crate::source::template::{KeyTemplate, LockTemplate};
use crate::source::{Keys, SourceOptions};

/// The tables.
#[derive(Debug, Clone, Args)]
pub struct Tables {
    /// The DynamoDB endpoint, if it is not Amazon's. One on this machine needs no credentials.
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
    /// The release of AgentScope that wrote the records, in whose shape they are kept. The
    /// functions have to be set to the same.
    #[arg(long, env = "AGENTSCOPE_RELEASE", default_value_t = Release::OLDEST, value_name = "RELEASE")]
    release: Release,
}

impl Tables {
    /// The release of AgentScope that wrote the records.
    pub fn release(&self) -> Release {
        self.release
    }

    /// The store over them. Sends nothing.
    pub async fn store(self, patience: ClientTimeouts) -> Store {
        let names = TableNames {
            sessions: self.sessions_table,
            agents: self.agents_table,
            teams: self.teams_table,
            schedules: self.schedules_table,
        };
        Store::new(connect(self.endpoint_url.as_deref(), patience).await, names, self.release)
    }
}

/// Redis, and the names of AgentScope's keys there: the defaults are those of AgentScope 2.0.1.
#[derive(Debug, Clone, Args)]
pub struct Redis {
    /// redis://, rediss:// (TLS) or redis+unix://, with user and password if it takes any. As an argument it can be seen by
    /// everybody on the machine; as REDIS_URL it cannot.
    #[arg(env = "REDIS_URL", hide_env_values = true)]
    url: String,
    /// The number of the database, if it is another than the address says.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(0..))]
    db: Option<i64>,
    /// Certificates in PEM to trust instead of the machine's.
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
    /// Keys of the locks of sessions that run.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:session:lock:{sid}")]
    lock_key: LockTemplate,
    /// Keys of credentials, which are never read.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:user:{user_id}:credential:{credential_id}")]
    credential_key: KeyTemplate,
    /// Keys of messages, which are never read.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:user:{user_id}:session:{session_id}:messages")]
    messages_key: KeyTemplate,
    /// Keys of the sets of message ids, which are never read.
    #[arg(long, value_name = "TEMPLATE", default_value = "agentscope:user:{user_id}:session:{session_id}:message_ids")]
    message_ids_key: KeyTemplate,
}

impl Redis {
    /// How to reach it.
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
