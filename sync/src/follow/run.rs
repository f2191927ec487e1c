//! Following for ever: notifications, reconciliations, and connections that break.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Error, Result, anyhow};
use futures::StreamExt;
use indicatif::ProgressBar;
use redis::Msg;
use redis::aio::{PubSubSink, PubSubStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};

use super::changes::{handle_notification, look_up_owners};
use super::copier::{Copier, Failure};
use super::queue::Queue;
use super::reconcile::{self, Found, Incomplete, reconcile};
use super::workers::{self, BACKOFF, Fatal, Limits};
use crate::observe::{Counts, Mode, Phase};
use crate::source::Source;
use crate::source::notifications::{SETTING, Subscription};
use crate::source::problem::explain;

/// How long what is in flight may take when the process is asked to end. Amazon ECS waits for 30 seconds.
const GRACE: Duration = Duration::from_secs(25);
/// How often it is reported what has been done.
const REPORT: Duration = Duration::from_secs(60);
/// How often a connection on which nothing comes is asked whether it is still there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(10);
/// How often it is looked whether Redis tells of changes still: others may set what it tells.
const CHECK: Duration = Duration::from_secs(30);
/// How often it is looked whether the queue has overflown.
const LOOK: Duration = Duration::from_secs(1);

/// How to follow.
#[derive(Debug, Clone)]
pub struct Options {
    /// How everything is compared.
    pub reconcile: reconcile::Options,
    /// How long after a comparison the next one begins.
    pub every: Duration,
    /// Redis is told to tell of changes.
    pub configure: bool,
    /// A record that does not fit ends everything.
    pub strict: bool,
    /// Where metrics are told of.
    pub namespace: String,
}

/// What follows.
struct Follower {
    copier: Arc<Copier>,
    queue: Arc<Queue>,
    options: Options,
    progress: ProgressBar,
    /// Whether everything has been compared since the process began.
    has_reconciled: bool,
    /// What was last logged of the notifications.
    said: Option<Told>,
}

/// Whether Redis notifies of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    /// The subscription is refused, and why.
    Refused(String),
    /// These flags are missing from its setting.
    Missing(String),
    /// It does not tell its setting, and why.
    Unknown(String),
}

/// Why a connection ended.
enum End {
    /// It broke.
    Lost(String),
    /// Redis allows the subscription now that it refused.
    Allowed,
    /// Everything has to end.
    Fatal(Error),
}

/// Keeps the tables in step until `stopped`. Then what is in flight is finished.
///
/// # Errors
///
/// DynamoDB refuses the first comparison; with `strict`, a record does not fit.
pub async fn follow(
    copier: Arc<Copier>,
    queue: Arc<Queue>,
    options: Options,
    progress: ProgressBar,
    stopped: impl Future<Output = ()>,
) -> Result<()> {
    let fatal = Arc::new(Fatal::default());
    let workers = workers::start(&copier, &queue, Limits { strict: options.strict, attempts: None }, &fatal);
    let mut background = JoinSet::new();
    {
        let (copier, queue) = (Arc::clone(&copier), Arc::clone(&queue));
        background.spawn(async move { look_up_owners(&copier, &queue).await });
    }
    {
        let (copier, queue, namespace) = (Arc::clone(&copier), Arc::clone(&queue), options.namespace.clone());
        background.spawn(async move { report(&copier, &queue, &namespace).await });
    }
    {
        let (copier, queue) = (Arc::clone(&copier), Arc::clone(&queue));
        background.spawn(async move { copier.expirations.watch(copier.source.keys(), &queue).await });
    }
    let mut follower = Follower {
        copier: Arc::clone(&copier),
        queue: Arc::clone(&queue),
        options,
        progress,
        has_reconciled: false,
        said: None,
    };
    let outcome = tokio::select! {
        error = follower.connections() => Err(error),
        reason = fatal.wait() => Err(anyhow!(reason)),
        () = stopped => Ok(()),
    };
    drop(background);
    stop(&copier, &queue, workers).await;
    outcome
}

