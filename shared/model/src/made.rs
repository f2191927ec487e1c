//! The ids that are made for records that lack one.
//!
//! AgentScope draws a random id whenever it reads such a record. Here ids come from the record's
//! own text, so that loading the same export twice writes the same records.

use uuid::Uuid;

/// The namespace of ids that are made from a record's text.
const NAMESPACE: Uuid = Uuid::from_u128(0x2d0b_f26a_88f1_4f5c_9d3b_a6c1_7f04_e5d2);

/// Makes the ids of one record.
pub(crate) struct Ids {
    seed: Uuid,
    made: u32,
}

impl Ids {
    pub(crate) fn new(text: &str) -> Self {
        Self { seed: Uuid::new_v5(&NAMESPACE, text.as_bytes()), made: 0 }
    }

    /// Another id: 32 hexadecimal digits, as AgentScope writes them.
    pub(crate) fn next(&mut self) -> String {
        self.made += 1;
        Uuid::new_v5(&self.seed, &self.made.to_be_bytes()).simple().to_string()
    }
}
