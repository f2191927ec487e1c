//! The definitions of the four tables and their indexes.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::update_time_to_live::UpdateTimeToLiveError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};

use crate::attributes::{
    AGENT_ID, BULK_SIZE, CONVERSATION_AT, EXPIRES_AT, ID, ITEM, JSON, LISTING, PARKED_STATUS, PARTS, RELEASE,
    SOURCE_SCHEDULE_ID, TEAM_ID, TOOL_CONTEXT_AT, USER_ID, VERSION,
};
use crate::item::{Item, key};

/// The attributes of a session's head that the indexes of lists project: everything that a trimmed
/// list shows, and what a whole list needs to find the bulk.
const LISTED: &[&str] =
    &[ID, TEAM_ID, VERSION, RELEASE, JSON, CONVERSATION_AT, TOOL_CONTEXT_AT, PARKED_STATUS, PARTS, BULK_SIZE];

/// The index of an agent's sessions.
pub const AGENT_INDEX: Index = Index { name: "agent_id-index", hash: AGENT_ID, attributes: LISTED };
/// The index of the sessions that a schedule started.
pub const SCHEDULE_INDEX: Index =
    Index { name: "source_schedule_id-index", hash: SOURCE_SCHEDULE_ID, attributes: LISTED };
/// The index of all sessions of a user.
pub const USER_INDEX: Index = Index { name: "user_id-index", hash: USER_ID, attributes: &[ID, AGENT_ID] };

/// The names of the tables of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableNames {
    /// Sessions, their states and run leases.
    pub sessions: String,
    /// Agents.
    pub agents: String,
    /// Teams.
    pub teams: String,
    /// Schedules.
    pub schedules: String,
}

impl TableNames {
    /// `<prefix>-sessions`, `<prefix>-agents`, `<prefix>-teams` and `<prefix>-schedules`.
    pub fn with_prefix(prefix: &str) -> Self {
        Self {
            sessions: format!("{prefix}-sessions"),
            agents: format!("{prefix}-agents"),
            teams: format!("{prefix}-teams"),
            schedules: format!("{prefix}-schedules"),
        }
    }

    /// The definitions of the tables with these names.
    pub fn definitions(&self) -> [Table; 4] {
        let documents = |name: &str| Table { name: name.to_owned(), sort: ID, indexes: &[], ttl: None };
        [
            Table {
                name: self.sessions.clone(),
                sort: ITEM,
                indexes: &[AGENT_INDEX, SCHEDULE_INDEX, USER_INDEX],
                ttl: Some(EXPIRES_AT),
            },
            documents(&self.agents),
            documents(&self.teams),
            documents(&self.schedules),
        ]
    }
}

/// A table with the name of its sort key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableRef<'a> {
    pub(crate) name: &'a str,
    pub(crate) sort: &'static str,
}

impl TableRef<'_> {
    /// The key of an item.
    pub(crate) fn key(self, user_id: &str, sort_key: impl Into<String>) -> Item {
        key(user_id, self.sort, sort_key)
    }
}

/// The definition of a table. Its partition key is [`USER_ID`]; all keys are strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its sort key.
    pub sort: &'static str,
    /// Its global secondary indexes.
    pub indexes: &'static [Index],
    /// The attribute with the time at which DynamoDB may delete an item.
    pub ttl: Option<&'static str>,
}

/// A global secondary index with the range key [`LISTING`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Its hash key.
    pub hash: &'static str,
    /// The projected attributes besides the keys.
    pub attributes: &'static [&'static str],
}

/// Why a table could not be created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The definition is incomplete.
    #[error(transparent)]
    Definition(#[from] BuildError),
    /// DynamoDB refused to create it, or did not respond.
    #[error("{}", aws_sdk_dynamodb::error::DisplayErrorContext(.0))]
    Create(#[from] SdkError<CreateTableError>),
    /// DynamoDB refused to enable its time to live, or did not respond.
    #[error("{}", aws_sdk_dynamodb::error::DisplayErrorContext(.0))]
    Expire(#[from] SdkError<UpdateTimeToLiveError>),
}

impl Table {
    /// Creates the table, billed on demand, unless it exists. For local databases, whose tables
    /// are active at once: a deployment gets its tables from its template.
    ///
    /// # Errors
    ///
    /// DynamoDB refuses, or does not respond.
    pub async fn create(&self, client: &Client) -> Result<(), CreateError> {
        let string = |name: &str| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
        };
        let keys = |hash: &str, range: &str| {
            let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
            Ok::<_, BuildError>(vec![key(hash, KeyType::Hash)?, key(range, KeyType::Range)?])
        };
        let mut request = client
            .create_table()
            .table_name(&self.name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(Some(keys(USER_ID, self.sort)?))
            .attribute_definitions(string(USER_ID)?)
            .attribute_definitions(string(self.sort)?);
        for index in self.indexes {
            let projection = Projection::builder()
                .projection_type(ProjectionType::Include)
                .set_non_key_attributes(Some(index.attributes.iter().map(|name| (*name).to_owned()).collect()))
                .build();
            let index_definition = GlobalSecondaryIndex::builder()
                .index_name(index.name)
                .set_key_schema(Some(keys(index.hash, LISTING)?))
                .projection(projection)
                .build()?;
            request = request.global_secondary_indexes(index_definition);
            if index.hash != USER_ID {
                request = request.attribute_definitions(string(index.hash)?);
            }
        }
        if !self.indexes.is_empty() {
            request = request.attribute_definitions(string(LISTING)?);
        }
        match request.send().await {
            Ok(_) => {}
            Err(error) if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) => {
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        if let Some(attribute) = self.ttl {
            let ttl = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build()?;
            client.update_time_to_live().table_name(&self.name).time_to_live_specification(ttl).send().await?;
        }
        Ok(())
    }
}
