//! Groups the keys of records into batches of bounded size.

use redis::RedisError;

use crate::follow::context::SyncContext;

/// The most bytes of records in one batch. A larger record is in no batch: the workers take large
/// records one at a time, and compare them as well.
const BATCH_BYTES: usize = 8 << 20;

/// Keys whose records are read together.
pub(super) struct Batch {
    pub(super) keys: Vec<String>,
    /// The length of their texts in bytes.
    pub(super) bytes: usize,
}

/// The keys of records, by size.
pub(super) struct Batches {
    pub(super) batches: Vec<Batch>,
    /// Keys of records that exceed a batch.
    pub(super) large: Vec<String>,
}

/// Groups keys by the length of their texts. Reports keys whose value is not a string.
pub(super) async fn batches(context: &SyncContext, keys: Vec<String>) -> Result<Batches, RedisError> {
    let all_facts = context.source().key_facts(&keys).await?;
    let mut batches: Vec<Batch> = Vec::new();
    let mut large = Vec::new();
    for (key, facts) in keys.into_iter().zip(all_facts) {
        context.expirations().set(&key, facts.expiry);
        match facts.length {
            None => context.skip_wrong_type(&key, "string").await,
            Some(length) if length > BATCH_BYTES => large.push(key),
            Some(length) => match batches.last_mut() {
                Some(batch) if batch.bytes + length <= BATCH_BYTES => {
                    batch.bytes += length;
                    batch.keys.push(key);
                }
                _ => batches.push(Batch { keys: vec![key], bytes: length }),
            },
        }
    }
    Ok(Batches { batches, large })
}
