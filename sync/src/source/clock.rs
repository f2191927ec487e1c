//! The clock of the Redis server.
//!
//! Redis reports how long a lock lasts, and the tables store when a lease ends. The functions that
//! read the tables compare that with their own clocks, so the stored time has to be true. The
//! clock of this machine may be wrong without notice. The server's clock is the reference that all
//! sync processes of a Redis share.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use redis::RedisResult;

use super::Source;

/// The difference of clocks that is logged, in milliseconds. Below it, leases are right within
/// their margin.
const LOGGED_DIFFERENCE: i64 = 2_000;

/// The last time that the server reported, and what was logged of it.
#[derive(Debug, Default)]
pub(super) struct Clock(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The server's time, and when it was requested. The time since is measured by the monotonic
    /// clock, which does not follow corrections of this machine's clock.
    anchor: Option<(Duration, Instant)>,
    /// How many milliseconds the server was ahead of this machine when it was last logged.
    logged_offset: i64,
    is_refusal_logged: bool,
}

impl Clock {
    /// The time since 1970: the server's, or this machine's until the server has reported its
    /// time.
    pub(super) fn now(&self) -> Duration {
        match self.state().anchor {
            Some((time, at)) => time + at.elapsed(),
            None => local_now(),
        }
    }

    fn set(&self, time: Duration, requested: Instant) {
        let offset = milliseconds(time + requested.elapsed()) - milliseconds(local_now());
        let mut state = self.state();
        state.anchor = Some((time, requested));
        if offset.abs() < LOGGED_DIFFERENCE && state.logged_offset.abs() < LOGGED_DIFFERENCE {
            return;
        }
        if (offset - state.logged_offset).abs() >= LOGGED_DIFFERENCE {
            state.logged_offset = offset;
            drop(state);
            tracing::warn!(
                redis_ahead_ms = offset,
                "the clock of this machine differs from that of Redis; leases end by the clock of Redis"
            );
        }
    }

    fn refuse(&self) {
        let mut state = self.state();
        if !std::mem::replace(&mut state.is_refusal_logged, true) {
            drop(state);
            tracing::warn!(
                "Redis does not report its time; leases end by the clock of this machine. Grant the Redis user +time"
            );
        }
    }

    /// No code panics while it has the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    /// The time since 1970 by the server's clock.
    pub fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Reads the server's clock, and logs a difference to this machine's clock. It is no error if
    /// the user may not run TIME.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn read_clock(&self) -> RedisResult<()> {
        // The server reads its clock after this moment, so `now` is never behind it, and a lease
        // never ends before its lock.
        let requested = Instant::now();
        let time = redis::cmd("TIME").query_async::<(u64, u64)>(&mut self.connection.clone()).await;
        match time {
            Ok((seconds, micros)) => {
                self.clock.set(Duration::from_secs(seconds) + Duration::from_micros(micros), requested);
                Ok(())
            }
            Err(error) if error.code() == Some("NOPERM") => {
                self.clock.refuse();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

fn local_now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_that_of_the_server_once_it_is_known() {
        let clock = Clock::default();
        assert!(clock.now().abs_diff(local_now()) < Duration::from_secs(5));
        let ahead = local_now() + Duration::from_secs(1200);
        clock.set(ahead, Instant::now());
        assert!(clock.now() >= ahead && clock.now() < ahead + Duration::from_secs(5));
        assert!(clock.state().logged_offset > 1_100_000);
        clock.set(local_now(), Instant::now());
        assert_eq!(clock.state().logged_offset / LOGGED_DIFFERENCE, 0);
    }
}
