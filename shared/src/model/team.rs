//! A team: a session that leads, and agents that work for it.

use super::Timestamp;
use super::generated;
use super::record::record;

record! {
    /// A team.
    pub struct TeamRecord {
        /// The team's id, unique among its owner's teams.
        pub id: String = generated::id(),
        /// When the record was last written.
        pub updated_at: Timestamp = generated::now(),
        /// When the team was created.
        pub created_at: Timestamp = generated::now(),
        /// Whose team it is.
        pub user_id: String,
        /// The session that leads the team.
        pub session_id: String,
        /// What the team is for and who is in it.
        pub data: TeamData,
    }
}

record! {
    /// What a team is for and who is in it.
    pub struct TeamData {
        /// The name that is shown.
        pub name: String,
        /// What the team is for.
        pub description: String = String::new(),
        /// The agents that work for the team.
        pub member_ids: Vec<String> = Vec::new(),
    }
}
