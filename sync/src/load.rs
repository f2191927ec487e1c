//! Loads an export into the tables.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use agentscope_model::non_finite;
use agentscope_model::{AgentRecord, InvalidRecord, Release, ScheduleRecord, SessionRecord, TeamRecord, parse};
use agentscope_store::{RecordKind, Store, StoreError, StoredRecord};
use anyhow::{Context, Result};
use futures::stream::{self, StreamExt};
use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::export::Export;

/// Who holds the leases of the sessions that an export says are running.
pub const HOLDER: &str = "agentscope-sync load";

/// Records written side by side.
const IN_FLIGHT: usize = 16;

/// What a load did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Agents that were written, or fit.
    pub agents: usize,
    /// Sessions that were written, or fit.
    pub sessions: usize,
    /// Teams that were written, or fit.
    pub teams: usize,
    /// Schedules that were written, or fit.
    pub schedules: usize,
    /// Leases that were taken.
    pub leases: usize,
    /// What did not work, a line each.
    pub problems: Vec<String>,
    /// What is worth knowing, a line each.
    pub remarks: Vec<String>,
    /// Records of a later release than the set one, which are left out, and the latest of those
    /// releases.
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
    report.agents = fitting::<AgentRecord>(&export.agents, release, &mut report).len();
    report.teams = fitting::<TeamRecord>(&export.teams, release, &mut report).len();
    report.schedules = fitting::<ScheduleRecord>(&export.schedules, release, &mut report).len();
    report.sessions = fitting::<SessionRecord>(&export.sessions, release, &mut report).len();
    report
}

/// Writes every record of an export that fits, and takes leases for the sessions that run.
///
/// Loading the same export again changes nothing. Leases that an earlier load took for sessions of the file that no longer
/// run are given back; those of others are left alone.
///
/// # Errors
///
/// DynamoDB refuses a request, as when a table is missing: then nothing more is tried.
pub async fn load(store: &Store, export: &Export<'_>, lease: Duration, progress: &ProgressBar) -> Result<Report> {
    let mut report = Report::default();
    // Agents, teams and schedules go before the sessions that refer to them, so that a reader meanwhile finds them.
    report.agents = write::<AgentRecord>(store, &export.agents, progress, &mut report).await?.len();
    report.teams = write::<TeamRecord>(store, &export.teams, progress, &mut report).await?.len();
    report.schedules = write::<ScheduleRecord>(store, &export.schedules, progress, &mut report).await?.len();
    let sessions = write::<SessionRecord>(store, &export.sessions, progress, &mut report).await?;
    report.sessions = sessions.len();
    run(store, export, &sessions, lease, &mut report).await?;
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

/// The records of a list that fit, each once.
fn fitting<T: StoredRecord>(list: &[&RawValue], release: Release, report: &mut Report) -> Vec<T> {
    let mut records: Vec<Option<T>> = Vec::with_capacity(list.len());
    let mut places = HashMap::new();
    let list_name = list_name(T::RECORD_KIND);
    for (index, raw) in list.iter().enumerate() {
        let name = || Name { list: list_name, index, id: id(raw) };
        let record = match parse::<T>(raw.get(), release) {
            Ok(record) => match record.validate() {
                Ok(()) => Some(record),
                Err(unfit) => {
                    report.problems.push(format!("{}: {unfit}", name()));
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
            if let Some(earlier) = places.insert(key, index) {
                report.remarks.push(format!("{}: replaces {list_name}[{earlier}], which has the same id", name()));
                records[earlier] = None;
            }
        }
        records.push(record);
    }
    records.into_iter().flatten().collect()
}

/// A record in messages: where it stands, and its id.
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

/// Writes the records of a list that fit, and returns the ids of those that were written, with their owners.
async fn write<T: StoredRecord>(
    store: &Store,
    list: &[&RawValue],
    progress: &ProgressBar,
    report: &mut Report,
) -> Result<Vec<(String, String)>> {
    let list_name = list_name(T::RECORD_KIND);
    progress.set_message(list_name);
    let records = fitting::<T>(list, store.release(), report);
    progress.inc((list.len() - records.len()) as u64);
    let mut responses = stream::iter(records)
        .map(async |record: T| {
            let response = record.put(store).await;
            (record.user_id().to_owned(), record.id().to_owned(), response)
        })
        .buffer_unordered(IN_FLIGHT);
    let mut written = Vec::with_capacity(list.len());
    while let Some((user_id, id, response)) = responses.next().await {
        progress.inc(1);
        match response {
            Ok(()) => written.push((user_id, id)),
            Err(error @ StoreError::Refused(_)) => {
                return Err(error).with_context(|| format!("{list_name} (id {id:?}) could not be written"));
            }
            Err(error) => report.problems.push(format!("{list_name} (id {id:?}) was not written: {error}")),
        }
    }
    Ok(written)
}

/// Takes leases for the sessions that run, and gives back those of the sessions that no longer do.
async fn run(
    store: &Store,
    export: &Export<'_>,
    sessions: &[(String, String)],
    lease: Duration,
    report: &mut Report,
) -> Result<()> {
    let running: HashSet<&str> = export.running.iter().map(AsRef::as_ref).collect();
    let users: HashSet<&str> = sessions.iter().map(|(user_id, _)| user_id.as_str()).collect();
    let mut held = HashSet::new();
    for user_id in users {
        let leases = store.leases(user_id).await?.into_iter().filter(|lease| lease.holder == HOLDER);
        held.extend(leases.map(|lease| (user_id.to_owned(), lease.session_id)));
    }
    let mut found = HashSet::new();
    for (user_id, id) in sessions {
        if running.contains(id.as_str()) {
            found.insert(id.as_str());
            match store.acquire_lease(user_id, id, HOLDER, lease).await? {
                Ok(()) => report.leases += 1,
                Err(_) => report.remarks.push(format!("session {id:?} is running already, under another's lease")),
            }
        } else if held.contains(&(user_id.clone(), id.clone())) {
            store.release_lease(user_id, id, HOLDER).await?;
        }
    }
    for id in running.difference(&found) {
        report.remarks.push(format!("running {id:?}: no session of the file that was loaded has this id"));
    }
    Ok(())
}
