//! The attributes and the size of items.

use std::collections::HashMap;

use agentscope_model::Release;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::value::RawValue;

use crate::attributes::{RELEASE, USER_ID};
use crate::tables::TableRef;
use crate::usage::count_other_release;
use crate::{ConstraintViolation, StoreError};

/// The largest item, in bytes (a limit of DynamoDB's).
pub(crate) const ITEM_LIMIT: usize = 400 * 1024;

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// The key of an item.
pub(crate) fn key(user_id: &str, sort: &str, sort_key: impl Into<String>) -> Item {
    HashMap::from([(USER_ID.to_owned(), text(user_id)), (sort.to_owned(), text(sort_key))])
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A projection expression for these attributes, and its placeholders: some names are reserved
/// words.
pub(crate) fn projection<'a>(names: impl Iterator<Item = &'a str>) -> (String, HashMap<String, String>) {
    let names: Vec<_> = names.enumerate().map(|(index, name)| (format!("#{index}"), name.to_owned())).collect();
    let expression = names.iter().map(|(placeholder, _)| placeholder.as_str()).collect::<Vec<_>>().join(",");
    (expression, names.into_iter().collect())
}

/// The size of an item as DynamoDB counts it, in bytes.
pub(crate) fn size(item: &Item) -> usize {
    fn value_size(value: &AttributeValue) -> usize {
        match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len() / 2 + 2,
            AttributeValue::B(bytes) => bytes.as_ref().len(),
            AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
            AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + value_size(value)).sum::<usize>(),
            AttributeValue::M(members) => {
                3 + members.iter().map(|(name, value)| 1 + name.len() + value_size(value)).sum::<usize>()
            }
            _ => 1,
        }
    }
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

/// # Errors
///
/// The item is larger than DynamoDB accepts.
pub(crate) fn check_size(item: &Item) -> Result<(), ConstraintViolation> {
    match size(item) {
        size if size > ITEM_LIMIT => {
            Err(ConstraintViolation { field: ".", problem: format!("{size} bytes, expected at most {ITEM_LIMIT}") })
        }
        _ => Ok(()),
    }
}

/// # Errors
///
/// The id is empty, or too long for its place in a key.
pub(crate) fn check_key(field: &'static str, id: &str, limit: usize) -> Result<(), ConstraintViolation> {
    match id.len() {
        0 => Err(ConstraintViolation { field, problem: "it is empty".into() }),
        length if length > limit => {
            Err(ConstraintViolation { field, problem: format!("{length} bytes, expected at most {limit}") })
        }
        _ => Ok(()),
    }
}

