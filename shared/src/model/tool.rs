//! What an agent's tools remember.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};

use super::record::record;
use super::{Float, Integer};

/// How many files may be cached: more than 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct CacheFiles(#[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 1)))] Integer);

impl Default for CacheFiles {
    fn default() -> Self {
        Self(Integer::from(100))
    }
}

impl<'de> Deserialize<'de> for CacheFiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Integer::deserialize(deserializer)?;
        // An integer that does not fit 64 bits is far beyond the bound, or below zero.
        let large_enough = value.to_i64().map_or(!value.as_str().starts_with('-'), |count| count > 1);
        if large_enough {
            Ok(Self(value))
        } else {
            Err(D::Error::invalid_value(Unexpected::Other(value.as_str()), &"an integer over 1"))
        }
    }
}

/// How many bytes may be cached: more than 10,000.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct CacheBytes(#[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 10_000)))] Float);

impl Default for CacheBytes {
    fn default() -> Self {
        Self(Float::new("25000.0").unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for CacheBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Float::deserialize(deserializer)?;
        if value.to_f64() > 10_000.0 {
            Ok(Self(value))
        } else {
            Err(D::Error::invalid_value(Unexpected::Other(value.as_str()), &"a number over 10000"))
        }
    }
}

record! {
    /// A file that a tool has read.
    pub struct ReadCacheEntry {
        /// Its lines.
        pub lines: Vec<String>,
        /// When it was modified, in seconds since 1970.
        pub updated_at: Float,
        /// Its size, in the unit that the reference counts in (KiB).
        pub bytes: Float,
        /// Its path.
        pub file_path: String,
    }
}

record! {
    /// What the tools remember.
    #[derive(Default)]
    pub struct ToolContext {
        /// How many files may be cached.
        pub max_cache_files: CacheFiles = CacheFiles::default(),
        /// How many bytes may be cached.
        pub max_cache_bytes: CacheBytes = CacheBytes::default(),
        /// Files that were read, oldest first.
        pub read_file_cache: Vec<ReadCacheEntry> = Vec::new(),
        /// The tool groups that the agent has switched on.
        pub activated_groups: Vec<String> = Vec::new(),
    }
}
