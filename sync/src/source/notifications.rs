//! Keyspace notifications, by which Redis reports changes.
//! <https://redis.io/docs/latest/develop/pubsub/keyspace-notifications/>

use std::time::Duration;

use anyhow::Result;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Msg, RedisError, RedisResult};

use super::Source;
use super::problem::is_subscription_refused;

/// The Redis setting that enables them.
pub const SETTING: &str = "notify-keyspace-events";

/// The required flags: `K` notifications by key, `g` generic commands such as DEL, RENAME and
/// EXPIRE, `$` strings, `s` sets, `x` expired keys, `e` evicted keys.
const NEEDED: &str = "Kg$sxe";

/// The required flags that the flag `A` includes.
const ALL: &str = "g$sxe";

/// How long a subscription may take. A proxy may drop the command without a response.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(15);

/// The result of an attempt to subscribe.
pub enum Subscription {
    /// The server sends notifications.
    Active(PubSubSink, PubSubStream),
    /// The server or its access rules refuse the subscription, for this reason.
    Refused(String),
}

/// Returns the required flags that a setting lacks.
pub fn missing(setting: &str) -> String {
    let has = |flag| setting.contains(flag) || (setting.contains('A') && ALL.contains(flag));
    NEEDED.chars().filter(|flag| !has(*flag)).collect()
}

/// A change that Redis notifies of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The key that changed.
    pub key: String,
    /// The event: `set`, `del`, `expired`, and so on.
    pub event: String,
}

impl Source {
    /// Subscribes to the changes of all relevant keys.
    ///
    /// # Errors
    ///
    /// Redis does not respond.
    pub async fn subscribe(&self) -> RedisResult<Subscription> {
        let subscribed = async {
            let (mut sink, stream) = self.client.get_async_pubsub().await?.split();
            Ok(match sink.psubscribe(self.channels()).await {
                Ok(()) => Subscription::Active(sink, stream),
                Err(error) if is_subscription_refused(&error) => Subscription::Refused(error.to_string()),
                Err(error) => return Err(error),
            })
        };
        match tokio::time::timeout(SUBSCRIBE_TIMEOUT, subscribed).await {
            Ok(subscribed) => subscribed,
            Err(_) => Err(RedisError::from((redis::ErrorKind::Io, "no response to PSUBSCRIBE"))),
        }
    }

    /// The channel patterns of the subscription.
    pub fn channels(&self) -> Vec<String> {
        let db = self.db;
        self.keys().patterns().into_iter().map(|pattern| format!("__keyspace@{db}__:{pattern}")).collect()
    }

    /// Reads a message; `None` if the name of its key is not UTF-8.
    pub fn notification(&self, message: &Msg) -> Option<Notification> {
        let channel: String = message.get_channel().ok()?;
        let (_, key) = channel.split_once("__:")?;
        Some(Notification { key: key.to_owned(), event: message.get_payload().ok()? })
    }

    /// Returns the required flags that the server's setting lacks.
    ///
    /// # Errors
    ///
    /// Redis does not report its settings. Many managed services do not.
    pub async fn missing_notifications(&self) -> RedisResult<String> {
        Ok(missing(&self.notifications_setting().await?))
    }

    /// Adds the required flags to the server's setting, and keeps its other flags. Returns the new
    /// setting.
    ///
    /// # Errors
    ///
    /// Redis does not allow it.
    pub async fn configure_notifications(&self) -> Result<String> {
        let setting = self.notifications_setting().await?;
        let missing = missing(&setting);
        let setting = format!("{setting}{missing}");
        if !missing.is_empty() {
            let mut command = redis::cmd("CONFIG");
            command.arg("SET").arg(SETTING).arg(&setting);
            command.query_async::<()>(&mut self.connection.clone()).await?;
        }
        Ok(setting)
    }

    async fn notifications_setting(&self) -> RedisResult<String> {
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg(SETTING);
        let settings: Vec<String> = command.query_async(&mut self.connection.clone()).await?;
        Ok(settings.into_iter().nth(1).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn the_flags_that_are_missing_are_named() {
        assert_eq!(missing(""), "Kg$sxe");
        assert_eq!(missing("AKE"), "");
        assert_eq!(missing("AE"), "K");
        assert_eq!(missing("K"), "g$sxe");
        assert_eq!(missing("Kg$"), "sxe");
        assert_eq!(missing("xK$gesz"), "");
    }
}
