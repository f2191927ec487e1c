//! What a role allows its function or process to do with DynamoDB, next to what that does.

use std::collections::BTreeSet;

use agentscope_store::TableNames;
use serde_json::Value;

use crate::events::HttpRequest;
use crate::function::Function;
use crate::proxy::Call;
use crate::template::Template;

/// An operation on a table, or on an index of it: `("Query", "table/AgentsTable")`.
pub type Permission = (String, String);

/// What a role of a template allows on tables. In both templates these have the names that
/// [`needed`] gives them.
///
/// # Panics
///
/// A statement is other than `Allow` of operations on resources, all of them named.
pub fn allowed(template: &Template, role: &str) -> BTreeSet<Permission> {
    let mut allowed = BTreeSet::new();
    for statement in statements(template, role) {
        for action in texts(&statement["Action"]) {
            let Some(operation) = action.strip_prefix("dynamodb:") else { continue };
            for resource in texts(&statement["Resource"]) {
                let resource = resource.strip_prefix("arn:aws:dynamodb:eu-central-1:123456789012:");
                let resource = resource.unwrap_or_else(|| panic!("{statement}"));
                assert!(!operation.contains('*') && !resource.contains('*'), "{statement}");
                allowed.insert((operation.to_owned(), resource.to_owned()));
            }
        }
    }
    allowed
}

/// The statements of a role's only policy.
pub fn statements(template: &Template, role: &str) -> Vec<Value> {
    let role = template.resources().remove(role).unwrap();
    assert_eq!(role["Type"], "AWS::IAM::Role");
    assert!(role["Properties"].get("ManagedPolicyArns").is_none());
    let [policy] = &role["Properties"]["Policies"].as_array().unwrap()[..] else { panic!("{role}") };
    let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap().clone();
    for statement in &statements {
        assert_eq!(statement["Effect"], "Allow");
        assert!(statement.get("NotAction").is_none() && statement.get("NotResource").is_none(), "{statement}");
    }
    statements
}

/// What requests to tables with these names need.
pub fn needed(calls: &[Call], names: &TableNames) -> BTreeSet<Permission> {
    let mut needed = BTreeSet::new();
    for Call { operation, input, .. } in calls {
        let tables: Vec<&str> = match input["RequestItems"].as_object() {
            Some(tables) => tables.keys().map(String::as_str).collect(),
            None => vec![input["TableName"].as_str().unwrap()],
        };
        for table in tables {
            let mut resource = format!("table/{}", logical(table, names));
            if let Some(index) = input["IndexName"].as_str() {
                resource = format!("{resource}/index/{index}");
            }
            needed.insert((operation.clone(), resource));
        }
    }
    needed
}

fn logical(table: &str, names: &TableNames) -> &'static str {
    match table {
        name if name == names.sessions => "SessionsTable",
        name if name == names.agents => "AgentsTable",
        name if name == names.teams => "TeamsTable",
        name if name == names.schedules => "SchedulesTable",
        other => panic!("unexpected table {other}"),
    }
}

/// One text, or several, as policies have both.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap()).collect(),
        text => vec![text.as_str().unwrap()],
    }
}

/// Sends every variant of a list request that makes the function send other requests: whole, by
/// page, counted, as a summary, and conditional with entity tags that match and that do not.
///
/// # Panics
///
/// A response is neither a 200, nor a 304 where the tag matches.
pub async fn send_every_variant(function: &mut Function, list: &HttpRequest) {
    let mut cursor = String::new();
    for parameters in ["", "limit=2", "limit=2&cursor={}", "limit=2&count=true", "view=summary"] {
        let mut request = list.clone();
        request.query = [&request.query, &parameters.replace("{}", &cursor)].map(String::as_str).join("&");
        let (status, headers, body) = function.call(&request.http_api()).await;
        assert_eq!(status, 200, "{parameters}: {body}");
        let response: Value = serde_json::from_str(&body).unwrap();
        cursor = response["next_cursor"].as_str().unwrap_or_default().to_owned();
        for (tag, status) in [(headers["etag"].as_str().unwrap(), 304), ("\"another\"", 200)] {
            let mut again = request.clone();
            again.headers.push(("if-none-match".into(), tag.into()));
            assert_eq!(function.call(&again.http_api()).await.0, status, "{parameters}");
        }
    }
}
