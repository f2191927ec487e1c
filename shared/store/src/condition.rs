//! Conditional writes.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::Item;
use crate::tables::TableRef;
use crate::{Store, StoreError};

/// A condition on one attribute of the item that a write replaces.
pub(crate) struct Condition {
    attribute: &'static str,
    /// The value that the attribute must have; `None` if it must be absent.
    expected: Option<AttributeValue>,
}

impl Condition {
    /// The attribute is absent. Of a key, that no item is stored.
    pub(crate) fn absent(attribute: &'static str) -> Self {
        Self { attribute, expected: None }
    }

    /// The attribute has this value.
    pub(crate) fn equals(attribute: &'static str, expected: AttributeValue) -> Self {
        Self { attribute, expected: Some(expected) }
    }

    fn expression(&self) -> &'static str {
        if self.expected.is_some() { "#attribute = :expected" } else { "attribute_not_exists(#attribute)" }
    }

    fn names(&self) -> HashMap<String, String> {
        HashMap::from([("#attribute".to_owned(), self.attribute.to_owned())])
    }

    fn into_values(self) -> Option<HashMap<String, AttributeValue>> {
        self.expected.map(|expected| HashMap::from([(":expected".to_owned(), expected)]))
    }
}

impl Store {
    /// Puts an item if the condition holds. Returns whether it did.
    pub(crate) async fn put_if(
        &self,
        table: TableRef<'_>,
        item: Item,
        condition: Condition,
    ) -> Result<bool, StoreError> {
        let request = self
            .client
            .put_item()
            .table_name(table.name)
            .set_item(Some(item))
            .condition_expression(condition.expression())
            .set_expression_attribute_names(Some(condition.names()))
            .set_expression_attribute_values(condition.into_values());
        is_condition_met(request.send().await)
    }

    /// Deletes the item with this key if the condition holds. Returns whether it did.
    pub(crate) async fn delete_if(
        &self,
        table: TableRef<'_>,
        key: Item,
        condition: Condition,
    ) -> Result<bool, StoreError> {
        let request = self
            .client
            .delete_item()
            .table_name(table.name)
            .set_key(Some(key))
            .condition_expression(condition.expression())
            .set_expression_attribute_names(Some(condition.names()))
            .set_expression_attribute_values(condition.into_values());
        is_condition_met(request.send().await)
    }
}

/// Whether the condition of a write held. All other failures are errors.
pub(crate) fn is_condition_met<T, E>(response: Result<T, SdkError<E>>) -> Result<bool, StoreError>
where
    StoreError: From<SdkError<E>>,
    E: ProvideErrorMetadata,
{
    match response {
        Ok(_) => Ok(true),
        Err(SdkError::ServiceError(error)) if error.err().code() == Some("ConditionalCheckFailedException") => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
