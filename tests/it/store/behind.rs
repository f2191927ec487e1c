//! Shared by the tests of the tables: records, responses, and the items that store them.

use std::collections::HashMap;

use agentscope_model::SessionRecord;
use agentscope_store::keys;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::records::{json_of, parse};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

pub type Item = HashMap<String, AttributeValue>;

/// The largest item, in bytes (a limit of DynamoDB's).
pub const ITEM_LIMIT: usize = 400 * 1024;

pub fn record(session: &Value) -> SessionRecord {
    parse(&session.to_string()).unwrap()
}

/// The response of a list that holds nothing but this record.
pub fn list_of(record: &SessionRecord) -> String {
    format!(r#"{{"sessions":[{}],"total":1}}"#, json_of(record))
}

pub fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn query(database: &TestDynamoDb, user_id: &str) -> QueryFluentBuilder {
    let query = database.client.query().table_name(&database.store.names().sessions).consistent_read(true);
    query.key_condition_expression("user_id = :user").expression_attribute_values(":user", text(user_id))
}

/// A user's items in the sessions table, in the order of their sort keys.
pub async fn items(database: &TestDynamoDb, user_id: &str) -> Vec<Item> {
    let items: Vec<Item> =
        query(database, user_id).into_paginator().items().send().collect::<Result<_, _>>().await.unwrap();
    items.into_iter().filter(|item| !is_change_mark(item)).collect()
}

/// Whether an item is a change mark, which ends by itself.
fn is_change_mark(item: &Item) -> bool {
    item.get("item").is_some_and(|key| key.as_s().unwrap().starts_with(keys::CHANGE_PREFIX))
}

/// A user's sort keys in the sessions table, in order, without change marks.
pub async fn sort_keys(database: &TestDynamoDb, user_id: &str) -> Vec<String> {
    let query = query(database, user_id).projection_expression("#item").expression_attribute_names("#item", "item");
    let items: Vec<Item> = query.into_paginator().items().send().collect::<Result<_, _>>().await.unwrap();
    items.iter().filter(|item| !is_change_mark(item)).map(|item| item["item"].as_s().unwrap().clone()).collect()
}

/// How many items there are in all tables, without change marks.
pub async fn count(database: &TestDynamoDb) -> usize {
    let mut count = 0;
    for table in database.store.names().definitions() {
        let scan = database.client.scan().table_name(table.name).consistent_read(true);
        let items: Vec<Item> = scan.into_paginator().items().send().collect::<Result<_, _>>().await.unwrap();
        count += items.iter().filter(|item| !is_change_mark(item)).count();
    }
    count
}

pub async fn put_item(database: &TestDynamoDb, item: Item) {
    let table = &database.store.names().sessions;
    database.client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
}

/// A version of the year 6429.
pub const FUTURE: &str = "7fffffff-ffff-7fff-8000-000000000000";

/// Gives the state of one of alice's sessions another version, as if its writer's clock had been
/// wrong.
pub async fn set_version(database: &TestDynamoDb, id: &str, version: &str) {
    let (head, parts) = head_and_parts(database, "alice", id).await;
    let current = head["version"].as_s().unwrap().clone();
    for mut item in items(database, "alice").await {
        let sort_key = item["item"].as_s().unwrap().clone();
        if parts.contains(&sort_key) {
            item.insert("item".into(), text(&sort_key.replace(&current, version)));
            put_item(database, item).await;
            let key = Item::from([("user_id".into(), text("alice")), ("item".into(), text(&sort_key))]);
            let table = &database.store.names().sessions;
            database.client.delete_item().table_name(table).set_key(Some(key)).send().await.unwrap();
        }
    }
    put_item(database, Item::from_iter(head.into_iter().chain([("version".into(), text(version))]))).await;
}

/// A session's head, and the sort keys that it may have besides: those of its parts.
pub async fn head_and_parts(database: &TestDynamoDb, user_id: &str, id: &str) -> (Item, Vec<String>) {
    let get = database.client.get_item().table_name(&database.store.names().sessions).consistent_read(true);
    let head = get.key("user_id", text(user_id)).key("item", text(&keys::head(id))).send().await.unwrap().item.unwrap();
    let prefix = keys::parts(id);
    let parts = sort_keys(database, user_id).await.into_iter().filter(|key| key.starts_with(&prefix));
    (head, parts.collect())
}

/// The sort keys of a session's parts: of those that are there, and of those that its head names.
pub async fn parts(database: &TestDynamoDb, user_id: &str, id: &str) -> (Vec<String>, Vec<String>) {
    let (head, mut found) = head_and_parts(database, user_id, id).await;
    let version = head["version"].as_s().unwrap();
    let count = head.get("parts").map_or(0, |count| count.as_n().unwrap().parse().unwrap());
    let mut named: Vec<_> = (0..count).map(|number| keys::part(id, version, number)).collect();
    found.sort();
    named.sort();
    (found, named)
}

/// # Panics
///
/// The session has other parts than those that its head names.
pub async fn has_its_own_parts_only(database: &TestDynamoDb, user_id: &str, id: &str) {
    let (found, named) = parts(database, user_id, id).await;
    assert_eq!(found, named);
}

/// The size that DynamoDB counts for an item, in bytes.
pub fn size(item: &Item) -> usize {
    fn value_size(value: &AttributeValue) -> usize {
        match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len() / 2 + 2,
            AttributeValue::B(bytes) => bytes.as_ref().len(),
            AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
            AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + value_size(value)).sum::<usize>(),
            other => panic!("unexpected {other:?}"),
        }
    }
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}
