//! Something that happens to the tables.

use agentscope_store::keys;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::records::parse;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

/// Something that happens to the tables.
#[derive(Debug, Clone)]
pub enum Change {
    Session(Value),
    NoSession(&'static str),
    Agent(Value),
    NoAgent(&'static str),
    Team(Value),
    NoTeam(&'static str),
    /// Somebody holds the lease of a session: until then, in seconds since 1970.
    Lease(&'static str, u64),
    NoLease(&'static str),
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

impl Change {
    pub async fn make(&self, database: &TestDynamoDb) {
        let store = &database.store;
        let names = store.names();
        let delete = async |table: &str, sort: &str, value: &str| {
            let delete = database.client.delete_item().table_name(table).key("user_id", text("alice"));
            delete.key(sort, text(value)).send().await.unwrap();
        };
        match self {
            Self::Session(record) => store.put_session(&parse(&record.to_string()).unwrap()).await.unwrap(),
            Self::NoSession(id) => store.delete_session("alice", id).await.unwrap(),
            Self::Agent(record) => store.put_agent(&parse(&record.to_string()).unwrap()).await.unwrap(),
            Self::NoAgent(id) => delete(&names.agents, "id", id).await,
            Self::Team(record) => store.put_team(&parse(&record.to_string()).unwrap()).await.unwrap(),
            Self::NoTeam(id) => delete(&names.teams, "id", id).await,
            Self::NoLease(id) => delete(&names.sessions, "item", &keys::run(id)).await,
            Self::Lease(id, expires_at) => {
                let put = database.client.put_item().table_name(&names.sessions).item("user_id", text("alice"));
                let put = put.item("item", text(&keys::run(id))).item("id", text(id)).item("holder", text("somebody"));
                put.item("expires_at", AttributeValue::N(expires_at.to_string())).send().await.unwrap();
            }
        }
    }
}
