//! A DynamoDB for a test, with tables of its own.
//!
//! It is an embedded one unless `TEST_DYNAMODB_URL` names another, such as Amazon's DynamoDB
//! Local.

use std::net::TcpListener;
use std::time::Duration;

use agentscope_model::Release;
use agentscope_store::tables::Table;
use agentscope_store::{
    ClientTimeouts, Detail, ListKey, ListQuery, Page, Store, StoredSession, TableNames, connect, http_client, keys,
};
use agentscope_sync::export::Export;
use agentscope_sync::load;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use indicatif::ProgressBar;

/// A DynamoDB with the four tables.
#[derive(Debug, Clone)]
pub struct TestDynamoDb {
    /// Its endpoint.
    pub url: String,
    /// The tables.
    pub store: Store,
    /// A client, for looking behind the store.
    pub client: Client,
}

impl TestDynamoDb {
    /// Starts or finds a DynamoDB and creates empty tables.
    pub async fn start() -> Self {
        let url = std::env::var("TEST_DYNAMODB_URL").unwrap_or_else(|_| embedded());
        Self::at(url, TableNames::with_prefix(&format!("test-{}", uuid::Uuid::now_v7().simple()))).await
    }

    /// Starts an embedded DynamoDB, whatever `TEST_DYNAMODB_URL` says, and creates these tables.
    pub async fn embedded(names: TableNames) -> Self {
        Self::at(embedded(), names).await
    }

    /// Starts or finds a DynamoDB and creates empty tables whose definitions are changed.
    pub async fn with_definitions(change: impl Fn(Table) -> Table) -> Self {
        let database = Self::start().await;
        let names = TableNames::with_prefix(&format!("test-{}", uuid::Uuid::now_v7().simple()));
        for table in names.definitions() {
            change(table).create(&database.client).await.unwrap();
        }
        Self { store: Store::new(database.client.clone(), names, Release::V2_0_1), ..database }
    }

    async fn at(url: String, names: TableNames) -> Self {
        let client = client(&url);
        for table in names.definitions() {
            table.create(&client).await.unwrap();
        }
        Self { store: Store::new(client.clone(), names, Release::V2_0_1), url, client }
    }

    /// The same, with the records of an export.
    pub async fn with_export(text: &str) -> Self {
        let database = Self::start().await;
        let report = database.load(text).await;
        assert_eq!(report.problems, Vec::<String>::new());
        database
    }

    /// The same tables in the shape of another release.
    pub fn of_release(mut self, release: Release) -> Self {
        self.store = Store::new(self.client.clone(), self.store.names().clone(), release);
        self
    }

    /// Loads the records of an export.
    pub async fn load(&self, text: &str) -> load::Report {
        let export = Export::parse(text).unwrap();
        load::load(&self.store, &export, Duration::from_secs(600), &ProgressBar::hidden()).await.unwrap()
    }

    /// The sessions of a list with their states, in its order, as the index and the changes of the
    /// last minute tell.
    pub async fn sessions(&self, list: ListKey<'_>) -> Vec<StoredSession> {
        let page = Page { limit: usize::MAX, after: None };
        let query = ListQuery { user_id: "alice", list, page, detail: Detail::Full, most_bytes: usize::MAX };
        let rows = self.store.rows(&query).await.unwrap();
        let changes = self.store.activity("alice").await.unwrap().changes;
        let heads = self.store.listed(&query, rows, &changes).await.unwrap().sessions;
        let ids: Vec<_> = heads.iter().map(|head| head.id.clone()).collect();
        let mut sessions = self.store.states("alice", heads, Detail::Full, usize::MAX).await.unwrap();
        ids.iter().filter_map(|id| sessions.remove(id)).collect()
    }

    /// The version of a session of `alice`.
    pub async fn version(&self, id: &str) -> String {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let get = self.client.get_item().table_name(&self.store.names().sessions).consistent_read(true);
        let get = get.key("user_id", text("alice")).key("item", text(&keys::head(id)));
        get.send().await.unwrap().item.unwrap()["version"].as_s().unwrap().clone()
    }

    /// The same tables by way of another endpoint.
    pub fn store_at(&self, url: &str) -> Store {
        Store::new(client(url), self.store.names().clone(), self.store.release())
    }

    /// The store that a function would use.
    pub async fn store_of_a_function(&self) -> Store {
        self.store_with_timeouts(&self.url, ClientTimeouts::FUNCTION).await
    }

    /// The same through another endpoint, with other time-outs.
    pub async fn store_with_timeouts(&self, url: &str, timeouts: ClientTimeouts) -> Store {
        Store::new(connect(Some(url), timeouts).await, self.store.names().clone(), self.store.release())
    }
}

/// A client for an endpoint on this machine.
pub fn client(url: &str) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .region(Region::from_static("us-east-1"))
        .endpoint_url(url)
        .http_client(http_client(ClientTimeouts::FUNCTION))
        .build();
    Client::from_conf(config)
}

/// Starts an embedded DynamoDB that lives as long as the process.
fn embedded() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()).await;
        });
    });
    url
}