async fn stop(copier: &Copier, queue: &Queue, workers: JoinSet<()>) {
    copier.observer.set_phase(Phase::Stopping);
    queue.close();
    tracing::info!(in_flight = queue.in_flight(), "ending: finishing what is in flight");
    let is_finished = timeout(GRACE, workers.join_all()).await.is_ok();
    tracing::info!(is_finished, left = queue.len(), "ended; what is left is found by the next start");
}

async fn report(copier: &Copier, queue: &Queue, namespace: &str) {
    let mut before = Counts::default();
    let mut ticks = interval(REPORT);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        copier.observer.report(namespace, &mut before, queue.len());
    }
}

/// Returns when Redis does not respond on this connection any more.
async fn ping(mut sink: PubSubSink) {
    loop {
        sleep(PING).await;
        if !matches!(timeout(PING, sink.ping::<redis::Value>()).await, Ok(Ok(_))) {
            return;
        }
    }
}

/// The same where there is no subscription: Redis does not respond to commands any more.
async fn ping_commands(source: Source) {
    loop {
        sleep(PING).await;
        if source.ready().await.is_err() {
            return;
        }
    }
}

/// The next notification. Without a subscription none ever comes.
async fn next_message(stream: &mut Option<PubSubStream>) -> Option<Msg> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}

impl Follower {
    /// One connection after another. Returns when everything has to end.
    async fn connections(&mut self) -> Error {
        let mut attempt = 0;
        loop {
            let begun = Instant::now();
            match self.connection().await {
                End::Fatal(error) => return error,
                End::Allowed => tracing::info!("Redis allows the subscription to notifications now"),
                End::Lost(cause) => {
                    self.copier.observer.set_phase(Phase::Reconnecting);
                    tracing::warn!(cause, "the connection to Redis is lost");
                }
            }
            attempt = if begun.elapsed() > PING { 0 } else { attempt + 1 };
            BACKOFF.wait(attempt).await;
        }
    }

