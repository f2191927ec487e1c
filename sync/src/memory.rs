//! Bounds the memory that records take while they are copied.
//!
//! A record takes many times its size while it is read, parsed, compressed and sent. A few large
//! records at once would exhaust the memory of the process, and again after each restart. So
//! memory is reserved before a record is read. Most records share one part of it, and large ones
//! get the rest one at a time.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// The memory limit in MB if no limit is set and the cgroup has none.
const DEFAULT_LIMIT: u64 = 2048;
/// The memory of the process without records, in bytes. That includes most of what it remembers:
/// the owners of 100,000 session ids, 100,000 expiries and 100,000 changes.
const BASE: u64 = 96 << 20;
/// The memory that records get at least, whatever the limit, in bytes.
const MINIMUM: u64 = 64 << 20;
/// The size of a permit of the semaphore, in bytes.
const UNIT: u64 = 4096;

/// Bytes of memory for each byte of a text while it is read: the text itself, and the buffers of
/// the connection.
const READING: u64 = 3;
/// Bytes of memory for each byte of a text while its record is copied: the parsed record, its
/// documents, the compressed state, and the requests. `cargo xtask bench sync` measures 6.2.
const COPYING: u64 = 7;
/// Further bytes of memory for each JSON object in the text, since a parsed message or block has a
/// fixed size. `cargo xtask bench sync` measures 470 to 590.
const OBJECT: u64 = 600;
/// Records that are copied concurrently share one part in so many of the memory.
const SHARED_PART: u64 = 8;

/// The memory options of the command line.
#[derive(Debug, Clone, Copy, Args)]
pub struct MemoryOptions {
    /// The memory that the process may use. Records that need more are named in the log and not
    /// copied. The default is the limit of the process's cgroup, or 2048 without one.
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(128..=1_048_576))]
    memory_limit_mb: Option<u64>,
}

/// The memory for records.
#[derive(Debug)]
pub struct Memory {
    shared: Arc<Semaphore>,
    /// The memory that concurrently copied records share, in bytes.
    shared_bytes: u64,
    alone: Arc<Mutex<()>>,
    /// The memory for a record that is copied alone, in bytes.
    alone_bytes: u64,
}

/// Reserved memory. Dropping this releases it.
#[derive(Debug)]
pub struct Reserved {
    _shared: Option<OwnedSemaphorePermit>,
    _alone: Option<OwnedMutexGuard<()>>,
}

impl MemoryOptions {
    /// The memory for records.
    pub fn memory(self) -> Memory {
        let from_cgroup = || cgroup_limit(Path::new("/proc/self/cgroup"), Path::new("/sys/fs/cgroup"));
        let bytes = self.memory_limit_mb.map(|megabytes| megabytes << 20).or_else(from_cgroup);
        Memory::new(bytes.unwrap_or(DEFAULT_LIMIT << 20))
    }
}

impl Memory {
    /// The memory that a process with this limit, in bytes, has for records.
    pub fn new(limit: u64) -> Self {
        let all = limit.saturating_sub(BASE).max(MINIMUM);
        let shared_bytes = (all / SHARED_PART).min((Semaphore::MAX_PERMITS as u64).min(u64::from(u32::MAX)) * UNIT);
        Self {
            shared: Arc::new(Semaphore::new(permits(shared_bytes) as usize)),
            shared_bytes,
            alone: Arc::default(),
            alone_bytes: all - shared_bytes,
        }
    }

    /// The most that one of the concurrently copied records may take, in bytes.
    pub fn shared_bytes(&self) -> u64 {
        self.shared_bytes
    }

    /// The most that any record may take, in bytes.
    pub fn alone_bytes(&self) -> u64 {
        self.alone_bytes
    }

    /// Reserves so many bytes of the shared memory, when they are free. Reserves all of it if that
    /// is less.
    pub async fn reserve_shared(&self, bytes: u64) -> Reserved {
        let permits = permits(bytes.min(self.shared_bytes));
        // The semaphore is never closed. If it were, memory would not be bounded, and copying
        // would still work.
        Reserved { _shared: Arc::clone(&self.shared).acquire_many_owned(permits).await.ok(), _alone: None }
    }

