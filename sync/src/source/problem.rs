//! Explains errors of Redis: their cause and their remedy.

use redis::{ErrorKind, RedisError};

/// Explains an error. The explanation quotes the server, and the server quotes no record.
pub fn explain(error: &RedisError) -> String {
    if error.kind() == ErrorKind::AuthenticationFailed {
        return format!("Redis refused the user or the password: {error}");
    }
    let meaning = match error.code() {
        Some("MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN" | "CROSSSLOT") => {
            "this is a node of a Redis Cluster with several shards, which is not supported: each node has and \
             reports only its own keys"
        }
        Some("LOADING") => "Redis is still loading its data",
        Some("MASTERDOWN") => "this replica has lost its primary and serves no reads",
        Some("READONLY") => "this is a read-only replica",
        Some("NOAUTH") => "Redis requires a user or a password: put them into the URL",
        Some("WRONGPASS") => "Redis refused the user or the password",
        Some("NOPERM") => "the Redis user lacks a permission: sync/deploy/redis.acl has all that are needed",
        Some("OOM") => "Redis has reached its maxmemory",
        Some("BUSY") => "Redis is busy with a script",
        Some("MISCONF") => "Redis cannot save its data, and refuses some commands",
        _ => return error.to_string(),
    };
    format!("{meaning} ({error})")
}

/// Whether Redis refuses the subscription on a working connection: the user may not subscribe, or
/// the server has no such command. Another attempt on the same server gives the same result.
pub fn is_subscription_refused(error: &RedisError) -> bool {
    match error.code() {
        Some("NOPERM") => true,
        // Proxies in front of Redis have their own messages.
        _ => {
            let text = error.to_string().to_lowercase();
            text.contains("unknown command") || text.contains("not supported") || text.contains("unsupported")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: &str) -> RedisError {
        let line = format!("-{line}\r\n");
        redis::parse_redis_value(line.as_bytes()).and_then(redis::Value::extract_error).unwrap_err()
    }

    #[test]
    fn an_error_is_explained_and_quoted() {
        for (line, said) in [
            ("MOVED 866 127.0.0.1:7001", "Redis Cluster"),
            ("CLUSTERDOWN Hash slot not served", "Redis Cluster"),
            ("LOADING Redis is loading the dataset in memory", "still loading"),
            ("NOAUTH Authentication required.", "requires a user or a password"),
            ("WRONGPASS invalid username-password pair", "refused the user or the password"),
            ("NOPERM this user has no permissions to run the 'scan' command", "lacks a permission"),
            ("MASTERDOWN Link with MASTER is down", "lost its primary"),
            ("OOM command not allowed", "maxmemory"),
            ("READONLY You can't write against a read only replica.", "read-only replica"),
        ] {
            let explained = explain(&error(line));
            assert!(explained.contains(said), "{line}: {explained}");
        }
    }

    #[test]
    fn a_refused_subscription_is_told_from_a_lost_connection() {
        assert!(is_subscription_refused(&error("NOPERM No permissions to access a channel")));
        assert!(is_subscription_refused(&error("ERR unknown command 'PSUBSCRIBE', with args beginning with: ")));
        assert!(!is_subscription_refused(&error("LOADING Redis is loading the dataset in memory")));
    }
}
