//! Leases end in true time, even if the clock of the machine is wrong.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agentscope_tests::records::{World, agent, session};
use agentscope_tests::redis::lock;

use crate::redis::process::Ends;

const TIME: &str = "2026-01-01T00:00:00";

/// A library that shifts the clock of a process by this many seconds.
struct SkewedClock {
    folder: PathBuf,
    library: PathBuf,
}

impl SkewedClock {
    fn by(seconds: i64) -> Self {
        let folder = std::env::temp_dir().join(format!("agentscope-clock-{}{seconds}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
        let code = format!(
            "#define _GNU_SOURCE\n#include <time.h>\n#include <unistd.h>\n#include <sys/syscall.h>\n\
             int clock_gettime(clockid_t id, struct timespec *now) {{\n\
             int result = syscall(SYS_clock_gettime, id, now);\n\
             if (id == CLOCK_REALTIME) now->tv_sec += {seconds};\n\
             return result;\n}}\n"
        );
        std::fs::write(&source, code).unwrap();
        let mut compiler = Command::new("cc");
        let status = compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status().unwrap();
        assert!(status.success());
        Self { folder, library }
    }
}

impl Drop for SkewedClock {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_end_by_the_clock_of_redis() {
    for (seconds, said) in [(-1200, "\"redis_ahead_ms\":1"), (1200, "\"redis_ahead_ms\":-1")] {
        let world = World {
            agents: vec![agent("alice", "a")],
            sessions: vec![session("alice", "a", "s", TIME), session("alice", "a", "t", TIME)],
            running: vec!["s".into()],
            ..World::default()
        };
        let mut ends = Ends::with(&world).await;
        let clock = SkewedClock::by(seconds);
        ends.setup = Some(format!("export LD_PRELOAD={}", clock.library.display()));
        let follower = ends.follow(&["--configure"]);
        let left = async |session: &str| {
            let leases = ends.database.store.leases("alice").await.unwrap();
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            leases
                .iter()
                .find(|lease| lease.session_id == session)
                .map_or(0, |lease| lease.expires_at.saturating_sub(now))
        };
        ends.until("a session runs", async || (500..=602).contains(&left("s").await)).await;
        // `verify` runs with the wrong clock as well.
        ends.settle().await;
        let _: () = ends.redis.send(&["SET", &lock("t"), "token", "EX", "100"]);
        ends.until("another does", async || (50..=102).contains(&left("t").await)).await;
        let _: () = ends.redis.send(&["DEL", &lock("s")]);
        ends.until("the first has ended", async || left("s").await == 0).await;
        // A lock without expiry.
        let _: () = ends.redis.send(&["SET", &lock("t"), "token"]);
        ends.until("it runs for long", async || left("t").await > 500).await;
        ends.settle().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let log = follower.stop().await;
        let named: Vec<_> = log.lines().filter(|line| line.contains("differs from that of Redis")).collect();
        assert!(named.len() == 1 && named[0].contains(said), "{log}");
    }
}