    /// Reserves so many bytes for a record: of the shared memory, or of that for a record alone.
    pub async fn reserve(&self, bytes: u64) -> Reserved {
        if bytes <= self.shared_bytes {
            return self.reserve_shared(bytes).await;
        }
        Reserved { _shared: None, _alone: Some(Arc::clone(&self.alone).lock_owned().await) }
    }
}

fn permits(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

/// The memory for reading texts of this length, in bytes.
pub fn for_reading(length: usize) -> u64 {
    length as u64 * READING
}

/// The least memory for copying a record whose text has this length, in bytes.
pub fn for_copying_at_least(length: usize) -> u64 {
    length as u64 * COPYING
}

/// The memory for copying this record, in bytes.
pub fn for_copying(text: &[u8]) -> u64 {
    for_copying_at_least(text.len()) + objects(text) * OBJECT
}

/// Counts the objects in a JSON text. Braces in strings do not count.
fn objects(text: &[u8]) -> u64 {
    let mut count = 0;
    let mut is_in_string = false;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match (byte, is_in_string) {
            (b'"', _) => is_in_string = !is_in_string,
            (b'\\', true) => {
                bytes.next();
            }
            (b'{', false) => count += 1,
            _ => {}
        }
    }
    count
}

/// The lowest memory limit of this process's cgroup and its ancestors, for cgroups v1 and v2;
/// `None` without a limit.
fn cgroup_limit(own: &Path, root: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(own).unwrap_or_default();
    let mut lowest: Option<u64> = None;
    for line in text.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next().unwrap_or_default(), fields.next().unwrap_or("/"));
        let (folder, name) = match controllers {
            "" => (root.to_owned(), "memory.max"),
            controllers if controllers.split(',').any(|name| name == "memory") => {
                (root.join("memory"), "memory.limit_in_bytes")
            }
            _ => continue,
        };
        for group in Path::new(path.trim_start_matches('/')).ancestors() {
            let limit = std::fs::read_to_string(folder.join(group).join(name)).ok();
            // No limit is `max` in v2, and a number near 2^63 in v1.
            let limit = limit.and_then(|text| text.trim().parse::<u64>().ok()).filter(|limit| *limit < 1 << 50);
            lowest = [lowest, limit].into_iter().flatten().min();
        }
    }
    lowest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_lowest_of_the_groups_around_the_process() {
        let folder = std::env::temp_dir().join(format!("agentscope-sync-cgroup-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let limit = || cgroup_limit(&folder.join("cgroup"), &folder.join("fs"));
        assert_eq!(limit(), None);
        write("cgroup", "0::/system.slice/sync.service\n");
        write("fs/system.slice/sync.service/memory.max", "max\n");
        assert_eq!(limit(), None);
        write("fs/system.slice/memory.max", "536870912\n");
        assert_eq!(limit(), Some(512 << 20));
        write("cgroup", "5:cpu:/x\n4:memory:/y\n");
        write("fs/memory/y/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(limit(), None);
        write("fs/memory/memory.limit_in_bytes", "268435456\n");
        assert_eq!(limit(), Some(256 << 20));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn what_is_reserved_is_never_more_than_there_is() {
        let memory = Memory::new(512 << 20);
        assert_eq!(memory.shared_bytes() + memory.alone_bytes() + BASE, 512 << 20);
        let first = memory.reserve_shared(memory.shared_bytes() - UNIT).await;
        let second = memory.reserve_shared(2 * UNIT);
        tokio::pin!(second);
        let wait = std::time::Duration::from_millis(10);
        assert!(tokio::time::timeout(wait, &mut second).await.is_err());
        // A reservation beyond the shared memory takes all of it.
        drop(first);
        drop(second.await);
        drop(memory.reserve_shared(u64::MAX).await);
        let alone = memory.reserve(memory.alone_bytes()).await;
        assert!(tokio::time::timeout(wait, memory.reserve(memory.alone_bytes())).await.is_err());
        drop(memory.reserve(UNIT).await);
        drop(alone);
    }

    #[test]
    fn many_objects_take_more_than_one_text() {
        assert_eq!(objects(br#"{"a":[{},{"b":"{\"{"}],"{":1}"#), 3);
        assert_eq!(for_copying(b"[{},12345]"), 70 + OBJECT);
    }
}
