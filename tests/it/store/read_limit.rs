//! Reads stop when they have brought more than a response can hold.

use agentscope_store::{AgentKey, Changes, Detail, ListKey, ListQuery, Page, ReadLimit, StoreError};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::proxy::DynamoDbProxy;
use agentscope_tests::records::{World, agent, session, team, with};

#[tokio::test]
async fn agents_are_read_until_they_exceed_the_limit() {
    let ids: Vec<_> = (0..900).map(|number| format!("a{number}")).collect();
    let world = World { agents: ids.iter().map(|id| agent("alice", id)).collect(), ..World::default() };
    let database = TestDynamoDb::with_export(&world.text()).await;
    let proxy = DynamoDbProxy::delaying(&database.url).await;
    let store = database.store_at(&proxy.url);
    let keys = || ids.iter().map(|id| AgentKey::new("alice", id)).collect();

    let agents = store.agents(keys(), &ReadLimit::new(usize::MAX), &Changes::default()).await.unwrap();
    assert_eq!((agents.len(), proxy.take().len()), (900, 9));

    let bytes: usize = agents.values().map(|agent| agent.json.len()).sum();
    let error = store.agents(keys(), &ReadLimit::new(bytes / 900), &Changes::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::ExceedsLimit(read) if read > bytes / 900), "{error}");
    // At most the requests that were in flight before the first response.
    assert!(proxy.take().len() <= 6);
}

#[tokio::test]
async fn teams_and_agents_count_together() {
    let world =
        World { agents: vec![agent("alice", "a")], teams: vec![team("alice", "t", "s", &["a"])], ..World::default() };
    let database = TestDynamoDb::with_export(&world.text()).await;
    let read = async |most: usize| {
        let limit = ReadLimit::new(most);
        let teams = database.store.teams("alice", vec!["t".into()], &limit, &Changes::default()).await?;
        let agents = database.store.agents(vec![AgentKey::new("alice", "a")], &limit, &Changes::default()).await?;
        let sizes = teams.values().map(|team| team.json.len()).chain(agents.values().map(|agent| agent.json.len()));
        Ok::<usize, StoreError>(sizes.sum())
    };
    let bytes = read(usize::MAX).await.unwrap();
    assert_eq!(read(bytes).await.unwrap(), bytes);
    assert!(matches!(read(bytes - 1).await, Err(StoreError::ExceedsLimit(read)) if read == bytes));
}

/// The rows that are read of a list that is too large are those of its first sessions.
#[tokio::test]
async fn rows_are_read_in_the_order_of_the_list() {
    let mut ids: Vec<_> = (0..900).map(|number| format!("s{number}")).collect();
    let long = |id: &String| {
        let session = session("alice", "a", id, "2026-01-01T00:00:00");
        with(session, "/config/name", "x".repeat(7_000))
    };
    let world = World { sessions: ids.iter().map(long).collect(), ..World::default() };
    let database = TestDynamoDb::with_export(&world.text()).await;
    let page = Page { limit: 1000, after: None };
    let query =
        ListQuery { user_id: "alice", list: ListKey::Agent("a"), page, detail: Detail::Summary, most_bytes: 1_000_000 };
    let rows = database.store.rows(&query).await.unwrap();
    let listed = database.store.listed(&query, rows, &Changes::default()).await.unwrap();
    // 2 MB of them are read in any case, and 1 MB with each request.
    let read: Vec<_> = listed.sessions.into_iter().map(|head| head.id).collect();
    assert!(listed.is_cut && (2 << 20) / 8_000 < read.len() && read.len() < 450, "{}", read.len());
    ids.sort_by(|one, other| other.cmp(one));
    assert_eq!(read, ids[..read.len()]);
}
