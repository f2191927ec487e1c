//! Connections to Redis: notifications and reconciliations on each, until it breaks.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Error, anyhow};
use futures::StreamExt;
use indicatif::ProgressBar;
use redis::Msg;
use redis::aio::{PubSubSink, PubSubStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, sleep_until, timeout};

use super::changes::handle_notification;
use super::context::SyncContext;
use super::failure::Failure;
use super::notification_status::NotificationLog;
use super::options::Options;
use super::queue::Queue;
use super::reconcile::{Found, Incomplete, reconcile};
use super::work::WriteMode;
use super::workers::BACKOFF;
use crate::observe::Phase;
use crate::source::Source;
use crate::source::notifications::Subscription;
use crate::source::problem::explain;

/// The interval between pings on a quiet connection, and how long Redis may take to respond to
/// one.
const PING: Duration = Duration::from_secs(10);
/// Interval for re-checking that keyspace notifications are enabled: another client may change the
/// setting.
const CHECK: Duration = Duration::from_secs(30);
/// The interval between checks of whether the queue has overflowed.
const OVERFLOW_CHECK: Duration = Duration::from_secs(1);

/// Follows the changes in Redis.
pub(super) struct Follower {
    context: Arc<SyncContext>,
    queue: Arc<Queue>,
    options: Options,
    progress: ProgressBar,
    /// Whether a reconciliation was completed since the process started.
    has_reconciled: bool,
    notification_log: NotificationLog,
}

/// Why a connection ended.
enum End {
    /// It broke.
    Lost(String),
    /// Redis now allows the subscription that it refused before.
    Allowed,
    /// The process has to end.
    Fatal(Error),
}

/// Schedules the next reconciliation.
struct ReconcileTimer {
    next: Instant,
    failed_attempts: u32,
}

impl Follower {
    pub(super) fn new(context: Arc<SyncContext>, queue: Arc<Queue>, options: Options, progress: ProgressBar) -> Self {
        let notification_log = NotificationLog::default();
        Self { context, queue, options, progress, has_reconciled: false, notification_log }
    }

    /// Opens one connection after another. Returns when the process has to end.
    pub(super) async fn run(&mut self) -> Error {
        let mut attempt = 0;
        loop {
            let begun = Instant::now();
            match self.connection().await {
                End::Fatal(error) => return error,
                End::Allowed => tracing::info!("Redis now allows the subscription to notifications"),
                End::Lost(cause) => {
                    self.context.observer().set_phase(Phase::Reconnecting);
                    tracing::warn!(cause, "the connection to Redis is lost");
                }
            }
            attempt = if begun.elapsed() > PING { 0 } else { attempt + 1 };
            BACKOFF.wait(attempt).await;
        }
    }

