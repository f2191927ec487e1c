//! The four tables and their indexes, defined once: whatever creates or checks them takes them from here.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::update_time_to_live::UpdateTimeToLiveError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};

/// The partition key of every table: the owner.
pub const OWNER: &str = "user_id";
/// The index of an agent's sessions.
pub const AGENT_INDEX: Index = Index { name: "agent_id-index", hash: "agent_id", attributes: &["id", "team_id"] };
/// The index of the sessions that a schedule started.
pub const SCHEDULE_INDEX: Index =
    Index { name: "source_schedule_id-index", hash: "source_schedule_id", attributes: &["id", "team_id"] };
/// The index of all sessions of a user, whatever the agent.
pub const USER_INDEX: Index = Index { name: "user_id-index", hash: OWNER, attributes: &["id", "agent_id"] };
/// The range key of the indexes.
pub const LISTING: &str = "listing";
/// When a run lease or a writer's claim ends, in seconds since 1970. DynamoDB deletes it some time after that.
pub const EXPIRES_AT: &str = "expires_at";

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

    /// The tables under these names.
    pub fn definitions(&self) -> [Table; 4] {
        let documents = |name: &str| Table { name: name.to_owned(), sort: "id", indexes: &[], ttl: None };
        [
            Table {
                name: self.sessions.clone(),
                sort: "item",
                indexes: &[AGENT_INDEX, SCHEDULE_INDEX, USER_INDEX],
                ttl: Some(EXPIRES_AT),
            },
            documents(&self.agents),
            documents(&self.teams),
            documents(&self.schedules),
        ]
    }
}

/// A table. Its partition key is [`OWNER`]; all keys are strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its sort key.
    pub sort: &'static str,
    /// Its global secondary indexes.
    pub indexes: &'static [Index],
    /// The attribute that DynamoDB expires items by.
    pub ttl: Option<&'static str>,
}

/// A global secondary index with the range key [`LISTING`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Its hash key.
    pub hash: &'static str,
    /// What it holds besides keys.
    pub attributes: &'static [&'static str],
}

/// Why a table could not be created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The definition is incomplete.
    #[error(transparent)]
    Definition(#[from] BuildError),
    /// DynamoDB refused it, or did not respond.
    #[error("{}", aws_sdk_dynamodb::error::DisplayErrorContext(.0))]
    Create(#[from] SdkError<CreateTableError>),
    /// DynamoDB refused to expire its items, or did not respond.
    #[error("{}", aws_sdk_dynamodb::error::DisplayErrorContext(.0))]
    Expire(#[from] SdkError<UpdateTimeToLiveError>),
}

impl Table {
    /// Creates the table, billed on demand, unless it exists. For local stores, whose tables are there at once: a
    /// deployment gets its tables from its template.
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
            .set_key_schema(Some(keys(OWNER, self.sort)?))
            .attribute_definitions(string(OWNER)?)
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
            if index.hash != OWNER {
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
