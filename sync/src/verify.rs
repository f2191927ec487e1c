//! `verify`: compares the tables with Redis, record by record and byte by byte.
//!
//! Both sides may change meanwhile. So what differs is compared again, and counts if it still
//! differs after a few seconds.

mod checks;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use agentscope_store::{RecordKind, ScanPage, ScanStart};
use futures::stream::{self, StreamExt, TryStreamExt};
use indicatif::ProgressBar;

use self::checks::{Subject, check};
use crate::follow::context::SyncContext;
use crate::follow::failure::Failure;
use crate::source::RecordKey;

/// Comparisons that run concurrently.
const CONCURRENT_CHECKS: usize = 8;
/// The wait before a difference is checked again, and how many checks precede the last one.
const SETTLING: Duration = Duration::from_secs(1);
const CHECKS: usize = 3;
/// How many differences are collected before they are checked again together.
const SUSPECTS: usize = 1000;

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The kind: `missing`, `changed`, `extra`, `missing lease`, `stale lease`, `left over`, or
    /// `invalid`.
    pub kind: &'static str,
    /// The record, and how it differs.
    pub about: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.about)
    }
}

/// The results of a comparison.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Records in Redis.
    pub records: usize,
    /// Replicas and leases in the tables.
    pub items: usize,
    /// The number of differences of each kind.
    pub differences: BTreeMap<&'static str, usize>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { records, items, differences } = self;
        write!(f, "{records} records compared with {items} replicas and leases: ")?;
        if differences.is_empty() {
            return write!(f, "no difference");
        }
        let counts: Vec<_> = differences.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        write!(f, "{}", counts.join(", "))
    }
}

/// Compares everything. Passes each difference to `report` when it is certain.
///
/// # Errors
///
/// Redis or DynamoDB does not respond, or refuses a request.
pub async fn verify(
    context: &SyncContext,
    progress: &ProgressBar,
    report: impl FnMut(&Finding),
) -> Result<Verdict, Failure> {
    let mut comparison = Comparison { context, report, verdict: Verdict::default(), suspects: Vec::new() };
    comparison.records(progress).await?;
    for kind in RecordKind::ALL {
        comparison.replicas(kind).await?;
    }
    comparison.leases().await?;
    comparison.left_parts().await?;
    comparison.settle(0).await?;
    Ok(comparison.verdict)
}

struct Comparison<'a, F> {
    context: &'a SyncContext,
    report: F,
    verdict: Verdict,
    /// What differed, and is checked again.
    suspects: Vec<Subject>,
}

impl<F: FnMut(&Finding)> Comparison<'_, F> {
    async fn records(&mut self, progress: &ProgressBar) -> Result<(), Failure> {
        let source = self.context.source();
        let mut cursor = 0;
        loop {
            let page = source.scan_record_keys(cursor).await?;
            let keys = page.keys.into_iter().filter(|key| !source.keys().candidates(key).is_empty());
            let subjects: Vec<_> = keys.map(Subject::Record).collect();
            self.verdict.records += subjects.len();
            progress.inc(subjects.len() as u64);
            self.compare(subjects).await?;
            self.settle(SUSPECTS).await?;
            match page.next {
                Some(next) => cursor = next,
                None => return Ok(()),
            }
        }
    }

    async fn replicas(&mut self, kind: RecordKind) -> Result<(), Failure> {
        let store = self.context.store();
        let mut start = None;
        loop {
            let page = match kind {
                RecordKind::Session => store.scan_heads(start).await?,
                RecordKind::Agent | RecordKind::Team | RecordKind::Schedule => store.scan(kind, start).await?,
            };
            start = self.items(page, |(user_id, id)| Subject::Replica(RecordKey { kind, user_id, id })).await?;
            self.settle(SUSPECTS).await?;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    async fn leases(&mut self) -> Result<(), Failure> {
        let mut start = None;
        loop {
            let page = self.context.store().scan_leases(start).await?;
            start = self.items(page, |ids| Subject::Lease(session(ids))).await?;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    async fn left_parts(&mut self) -> Result<(), Failure> {
        let parts = self.context.store().scan_left_parts().await?;
        self.compare(parts.into_iter().map(|ids| Subject::Parts(session(ids))).collect()).await
    }

    async fn items(
        &mut self,
        page: ScanPage,
        subject: impl Fn((String, String)) -> Subject,
    ) -> Result<Option<ScanStart>, Failure> {
        self.verdict.items += page.records.len();
        self.compare(page.records.into_iter().map(subject).collect()).await?;
        Ok(page.next)
    }

    /// Adds those that differ to the suspects.
    async fn compare(&mut self, subjects: Vec<Subject>) -> Result<(), Failure> {
        let context = self.context;
        let mut responses = stream::iter(subjects)
            .map(async |subject| Ok::<_, Failure>((check(context, &subject).await?, subject)))
            .buffer_unordered(CONCURRENT_CHECKS);
        while let Some((finding, subject)) = responses.try_next().await? {
            if finding.is_some() {
                self.suspects.push(subject);
            }
        }
        Ok(())
    }

    /// Checks the suspects again if there are more than `most`, and reports those that still
    /// differ.
    async fn settle(&mut self, most: usize) -> Result<(), Failure> {
        if self.suspects.len() <= most {
            return Ok(());
        }
        for _ in 1..CHECKS {
            tokio::time::sleep(SETTLING).await;
            let suspects = std::mem::take(&mut self.suspects);
            self.compare(suspects).await?;
            if self.suspects.is_empty() {
                return Ok(());
            }
        }
        tokio::time::sleep(SETTLING).await;
        for subject in self.suspects.drain(..) {
            if let Some(finding) = check(self.context, &subject).await? {
                *self.verdict.differences.entry(finding.kind).or_default() += 1;
                (self.report)(&finding);
            }
        }
        Ok(())
    }
}

fn session((user_id, id): (String, String)) -> RecordKey {
    RecordKey { kind: RecordKind::Session, user_id, id }
}
