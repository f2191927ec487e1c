//! Credentials and messages are never read.

use std::sync::{Arc, Mutex};

use agentscope_tests::records::{World, agent, session};
use redis::Client;

use crate::redis::process::Ends;

const SECRET: &str = "sk-hunter2";
const TIME: &str = "2026-01-01T00:00:00";

#[tokio::test(flavor = "multi_thread")]
async fn no_credential_and_no_message_is_ever_read() {
    let ends = Ends::with(&World {
        agents: vec![agent("alice", "a")],
        sessions: vec![session("alice", "a", "s", TIME)],
        ..World::default()
    })
    .await;
    let secret = |user_id: &str, id: &str| serde_json::json!({ "id": id, "user_id": user_id, "created_at": TIME, "data": { "api_key": SECRET, "name": SECRET } });
    let credentials = [
        "agentscope:user:alice:credential:c",
        // These can be records of users with unusual ids.
        "agentscope:user:alice:credential:c:session:s",
        "agentscope:user:alice:credential:c:agent:a",
    ];
    for key in credentials {
        let _: () = ends.redis.send(&["SET", key, &secret("alice", "c").to_string()]);
    }
    let messages = "agentscope:user:alice:session:s:messages";
    let _: () = ends.redis.send(&["RPUSH", messages, SECRET]);
    // Invalid records are not logged either.
    let _: () = ends.redis.send(&["SET", "agentscope:user:alice:agent:b", &secret("alice", "b").to_string()]);

    let commands = watched(&ends).await;
    let follower = ends.follow(&["--configure", "--reconcile-seconds", "1"]);
    let is_there = async || ends.database.store.agent("alice", "a").await.unwrap().is_some();
    ends.until("the records are there", is_there).await;
    for key in credentials {
        let _: () = ends.redis.send(&["SET", key, &secret("alice", "d").to_string()]);
        let _: () = ends.redis.send(&["EXPIRE", key, "100"]);
    }
    let _: () = ends.redis.send(&["RPUSH", messages, SECRET]);
    let _: () = ends.redis.send(&["SET", "agentscope:user:alice:session:t:messages", SECRET]);
    // Long enough for two reconciliations.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    let log = follower.stop().await;
    let (_, differences, errors) = ends.run(&["verify"]).await;

    for text in [&log, &differences, &errors, &format!("{:?}", ends.items().await)] {
        assert!(!text.contains(SECRET), "{text}");
    }
    assert!(log.contains("passed over a key") && log.contains(credentials[1]), "{log}");
    let commands = commands.lock().unwrap();
    // The test's own commands contain a secret, or are EXPIRE.
    let own = |line: &&String| !line.contains(SECRET) && !line.to_uppercase().contains("\"EXPIRE\"");
    let read: Vec<_> =
        commands.iter().filter(own).filter(|line| line.contains("credential") || line.contains("messages")).collect();
    assert_eq!(read, Vec::<&String>::new());
    assert!(commands.iter().any(|line| line.contains("\"GET\" \"agentscope:user:alice:session:s\"")), "{commands:?}");
}

/// The commands that Redis receives from now on.
async fn watched(ends: &Ends) -> Arc<Mutex<Vec<String>>> {
    let mut connection = Client::open(ends.redis.url.as_str()).unwrap().get_connection().unwrap();
    let commands = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&commands);
    connection.send_packed_command(&redis::cmd("MONITOR").get_packed_command()).unwrap();
    let _: redis::Value = connection.recv_response().unwrap();
    std::thread::spawn(move || {
        while let Ok(redis::Value::SimpleString(line)) = connection.recv_response() {
            seen.lock().unwrap().push(line);
        }
    });
    commands
}
