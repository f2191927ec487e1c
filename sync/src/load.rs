//! Loads an export into the tables.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use agentscope_model::non_finite;
use agentscope_model::{AgentRecord, InvalidRecord, Release, ScheduleRecord, SessionRecord, TeamRecord, parse};
use agentscope_store::{MAX_MARKED, RecordKind, Store, StoreError, StoredRecord};
use anyhow::{Context, Result};
use futures::stream::{self, StreamExt};
use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::export::Export;

/// The holder of the leases of sessions that an export lists as running.
pub const HOLDER: &str = "agentscope-sync load";

/// Groups of records that are marked concurrently, ahead of their writes.
const CONCURRENT_MARKS: usize = 2;
/// Records that are written concurrently.
const CONCURRENT_WRITES: usize = 16;

/// The results of a load or a check.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Agents that were written, or are valid.
    pub agents: usize,
    /// Sessions that were written, or are valid.
    pub sessions: usize,
    /// Teams that were written, or are valid.
    pub teams: usize,
    /// Schedules that were written, or are valid.
    pub schedules: usize,
    /// Leases that were acquired.
    pub leases: usize,
    /// Invalid records and failed writes, a line each.
    pub problems: Vec<String>,
    /// Remarks that are no problems, a line each.
    pub remarks: Vec<String>,
    /// The number of records of a later release than the set one, which are skipped, and the
    /// latest of those releases.
    pub later: Option<(usize, Release)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { agents, sessions, teams, schedules, leases, problems, .. } = self;
        write!(f, "{agents} agents, {sessions} sessions, {teams} teams, {schedules} schedules, {leases} running; ")?;
        match problems.len() {
            0 => write!(f, "no problems"),
            1 => write!(f, "1 problem"),
            count => write!(f, "{count} problems"),
        }
    }
}

/// Checks every record of an export against the models and the tables' limits. Writes nothing.
pub fn check(export: &Export<'_>, release: Release) -> Report {
    let mut report = Report::default();
    report.agents = valid::<AgentRecord>(&export.agents, release, &mut report).len();
    report.teams = valid::<TeamRecord>(&export.teams, release, &mut report).len();
    report.schedules = valid::<ScheduleRecord>(&export.schedules, release, &mut report).len();
    report.sessions = valid::<SessionRecord>(&export.sessions, release, &mut report).len();
    report
}

/// Writes every valid record of an export, and acquires leases for its running sessions.
///
/// Loading an export twice changes nothing. A lease of an earlier load is released if its session
/// is in the file and no longer running. The leases of other holders stay.
///
/// # Errors
///
/// DynamoDB refuses a request, for example since a table is missing. No further record is written.
pub async fn load(store: &Store, export: &Export<'_>, lease: Duration, progress: &ProgressBar) -> Result<Report> {
    let mut report = Report::default();
    // Sessions refer to the others, so they are written last: concurrent readers find what a
    // session refers to.
    report.agents = write::<AgentRecord>(store, &export.agents, progress, &mut report).await?.len();
    report.teams = write::<TeamRecord>(store, &export.teams, progress, &mut report).await?.len();
    report.schedules = write::<ScheduleRecord>(store, &export.schedules, progress, &mut report).await?.len();
    let sessions = write::<SessionRecord>(store, &export.sessions, progress, &mut report).await?;
    report.sessions = sessions.len();
    update_leases(store, export, &sessions, lease, &mut report).await?;
    Ok(report)
}

/// The list of an export that holds records of a kind.
fn list_name(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Agent => "agents",
        RecordKind::Team => "teams",
        RecordKind::Schedule => "schedules",
        RecordKind::Session => "sessions",
    }
}

/// Parses a list, and returns its valid records. Of records with the same id, the last one counts.
fn valid<T: StoredRecord>(list: &[&RawValue], release: Release, report: &mut Report) -> Vec<T> {
    let mut records: Vec<Option<T>> = Vec::with_capacity(list.len());
    let mut indexes = HashMap::new();
    let list_name = list_name(T::RECORD_KIND);
    for (index, raw) in list.iter().enumerate() {
        let name = || Name { list: list_name, index, id: id(raw) };
        let record = match parse::<T>(raw.get(), release) {
            Ok(record) => match record.validate() {
                Ok(()) => Some(record),
                Err(violation) => {
                    report.problems.push(format!("{}: {violation}", name()));
                    None
                }
            },
            Err(InvalidRecord::LaterRelease(later)) => {
                let (count, latest) = report.later.unwrap_or((0, later));
                report.later = Some((count + 1, latest.max(later)));
                None
            }
            Err(invalid) => {
                report.problems.push(format!("{}: {invalid}", name()));
                None
            }
        };
        if let Some(record) = &record {
            for field in record.unknown_values() {
                report
                    .remarks
                    .push(format!("{}: {field}: AgentScope {release} does not know this value; it is kept", name()));
            }
            let non_finite = non_finite::count(raw.get());
            if non_finite > 0 {
                report.remarks.push(format!(
                    "{}: {non_finite} numbers are not finite (NaN, Infinity or beyond 64-bit floats), and become null",
                    name()
                ));
            }
            let key = (record.user_id().to_owned(), record.id().to_owned());
            if let Some(earlier) = indexes.insert(key, index) {
                report.remarks.push(format!("{}: replaces {}[{earlier}], which has the same id", name(), list_name));
                records[earlier] = None;
            }
        }
        records.push(record);
    }
    records.into_iter().flatten().collect()
}

