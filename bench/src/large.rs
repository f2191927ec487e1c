//! What large sessions take of memory while `agentscope-sync` copies them.

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::records::{World, agent, noise, session, with};
use agentscope_tests::redis::TestRedis;
use anyhow::Result;
use serde_json::{Value, json};

use crate::sync::Sync;
use crate::text::TextGenerator;

/// A name, and what makes a value of so many bytes.
type Shape = (&'static str, fn(usize) -> Value);

/// What a large session is made of. A parsed value has a size of its own, so that many small ones
/// take more memory than their text.
const SHAPES: [Shape; 5] = [
    ("a conversation", conversation),
    ("one text that does not compress", one_text),
    ("short messages", short_messages),
    ("small values in metadata", small_values),
    ("empty tool results", tool_results),
];

/// Prints a row for each shape and size, in MB. The process has no limit: what is measured is what
/// it needs.
pub(crate) async fn run(binary: &std::path::Path, sizes: &[usize]) -> Result<()> {
    println!("\n| a session of | size | peak memory | for each byte, over the least |\n|---|---|---|---|");
    let least = measure(binary, None).await?;
    for (name, shape) in SHAPES {
        for size in sizes {
            let record = shape(size * 1_000_000);
            let bytes = record.to_string().len();
            let peak = measure(binary, Some(record)).await?;
            let each = peak.saturating_sub(least) as f64 / bytes as f64;
            println!("| {name} | {} MB | {} MB | {each:.1} |", bytes / 1_000_000, peak >> 20);
        }
    }
    Ok(())
}

async fn measure(binary: &std::path::Path, record: Option<Value>) -> Result<u64> {
    let (redis, database) = (TestRedis::start(), TestDynamoDb::start().await);
    redis.put(&World { agents: vec![agent("user", "a")], sessions: record.into_iter().collect(), ..World::default() });
    let sync = Sync { binary, redis: &redis, database: &database };
    let (_, peak, summary) = sync.once(&database.url, &["--memory-limit-mb", "65536"])?;
    eprintln!("{summary}");
    Ok(peak)
}

fn of_messages(messages: Vec<Value>) -> Value {
    with(session("user", "a", "large", "2026-01-01T00:00:00"), "/state/context", messages)
}

fn message(content: Value, metadata: Value) -> Value {
    json!({ "id": "m", "name": "a", "role": "assistant", "content": content, "metadata": metadata })
}

/// As many messages as have this many bytes.
fn repeated(message: Value, bytes: usize) -> Value {
    let count = bytes / (message.to_string().len() + 1);
    of_messages(vec![message; count])
}

fn conversation(bytes: usize) -> Value {
    let session = session("user", "a", "large", "2026-01-01T00:00:00");
    with(session, "/state/context", TextGenerator::new(1).conversation("a", bytes))
}

fn one_text(bytes: usize) -> Value {
    with(session("user", "a", "large", "2026-01-01T00:00:00"), "/state/summary", noise(1, bytes))
}

fn short_messages(bytes: usize) -> Value {
    repeated(message(json!([{ "type": "text", "text": "ok", "id": "b" }]), json!({})), bytes)
}

fn small_values(bytes: usize) -> Value {
    repeated(message(json!([]), json!({ "values": vec![1; 1000], "objects": vec![json!({ "a": {} }); 1000] })), bytes)
}

fn tool_results(bytes: usize) -> Value {
    let result = json!({ "type": "tool_result", "id": "t", "name": "n", "output": [], "state": "success" });
    repeated(message(json!(vec![result; 100]), json!({})), bytes)
}
