//! Whether Redis sends keyspace notifications: checked regularly, and logged when it changes.

use super::context::SyncContext;
use super::options::Options;
use crate::observe::Mode;
use crate::source::notifications::SETTING;

/// What Redis says of its notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Status {
    /// It refuses the subscription, for this reason.
    Refused(String),
    /// Its setting lacks these flags.
    Missing(String),
    /// Its setting cannot be read, for this reason.
    Unknown(String),
}

/// Logs the status of the notifications.
#[derive(Debug, Default)]
pub(super) struct NotificationLog {
    logged: Option<Status>,
}

impl NotificationLog {
    /// Checks the status, sets missing flags if the options say so, and logs a changed status.
    pub(super) async fn check(&mut self, context: &SyncContext, options: &Options, refusal: Option<&str>) {
        let source = context.source();
        if options.configure
            && let Err(error) = source.configure_notifications().await
        {
            tracing::error!(cause = %error, "{SETTING} cannot be set");
        }
        let status = match refusal {
            Some(cause) => Status::Refused(cause.to_owned()),
            None => match source.missing_notifications().await {
                Ok(missing) => Status::Missing(missing),
                Err(error) => Status::Unknown(error.to_string()),
            },
        };
        context.observer().set_mode(match &status {
            Status::Refused(_) => Mode::ComparisonOnly,
            Status::Missing(missing) if missing.contains('K') => Mode::ComparisonOnly,
            Status::Missing(missing) if !missing.is_empty() => Mode::SomeNotifications,
            Status::Missing(_) | Status::Unknown(_) => Mode::Notifications,
        });
        if self.logged.as_ref() == Some(&status) {
            return;
        }
        let seconds = options.reconcile_interval.as_secs();
        match &status {
            Status::Refused(cause) => tracing::warn!(
                cause,
                channels = source.channels().join(" "),
                "Redis refuses the subscription to keyspace notifications: only reconciliations find changes, every \
                 {seconds} s. The Redis user needs +psubscribe and the channel permission &*, or one for each of these \
                 channels, written exactly so, as &__keyspace@…"
            ),
            Status::Missing(missing) if missing.is_empty() => {
                tracing::info!("Redis notifies of every relevant change");
            }
            Status::Missing(missing) => tracing::warn!(
                missing,
                "{SETTING} lacks flags: Redis does not notify of every change, and the next reconciliation finds the \
                 others, every {seconds} s. --configure sets the flags"
            ),
            Status::Unknown(cause) => {
                tracing::warn!(cause, "Redis does not report {SETTING}: check that it has the flags Kg$sxe")
            }
        }
        self.logged = Some(status);
    }
}
