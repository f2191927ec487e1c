//! Requests that were recorded, as requests of the SDK.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemFluentBuilder;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnConsumedCapacity, Select};
use futures::future::{BoxFuture, FutureExt, try_join_all};
use serde::Deserialize;
use serde_json::Value;

/// Waves of requests: those of a wave are concurrent, and a wave begins when the one before it has
/// ended.
#[derive(Clone)]
pub(crate) struct Replay(Vec<Vec<Request>>);

#[derive(Clone)]
enum Request {
    Get(GetItemFluentBuilder),
    Batch(BatchGetItemFluentBuilder),
    Query(Box<QueryFluentBuilder>),
}

/// A request as the driver writes it down.
#[derive(Deserialize)]
struct Recorded {
    operation: String,
    input: Value,
}

type Attributes = HashMap<String, Value>;
type Names = HashMap<String, String>;

// A member that is not known here is an error: a request that is replayed without it would be
// another one.

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Get {
    table_name: String,
    key: Attributes,
    projection_expression: Option<String>,
    expression_attribute_names: Option<Names>,
    consistent_read: Option<bool>,
    return_consumed_capacity: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Batch {
    request_items: HashMap<String, BatchTable>,
    return_consumed_capacity: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct BatchTable {
    keys: Vec<Attributes>,
    projection_expression: Option<String>,
    expression_attribute_names: Option<Names>,
    consistent_read: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Query {
    table_name: String,
    index_name: Option<String>,
    key_condition_expression: Option<String>,
    filter_expression: Option<String>,
    projection_expression: Option<String>,
    expression_attribute_names: Option<Names>,
    expression_attribute_values: Option<Attributes>,
    exclusive_start_key: Option<Attributes>,
    limit: Option<i32>,
    scan_index_forward: Option<bool>,
    consistent_read: Option<bool>,
    select: Option<String>,
    return_consumed_capacity: Option<String>,
}

impl Replay {
    /// Reads waves from a file.
    pub(crate) fn read(client: &Client, file: &str) -> Result<Self> {
        let text = std::fs::read(file).with_context(|| file.to_owned())?;
        let waves: Vec<Vec<Recorded>> = serde_json::from_slice(&text)?;
        let request = |recorded: Recorded| {
            let operation = recorded.operation.clone();
            request(client, recorded).with_context(|| format!("a recorded {operation}"))
        };
        let wave = |wave: Vec<Recorded>| wave.into_iter().map(request).collect();
        Ok(Self(waves.into_iter().map(wave).collect::<Result<_>>()?))
    }

    /// A copy that can be sent, made before the clock starts: the SDK takes its inputs by value.
    pub(crate) fn prepare(&self) -> Self {
        self.clone()
    }

    /// Sends the waves, one after the other.
    pub(crate) async fn send(self) -> Result<()> {
        for wave in self.0 {
            try_join_all(wave.into_iter().map(Request::send)).await?;
        }
        Ok(())
    }
}

impl Request {
    fn send(self) -> BoxFuture<'static, Result<()>> {
        async move {
            match self {
                Self::Get(request) => drop(request.send().await?),
                Self::Batch(request) => drop(request.send().await?),
                Self::Query(request) => drop(request.send().await?),
            }
            Ok(())
        }
        .boxed()
    }
}

fn request(client: &Client, Recorded { operation, input }: Recorded) -> Result<Request> {
    Ok(match operation.as_str() {
        "GetItem" => {
            let get: Get = serde_json::from_value(input)?;
            Request::Get(
                client
                    .get_item()
                    .table_name(get.table_name)
                    .set_key(Some(attributes(get.key)?))
                    .set_projection_expression(get.projection_expression)
                    .set_expression_attribute_names(get.expression_attribute_names)
                    .set_consistent_read(get.consistent_read)
                    .set_return_consumed_capacity(capacity(get.return_consumed_capacity)),
            )
        }
        "BatchGetItem" => {
            let batch: Batch = serde_json::from_value(input)?;
            let capacity = capacity(batch.return_consumed_capacity);
            let mut request = client.batch_get_item().set_return_consumed_capacity(capacity);
            for (name, table) in batch.request_items {
                let keys = table.keys.into_iter().map(attributes).collect::<Result<_>>()?;
                let keys = KeysAndAttributes::builder()
                    .set_keys(Some(keys))
                    .set_projection_expression(table.projection_expression)
                    .set_expression_attribute_names(table.expression_attribute_names)
                    .set_consistent_read(table.consistent_read);
                request = request.request_items(name, keys.build()?);
            }
            Request::Batch(request)
        }
        "Query" => {
            let query: Query = serde_json::from_value(input)?;
            Request::Query(Box::new(
                client
                    .query()
                    .table_name(query.table_name)
                    .set_index_name(query.index_name)
                    .set_key_condition_expression(query.key_condition_expression)
                    .set_filter_expression(query.filter_expression)
                    .set_projection_expression(query.projection_expression)
                    .set_expression_attribute_names(query.expression_attribute_names)
                    .set_expression_attribute_values(query.expression_attribute_values.map(attributes).transpose()?)
                    .set_exclusive_start_key(query.exclusive_start_key.map(attributes).transpose()?)
                    .set_limit(query.limit)
                    .set_scan_index_forward(query.scan_index_forward)
                    .set_consistent_read(query.consistent_read)
                    .set_select(query.select.as_deref().map(Select::from))
                    .set_return_consumed_capacity(capacity(query.return_consumed_capacity)),
            ))
        }
        _ => bail!("it cannot be replayed"),
    })
}

fn capacity(wanted: Option<String>) -> Option<ReturnConsumedCapacity> {
    wanted.as_deref().map(ReturnConsumedCapacity::from)
}

fn attributes(attributes: Attributes) -> Result<HashMap<String, AttributeValue>> {
    attributes.into_iter().map(|(name, value)| Ok((name, attribute(&value)?))).collect()
}

/// Keys and the values of expressions are texts and numbers.
fn attribute(value: &Value) -> Result<AttributeValue> {
    if let Some(text) = value["S"].as_str() {
        Ok(AttributeValue::S(text.to_owned()))
    } else if let Some(number) = value["N"].as_str() {
        Ok(AttributeValue::N(number.to_owned()))
    } else {
        bail!("neither text nor number: {value}")
    }
}