    async fn connection(&mut self) -> End {
        // Before everything is compared, so that no change falls in between.
        let mut pings = JoinSet::new();
        let (mut stream, refusal) = match self.copier.source.subscribe().await {
            Ok(Subscription::Active(sink, stream)) => {
                pings.spawn(ping(sink));
                (Some(stream), None)
            }
            Ok(Subscription::Refused(cause)) => {
                pings.spawn(ping_commands(self.copier.source.clone()));
                (None, Some(cause))
            }
            Err(error) => return End::Lost(explain(&error)),
        };
        if let Err(error) = self.copier.source.ready().await {
            return End::Lost(explain(&error));
        }
        if let Err(error) = self.copier.source.read_clock().await {
            return End::Lost(explain(&error));
        }
        self.copier.observer.set_phase(Phase::Reconciling);
        let mut comparisons = JoinSet::new();
        let mut next = Instant::now();
        let mut attempt = 0;
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut checks = interval(CHECK);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = next_message(&mut stream) => match message {
                    None => return End::Lost("it was closed".to_owned()),
                    Some(message) => {
                        if let Some(notification) = self.copier.source.notification(&message) {
                            handle_notification(&self.copier, &self.queue, notification);
                        }
                    }
                },
                _ = pings.join_next() => return End::Lost("it does not respond".to_owned()),
                () = sleep_until(next), if comparisons.is_empty() => {
                    let (copier, queue) = (Arc::clone(&self.copier), Arc::clone(&self.queue));
                    let (options, progress) = (self.options.reconcile, self.progress.clone());
                    comparisons.spawn(async move {
                        let found = reconcile(&copier, &queue, options, &progress).await?;
                        queue.wait_drained().await;
                        Ok(found)
                    });
                }
                Some(outcome) = comparisons.join_next() => match outcome {
                    Ok(Ok(found)) => {
                        attempt = 0;
                        next = Instant::now() + self.options.every;
                        self.reconciled(found);
                    }
                    Ok(Err(Incomplete::Failure(Failure::Refused(reason)))) if !self.has_reconciled => {
                        return End::Fatal(anyhow!(reason));
                    }
                    Ok(Err(error)) => {
                        attempt += 1;
                        tracing::error!(attempt, cause = %error, "not everything could be compared");
                        let is_empty = matches!(error, Incomplete::Empty);
                        next = Instant::now() + if is_empty { self.options.every } else { BACKOFF.delay(attempt) };
                    }
                    Err(panic) => return End::Fatal(panic.into()),
                },
                _ = looks.tick() => if self.queue.take_overflown() {
                    tracing::warn!("more has changed than can be remembered: everything is compared");
                    next = Instant::now();
                },
                _ = checks.tick() => {
                    if let Err(error) = self.copier.source.read_clock().await {
                        tracing::warn!(cause = explain(&error), "the clock of Redis cannot be read");
                    }
                    self.tell_notifications(refusal.as_deref()).await;
                    if refusal.is_some() && matches!(self.copier.source.subscribe().await, Ok(Subscription::Active(..))) {
                        return End::Allowed;
                    }
                }
            }
        }
    }

    fn reconciled(&mut self, found: Found) {
        self.has_reconciled = true;
        // Once is enough.
        self.options.reconcile.rewrite = false;
        self.options.reconcile.left_parts = false;
        self.copier.observer.set_phase(Phase::Following);
        self.progress.set_message("records read; following");
        let Found { records, behind, passed_over, took } = found;
        let seconds = took.as_secs_f64();
        let skipped = self.copier.observer.skipped();
        tracing::info!(records, looked_at_again = behind, passed_over, skipped, seconds, "everything was compared");
        for (key, problem) in self.copier.observer.problems() {
            tracing::warn!(key, problem, "this record does not fit, and an older version or none is in the tables");
        }
    }

    /// Logs, whenever it changes, whether Redis notifies of changes.
    async fn tell_notifications(&mut self, refusal: Option<&str>) {
        let source = &self.copier.source;
        if self.options.configure
            && let Err(error) = source.configure_notifications().await
        {
            tracing::error!(cause = %error, "{SETTING} cannot be set");
        }
        let told = match refusal {
            Some(cause) => Told::Refused(cause.to_owned()),
            None => match source.missing_notifications().await {
                Ok(missing) => Told::Missing(missing),
                Err(error) => Told::Unknown(error.to_string()),
            },
        };
        self.copier.observer.set_mode(match &told {
            Told::Refused(_) => Mode::ComparisonOnly,
            Told::Missing(missing) if missing.contains('K') => Mode::ComparisonOnly,
            Told::Missing(missing) if !missing.is_empty() => Mode::SomeNotifications,
            Told::Missing(_) | Told::Unknown(_) => Mode::Notifications,
        });
        if self.said.as_ref() == Some(&told) {
            return;
        }
        let seconds = self.options.every.as_secs();
        match &told {
            Told::Refused(cause) => tracing::warn!(
                cause,
                channels = source.channels().join(" "),
                "Redis refuses the subscription to keyspace notifications: changes are found by comparison alone, every \
                 {seconds} s. The Redis user needs +psubscribe and the channel permission &*, or one for each of these \
                 channels, written exactly so, as &__keyspace@…"
            ),
            Told::Missing(missing) if missing.is_empty() => tracing::info!("Redis tells of every change that matters"),
            Told::Missing(missing) => tracing::warn!(
                missing,
                "{SETTING} lacks flags: not every change is told, and the next comparison has to find it, every {seconds} s. \
                 --configure sets them"
            ),
            Told::Unknown(cause) => tracing::warn!(
                cause,
                "Redis does not say whether it tells of changes: see that {SETTING} has the flags Kg$sxe"
            ),
        }
        self.said = Some(told);
    }
}
