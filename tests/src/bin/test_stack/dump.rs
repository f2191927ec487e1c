//! All that lies in the tables, and what is compressed in it.

use std::collections::BTreeMap;

use agentscope_store::TableNames;
use agentscope_tests::proxy::Upstream;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// Every item of every table as DynamoDB returns it, and the texts that their compressed
/// attributes hold.
pub(crate) async fn dump(upstream: &Upstream, names: &TableNames) -> Value {
    let mut tables = Map::new();
    for name in [&names.sessions, &names.agents, &names.teams, &names.schedules] {
        tables.insert(name.clone(), Value::Array(scan(upstream, name).await));
    }
    let mut packed = BTreeMap::<(String, String), BTreeMap<u64, Vec<u8>>>::new();
    for item in tables[&names.sessions].as_array().unwrap() {
        let text = |name: &str| item[name]["S"].as_str().unwrap().to_owned();
        let (owner, key) = (text("user_id"), text("item"));
        for attribute in ["bulk", "data"] {
            let Some(bytes) = item[attribute]["B"].as_str() else { continue };
            let bytes = BASE64_STANDARD.decode(bytes).unwrap();
            // The parts of a state follow each other by their numbers.
            let (of, number) = match key.rsplit_once('#') {
                Some((of, number)) if attribute == "data" => (of.to_owned(), number.parse().unwrap()),
                _ => (key.clone(), 0),
            };
            packed.entry((owner.clone(), of)).or_default().insert(number, bytes);
        }
    }
    let (mut texts, mut damaged) = (Vec::new(), Vec::new());
    for (key, parts) in packed {
        let bytes: Vec<u8> = parts.into_values().flatten().collect();
        match zstd::decode_all(bytes.as_slice()).map(String::from_utf8) {
            Ok(Ok(text)) => texts.push(text),
            _ => damaged.push(key),
        }
    }
    json!({ "tables": tables, "texts": texts, "damaged": damaged })
}

async fn scan(upstream: &Upstream, table: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut input = json!({ "TableName": table, "ConsistentRead": true });
    loop {
        let (status, mut page) = upstream.request("Scan", &input).await;
        assert_eq!(status, 200, "{page}");
        items.append(page["Items"].as_array_mut().unwrap());
        match page["LastEvaluatedKey"].take() {
            Value::Null => return items,
            key => input["ExclusiveStartKey"] = key,
        }
    }
}