/// The attributes of an item, for reading one after the other. An attribute that is missing or has
/// another type is an error that names the item.
pub(crate) struct Fields<'a> {
    table: TableRef<'a>,
    item: Item,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(table: TableRef<'a>, item: Item) -> Self {
        Self { table, item }
    }

    pub(crate) fn unreadable(&self, problem: impl Into<String>) -> StoreError {
        let key = |name: &str| self.item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
        StoreError::Unreadable {
            table: self.table.name.to_owned(),
            user_id: key(USER_ID),
            key: key(self.table.sort),
            problem: problem.into(),
        }
    }

    /// A text that stays in the item.
    pub(crate) fn get_text(&self, name: &str) -> Option<&str> {
        Some(self.item.get(name)?.as_s().ok()?)
    }

    /// A required text. Keys stay in the item, so that a later error can name it.
    pub(crate) fn text(&mut self, name: &str) -> Result<String, StoreError> {
        self.optional_text(name)?.ok_or_else(|| self.unreadable(format!("{name} is missing")))
    }

    pub(crate) fn optional_text(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let is_key = name == USER_ID || name == self.table.sort;
        let value = if is_key { self.item.get(name).cloned() } else { self.item.remove(name) };
        match value {
            None => Ok(None),
            Some(AttributeValue::S(text)) => Ok(Some(text)),
            Some(_) => Err(self.unreadable(format!("{name} is not a string"))),
        }
    }

    /// A text that holds JSON.
    fn optional_json(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let Some(text) = self.optional_text(name)? else { return Ok(None) };
        match serde_json::from_str::<&RawValue>(&text) {
            Ok(_) => Ok(Some(text)),
            Err(error) => Err(self.unreadable(format!("{name} is not JSON: {error}"))),
        }
    }

    /// A text that holds a JSON object without surrounding whitespace: responses embed it as it
    /// is.
    pub(crate) fn optional_object(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let text = self.optional_json(name)?;
        self.in_braces(name, text)
    }

    /// The same without parsing what is between the braces. For the rows of an index, of which a
    /// list has hundreds: parsing takes a tenth of the time of a trimmed list.
    pub(crate) fn optional_unparsed_object(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let text = self.optional_text(name)?;
        self.in_braces(name, text)
    }

    fn in_braces(&self, name: &str, text: Option<String>) -> Result<Option<String>, StoreError> {
        match text {
            Some(text) if !(text.starts_with('{') && text.ends_with('}')) => {
                Err(self.unreadable(format!("{name} is not a JSON object")))
            }
            object => Ok(object),
        }
    }

    /// Like [`optional_object`](Self::optional_object), of a required text.
    pub(crate) fn object(&mut self, name: &str) -> Result<String, StoreError> {
        self.optional_object(name)?.ok_or_else(|| self.unreadable(format!("{name} is missing")))
    }

    /// Counts the item if it was written in the shape of another release, or of none.
    pub(crate) fn note_release(&mut self, release: Release) -> Result<(), StoreError> {
        if self.optional_text(RELEASE)?.as_deref() != Some(release.as_str()) {
            count_other_release();
        }
        Ok(())
    }

    /// A list of maps.
    pub(crate) fn optional_maps(&mut self, name: &str) -> Result<Option<Vec<Item>>, StoreError> {
        let values = match self.item.remove(name) {
            None => return Ok(None),
            Some(AttributeValue::L(values)) => values,
            Some(_) => return Err(self.unreadable(format!("{name} is not a list"))),
        };
        let maps: Option<_> =
            values.into_iter().map(|value| if let AttributeValue::M(map) = value { Some(map) } else { None }).collect();
        maps.map(Some).ok_or_else(|| self.unreadable(format!("{name} is not a list of maps")))
    }

    pub(crate) fn optional_bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.item.remove(name) {
            None => Ok(None),
            Some(AttributeValue::B(bytes)) => Ok(Some(Blob::into_inner(bytes))),
            Some(_) => Err(self.unreadable(format!("{name} is not binary"))),
        }
    }

    pub(crate) fn optional_number(&mut self, name: &str) -> Result<Option<u64>, StoreError> {
        match self.item.remove(name) {
            None => Ok(None),
            Some(AttributeValue::N(digits)) if digits.parse::<u64>().is_ok() => Ok(digits.parse().ok()),
            Some(_) => Err(self.unreadable(format!("{name} is not a whole number"))),
        }
    }

    /// A set of texts; empty if it is absent, since DynamoDB stores no empty set.
    pub(crate) fn text_set(&mut self, name: &str) -> Result<Vec<String>, StoreError> {
        match self.item.remove(name) {
            None => Ok(Vec::new()),
            Some(AttributeValue::Ss(texts)) => Ok(texts),
            Some(_) => Err(self.unreadable(format!("{name} is not a set of strings"))),
        }
    }

    pub(crate) fn texts(&mut self, name: &str) -> Result<Vec<String>, StoreError> {
        let values = match self.item.remove(name) {
            Some(AttributeValue::L(values)) => values,
            _ => return Err(self.unreadable(format!("{name} is not a list"))),
        };
        let texts: Option<_> = values
            .into_iter()
            .map(|value| if let AttributeValue::S(text) = value { Some(text) } else { None })
            .collect();
        texts.ok_or_else(|| self.unreadable(format!("{name} is not a list of strings")))
    }
}