    async fn connection(&mut self) -> End {
        let source = self.context.source().clone();
        let mut pings = JoinSet::new();
        // The subscription begins before the reconciliation, so that no change is missed.
        let (mut stream, refusal) = match source.subscribe().await {
            Ok(Subscription::Active(sink, stream)) => {
                pings.spawn(ping_subscription(sink));
                (Some(stream), None)
            }
            Ok(Subscription::Refused(cause)) => {
                pings.spawn(ping_commands(source.clone()));
                (None, Some(cause))
            }
            Err(error) => return End::Lost(explain(&error)),
        };
        if let Err(error) = source.ready().await {
            return End::Lost(explain(&error));
        }
        if let Err(error) = source.read_clock().await {
            return End::Lost(explain(&error));
        }
        self.context.observer().set_phase(Phase::Reconciling);
        let mut reconciliations = JoinSet::new();
        let mut timer = ReconcileTimer { next: Instant::now(), failed_attempts: 0 };
        let (mut overflow_checks, mut checks) = (ticks(OVERFLOW_CHECK), ticks(CHECK));
        loop {
            tokio::select! {
                message = next_message(&mut stream) => match message {
                    None => return End::Lost("it was closed".to_owned()),
                    Some(message) => {
                        if let Some(notification) = source.notification(&message) {
                            handle_notification(&self.context, &self.queue, notification);
                        }
                    }
                },
                _ = pings.join_next() => return End::Lost("it does not respond".to_owned()),
                () = sleep_until(timer.next), if reconciliations.is_empty() => {
                    let (context, queue) = (Arc::clone(&self.context), Arc::clone(&self.queue));
                    let (options, progress) = (self.options.reconcile, self.progress.clone());
                    reconciliations.spawn(async move {
                        let found = reconcile(&context, &queue, options, &progress).await?;
                        queue.wait_drained().await;
                        Ok(found)
                    });
                }
                Some(outcome) = reconciliations.join_next() => match outcome {
                    Ok(outcome) => if let Some(end) = self.reconciled(outcome, &mut timer) {
                        return end;
                    },
                    Err(panic) => return End::Fatal(panic.into()),
                },
                _ = overflow_checks.tick() => if self.queue.take_overflowed() {
                    tracing::warn!("change queue overflowed; scheduling a full reconciliation");
                    timer.next = Instant::now();
                },
                _ = checks.tick() => {
                    if let Err(error) = source.read_clock().await {
                        tracing::warn!(cause = explain(&error), "the clock of Redis cannot be read");
                    }
                    self.notification_log.check(&self.context, &self.options, refusal.as_deref()).await;
                    if refusal.is_some() && matches!(source.subscribe().await, Ok(Subscription::Active(..))) {
                        return End::Allowed;
                    }
                }
            }
        }
    }

    /// Schedules the next reconciliation, unless the process has to end.
    fn reconciled(&mut self, outcome: Result<Found, Incomplete>, timer: &mut ReconcileTimer) -> Option<End> {
        let reconcile_interval = self.options.reconcile_interval;
        let error = match outcome {
            Ok(found) => {
                self.completed(found);
                *timer = ReconcileTimer { next: Instant::now() + reconcile_interval, failed_attempts: 0 };
                return None;
            }
            Err(Incomplete::Failure(Failure::Refused(reason))) if !self.has_reconciled => {
                return Some(End::Fatal(anyhow!(reason)));
            }
            Err(error) => error,
        };
        timer.failed_attempts += 1;
        let attempt = timer.failed_attempts;
        tracing::error!(attempt, cause = %error, "the reconciliation was not completed");
        let is_empty = matches!(error, Incomplete::Empty);
        timer.next = Instant::now() + if is_empty { reconcile_interval } else { BACKOFF.delay(attempt) };
        None
    }

    fn completed(&mut self, found: Found) {
        self.has_reconciled = true;
        // The first reconciliation does these for the whole life of the process.
        self.options.reconcile.write = WriteMode::IfChanged;
        self.options.reconcile.left_parts = false;
        let observer = self.context.observer();
        observer.set_phase(Phase::Following);
        self.progress.set_message("records read; following");
        let Found { records, outdated, passed_over, took } = found;
        let seconds = took.as_secs_f64();
        let skipped = observer.skipped();
        tracing::info!(records, outdated, passed_over, skipped, seconds, "reconciliation completed");
        for (key, problem) in observer.invalid() {
            tracing::warn!(key, problem, "this record is invalid; the tables have an older version or none");
        }
    }
}

fn ticks(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Returns when Redis no longer responds on the connection of the subscription.
async fn ping_subscription(mut sink: PubSubSink) {
    loop {
        sleep(PING).await;
        if !matches!(timeout(PING, sink.ping::<redis::Value>()).await, Ok(Ok(_))) {
            return;
        }
    }
}

/// Returns when Redis no longer responds to commands.
async fn ping_commands(source: Source) {
    loop {
        sleep(PING).await;
        if source.ready().await.is_err() {
            return;
        }
    }
}

/// Returns the next notification. Without a subscription, there never is one.
async fn next_message(stream: &mut Option<PubSubStream>) -> Option<Msg> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}
