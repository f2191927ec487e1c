//! The names of the attributes of all items.

/// The partition key of every table: the user who owns the item.
pub const USER_ID: &str = "user_id";
/// The sort key of the tables of agents, teams and schedules. The id of a session as well.
pub const ID: &str = "id";
/// The sort key of the sessions table.
pub const ITEM: &str = "item";
/// The range key of the indexes.
pub const LISTING: &str = "listing";
/// The agent of a session; the hash key of an index.
pub const AGENT_ID: &str = "agent_id";
/// The schedule that started a session; the hash key of an index.
pub const SOURCE_SCHEDULE_ID: &str = "source_schedule_id";
/// The end of a run lease or of a writer's claim, in seconds since 1970. DynamoDB deletes the item
/// some time after that.
pub const EXPIRES_AT: &str = "expires_at";

/// The agent of a session that the index must not find.
pub(crate) const UNINDEXED_AGENT_ID: &str = "unindexed_agent_id";
/// The schedule of a session that the index must not find.
pub(crate) const UNINDEXED_SOURCE_SCHEDULE_ID: &str = "unindexed_source_schedule_id";
/// The team of a session.
pub(crate) const TEAM_ID: &str = "team_id";
/// What a session waits for while it does not run.
pub(crate) const PARKED_STATUS: &str = "parked_status";
/// The version of a session's state.
pub(crate) const VERSION: &str = "version";
/// The JSON of a record.
pub(crate) const JSON: &str = "json";
/// The JSON of a session that is too large for the rows of the indexes.
pub(crate) const UNPROJECTED_JSON: &str = "unprojected_json";
/// The release in whose shape a record was written.
pub(crate) const RELEASE: &str = "release";
/// The digest of the source record of a replica.
pub(crate) const CONTENT_HASH: &str = "content_hash";

/// The offset of the summary and the conversation in a session's JSON.
pub(crate) const CONVERSATION_AT: &str = "conversation_at";
/// The offset of the tool context in a session's JSON.
pub(crate) const TOOL_CONTEXT_AT: &str = "tool_context_at";
/// The compressed bulk of a state, in the head.
pub(crate) const BULK: &str = "bulk";
/// The number of parts that hold the bulk.
pub(crate) const PARTS: &str = "parts";
/// The size of the bulk before compression, in bytes.
pub(crate) const BULK_SIZE: &str = "bulk_size";
/// The bytes of a part.
pub(crate) const DATA: &str = "data";

/// The session that leads a team; the session of a team's member.
pub(crate) const SESSION_ID: &str = "session_id";
/// The agent that leads a team.
pub(crate) const LEADER_AGENT_ID: &str = "leader_agent_id";
/// The ids of a team's member agents.
pub(crate) const MEMBER_IDS: &str = "member_ids";
/// The roster of a team.
pub(crate) const MEMBERS: &str = "members";
/// The owner of a team's member.
pub(crate) const OWNER_ID: &str = "owner_id";
/// The start of the lists of members in a team's JSON.
pub(crate) const MEMBERS_START: &str = "members_start";
/// The end of the lists of members in a team's JSON.
pub(crate) const MEMBERS_END: &str = "members_end";

/// The holder of a run lease.
pub(crate) const HOLDER: &str = "holder";

/// The records that a change mark is about: ids, each followed by the version that is written and
/// its range key in the indexes.
pub(crate) const RECORDS: &str = "records";
/// The lists and the teams that a changed session belongs to.
pub(crate) const REFERENCES: &str = "references";