/// Names a record in messages: its list, its index and its id.
struct Name {
    list: &'static str,
    index: usize,
    id: Option<String>,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.list, self.index)?;
        match &self.id {
            Some(id) => write!(f, " (id {id:?})"),
            None => write!(f, " (no id)"),
        }
    }
}

fn id(record: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    serde_json::from_str::<Id>(record.get()).ok().map(|record| record.id)
}

/// Writes the valid records of a list. Returns the owners and ids of the written ones.
async fn write<T: StoredRecord>(
    store: &Store,
    list: &[&RawValue],
    progress: &ProgressBar,
    report: &mut Report,
) -> Result<Vec<(String, String)>> {
    let list_name = list_name(T::RECORD_KIND);
    progress.set_message(list_name);
    let records = valid::<T>(list, store.release(), report);
    progress.inc((list.len() - records.len()) as u64);
    let mut outcomes = stream::iter(groups(records))
        .map(async |group: Vec<T>| {
            // Without a common mark, each record gets its own, or names the problem.
            let marks = T::mark_all(store, &group).await.unwrap_or_default();
            let marks = marks.into_iter().map(Some).chain(std::iter::repeat(None));
            stream::iter(group.into_iter().zip(marks).collect::<Vec<_>>())
        })
        .buffer_unordered(CONCURRENT_MARKS)
        .flatten()
        .map(async |(record, mark)| {
            let outcome = match mark {
                Some(mark) => record.put_marked(store, mark).await,
                None => record.put(store).await,
            };
            (record.user_id().to_owned(), record.id().to_owned(), outcome)
        })
        .buffer_unordered(CONCURRENT_WRITES);
    let mut written = Vec::with_capacity(list.len());
    while let Some((user_id, id, outcome)) = outcomes.next().await {
        progress.inc(1);
        match outcome {
            Ok(()) => written.push((user_id, id)),
            Err(error @ StoreError::Refused(_)) => {
                return Err(error).with_context(|| format!("{list_name} (id {id:?}) could not be written"));
            }
            Err(error) => report.problems.push(format!("{list_name} (id {id:?}) was not written: {error}")),
        }
    }
    Ok(written)
}

/// The records in groups that one change mark announces.
fn groups<T: StoredRecord>(records: Vec<T>) -> Vec<Vec<T>> {
    let mut groups: HashMap<_, Vec<T>> = HashMap::new();
    for record in records {
        groups.entry(record.group()).or_default().push(record);
    }
    let mut chunks = Vec::new();
    for mut group in groups.into_values() {
        while group.len() > MAX_MARKED {
            chunks.push(group.split_off(group.len() - MAX_MARKED));
        }
        chunks.push(group);
    }
    chunks
}

/// Acquires leases for running sessions, and releases those of sessions that no longer run.
async fn update_leases(
    store: &Store,
    export: &Export<'_>,
    sessions: &[(String, String)],
    lease: Duration,
    report: &mut Report,
) -> Result<()> {
    let running: HashSet<&str> = export.running.iter().map(AsRef::as_ref).collect();
    let users: HashSet<&str> = sessions.iter().map(|(user_id, _)| user_id.as_str()).collect();
    let mut earlier = HashSet::new();
    for user_id in users {
        let leases = store.leases(user_id).await?.into_iter().filter(|lease| lease.holder == HOLDER);
        earlier.extend(leases.map(|lease| (user_id.to_owned(), lease.session_id)));
    }
    let mut found = HashSet::new();
    for (user_id, id) in sessions {
        if running.contains(id.as_str()) {
            found.insert(id.as_str());
            match store.acquire_lease(user_id, id, HOLDER, lease).await? {
                Ok(()) => report.leases += 1,
                Err(_) => {
                    report.remarks.push(format!("session {id:?} is running already, under another holder's lease"))
                }
            }
        } else if earlier.contains(&(user_id.clone(), id.clone())) {
            store.release_lease(user_id, id, HOLDER).await?;
        }
    }
    for id in running.difference(&found) {
        report.remarks.push(format!("running {id:?}: no loaded session of the file has this id"));
    }
    Ok(())
}
