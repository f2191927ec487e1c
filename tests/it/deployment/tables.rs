//! Tables, keys, indexes.

use std::collections::{BTreeMap, BTreeSet};

use agentscope_store::TableNames;
use agentscope_store::tables::{LISTING, OWNER, Table};
use agentscope_tests::template::Template;
use serde_json::{Value, json};

const KIND: &str = "AWS::DynamoDB::Table";

fn names() -> TableNames {
    TableNames {
        sessions: "SessionsTable".into(),
        agents: "AgentsTable".into(),
        teams: "TeamsTable".into(),
        schedules: "SchedulesTable".into(),
    }
}

/// The properties that follow from the code's definition, in a form that knows no order where
/// DynamoDB knows none.
fn expected(table: &Table) -> BTreeMap<&'static str, Value> {
    let keys = |hash: &str, range: &str| json!([{ "AttributeName": hash, "KeyType": "HASH" }, { "AttributeName": range, "KeyType": "RANGE" }]);
    let mut attributes: BTreeSet<_> = [OWNER, table.sort].into();
    let mut indexes = BTreeMap::new();
    for index in table.indexes {
        attributes.extend([index.hash, LISTING]);
        let others: BTreeSet<_> = index.attributes.iter().collect();
        indexes.insert(index.name, json!({ "keys": keys(index.hash, LISTING), "besides": others }));
    }
    let attributes: BTreeMap<_, _> = attributes.into_iter().map(|name| (name, "S")).collect();
    let ttl = table.ttl.map(|name| json!({ "AttributeName": name, "Enabled": true }));
    [
        ("keys", keys(OWNER, table.sort)),
        ("attributes", json!(attributes)),
        ("indexes", json!(indexes)),
        ("ttl", json!(ttl)),
    ]
    .into()
}

/// The same of the template's properties.
fn found(properties: &Value) -> BTreeMap<&'static str, Value> {
    let mut indexes = BTreeMap::new();
    for index in properties["GlobalSecondaryIndexes"].as_array().into_iter().flatten() {
        assert_eq!(index["Projection"]["ProjectionType"], "INCLUDE");
        let others: BTreeSet<_> = strings(&index["Projection"]["NonKeyAttributes"]).collect();
        let place = index["IndexName"].as_str().unwrap();
        indexes.insert(place, json!({ "keys": index["KeySchema"], "besides": others }));
    }
    let attributes = properties["AttributeDefinitions"].as_array().unwrap();
    let attributes: BTreeMap<_, _> =
        attributes.iter().map(|one| (one["AttributeName"].as_str().unwrap(), &one["AttributeType"])).collect();
    [
        ("keys", properties["KeySchema"].clone()),
        ("attributes", json!(attributes)),
        ("indexes", json!(indexes)),
        ("ttl", properties["TimeToLiveSpecification"].clone()),
    ]
    .into()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap())
}

#[test]
fn every_table_is_as_the_code_defines_it() {
    let tables = Template::with(&[]).of_type(KIND);
    let definitions = names().definitions();
    let defined: BTreeSet<_> = definitions.iter().map(|table| table.name.clone()).collect();
    assert_eq!(tables.keys().cloned().collect::<BTreeSet<_>>(), defined);
    for table in &definitions {
        let properties = &tables[&table.name]["Properties"];
        assert_eq!(found(properties), expected(table), "{}", table.name);
        assert!(properties.get("LocalSecondaryIndexes").is_none() && properties.get("TableName").is_none());
    }
}

#[test]
fn every_table_is_kept_backed_up_encrypted_and_billed_by_use() {
    for protects in ["true", "false"] {
        for key in ["", "arn:aws:kms:eu-central-1:123456789012:key/k"] {
            for (name, table) in Template::with(&[("DeletionProtection", protects), ("KmsKeyArn", key)]).of_type(KIND) {
                for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
                    assert_eq!(table[policy], "Retain", "{name}");
                }
                let properties = &table["Properties"];
                assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
                assert_eq!(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
                assert_eq!(properties["DeletionProtectionEnabled"], protects == "true");
                let mut encryption = json!({ "SSEEnabled": true, "SSEType": "KMS" });
                if !key.is_empty() {
                    encryption["KMSMasterKeyId"] = json!(key);
                }
                assert_eq!(properties["SSESpecification"], encryption, "{name}");
            }
        }
    }
}

#[test]
fn a_table_that_exists_is_not_made() {
    for table in names().definitions() {
        let parameter = format!("{}Name", table.name);
        let template = Template::with(&[(&parameter, "theirs")]);
        let made: BTreeSet<_> = template.of_type(KIND).into_keys().collect();
        assert!(made.len() == 3 && !made.contains(&table.name), "{made:?}");
        // Nothing else of the stack requests the one that is not there.
        let rest = serde_json::to_string(&template.resources()).unwrap();
        assert!(!rest.contains(&format!("\"{}\"", table.name)) && !rest.contains(&format!("table/{}", table.name)));
        assert!(rest.contains("table/theirs"));
    }
}
