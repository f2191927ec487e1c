//! Reads of single items.

use crate::item::{Item, projection};
use crate::tables::TableRef;
use crate::{Store, StoreError, keys};

/// Which writes a read reflects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consistency {
    /// The writes of a moment ago, at half the price.
    Eventual,
    /// All writes that completed before the read.
    Strong,
}

impl Store {
    /// Reads these attributes of an item, or all of them if none are named.
    pub(crate) async fn get(
        &self,
        table: TableRef<'_>,
        user_id: &str,
        sort_key: &str,
        attributes: &[&str],
        consistency: Consistency,
    ) -> Result<Option<Item>, StoreError> {
        if !keys::can_exist(user_id, sort_key) {
            return Ok(None);
        }
        let mut request = self.client.get_item().table_name(table.name).set_key(Some(table.key(user_id, sort_key)));
        if !attributes.is_empty() {
            let (expression, names) = projection(attributes.iter().copied());
            request = request.projection_expression(expression).set_expression_attribute_names(Some(names));
        }
        let consistent = (consistency == Consistency::Strong).then_some(true);
        Ok(request.set_consistent_read(consistent).send().await?.item)
    }
}
