//! Generates values for fields that a record lacks.
//!
//! AgentScope draws a random id whenever it reads a record without one. Here ids are derived from
//! the record's text, so that loading the same export twice writes the same records.

use uuid::Uuid;

use crate::Timestamp;
use crate::members::Members;
use crate::schema::Generated;

/// The namespace of ids that are derived from a record's text.
const NAMESPACE: Uuid = Uuid::from_u128(0x2d0b_f26a_88f1_4f5c_9d3b_a6c1_7f04_e5d2);

/// Generates the values of one record.
pub(crate) struct Generator {
    seed: Uuid,
    /// The number of ids generated so far.
    ids: u32,
    /// The time of the record or of the message that is being read.
    time: String,
}

impl Generator {
    /// A generator for the record with this text.
    pub(crate) fn new(text: &str) -> Self {
        let members = Members::new(text.trim()).unwrap_or_default();
        // The time when the record was last written, or created.
        let time = ["updated_at", "created_at"].iter().find_map(|name| string(members.get(name)?));
        let time = time.unwrap_or_else(|| Timestamp::now().as_str().to_owned());
        Self { seed: Uuid::new_v5(&NAMESPACE, text.as_bytes()), ids: 0, time }
    }

    /// Replaces the time of the object that is being read. Returns the time before.
    pub(crate) fn set_time(&mut self, time: String) -> String {
        std::mem::replace(&mut self.time, time)
    }

    /// The value of an absent field, as text.
    pub(crate) fn value(&mut self, generated: Generated) -> String {
        match generated {
            Generated::Id => self.next_id(),
            Generated::Now => Timestamp::now().as_str().to_owned(),
            Generated::Time => self.time.clone(),
            Generated::SessionName => self.time.get(..19).unwrap_or(&self.time).replace('T', " "),
            Generated::TimeZone => "UTC".to_owned(),
        }
    }

    /// The next id: 32 hexadecimal digits, as AgentScope writes them.
    fn next_id(&mut self) -> String {
        self.ids += 1;
        Uuid::new_v5(&self.seed, &self.ids.to_be_bytes()).simple().to_string()
    }
}

fn string(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}
