//! Example requests for the data of an export.

use std::collections::{BTreeMap, HashSet};

use agentscope_sync::export::Export;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

/// The maximum number of agents, and of schedules.
const MAX_EXAMPLES: usize = 4;

/// A request to try.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    /// The contents of the response, in words.
    pub(crate) about: String,
    /// The path with its query.
    pub(crate) path: String,
    /// The id of the caller.
    pub(crate) user_id: String,
}

#[derive(Deserialize)]
struct Session {
    user_id: String,
    agent_id: String,
    id: String,
    source_schedule_id: Option<String>,
    #[serde(default)]
    origin: Option<Origin>,
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Origin {
    schedule_id: Option<String>,
}

#[derive(Deserialize)]
struct RecordId {
    user_id: String,
    id: String,
}

impl Example {
    /// Returns requests for the agents with the most sessions, teams and runs, and for the
    /// schedules with the most sessions.
    pub(crate) fn of(export: &Export<'_>) -> Vec<Self> {
        let sessions: Vec<Session> =
            export.sessions.iter().filter_map(|session| serde_json::from_str(session.get()).ok()).collect();
        let agents = ids(&export.agents);
        let schedules = ids(&export.schedules);
        let running: HashSet<&str> = export.running.iter().map(AsRef::as_ref).collect();

        let mut by_agent: BTreeMap<(&str, &str), Vec<&Session>> = BTreeMap::new();
        let mut by_schedule: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for session in &sessions {
            if agents.contains(&(session.user_id.as_str().into(), session.agent_id.as_str().into())) {
                by_agent.entry((&session.user_id, &session.agent_id)).or_default().push(session);
            }
            let of_origin = session.origin.as_ref().and_then(|origin| origin.schedule_id.as_ref());
            if let Some(schedule_id) = of_origin.or(session.source_schedule_id.as_ref())
                && schedules.contains(&(session.user_id.as_str().into(), schedule_id.as_str().into()))
            {
                *by_schedule.entry((&session.user_id, schedule_id)).or_default() += 1;
            }
        }
        let mut examples: Vec<(usize, Self)> = by_agent
            .into_iter()
            .map(|((user_id, agent_id), sessions)| {
                let count = sessions.len();
                let in_teams = sessions.iter().filter(|session| session.team_id.is_some()).count();
                let running = sessions.iter().filter(|session| running.contains(session.id.as_str())).count();
                let query = form_urlencoded::Serializer::new(String::new()).append_pair("agent_id", agent_id).finish();
                let mut about = format!("{} of agent {agent_id:?}", count_of_sessions(count));
                if in_teams > 0 {
                    about += &format!(", {in_teams} in a team");
                }
                if running > 0 {
                    about += &format!(", {running} running");
                }
                let interest = count + 10 * in_teams + 10 * running;
                (interest, Self { about, path: format!("/sessions/?{query}"), user_id: user_id.to_owned() })
            })
            .collect();
        examples.sort_by_key(|(interest, _)| std::cmp::Reverse(*interest));
        examples.truncate(MAX_EXAMPLES);

        let mut runs: Vec<(usize, Self)> = by_schedule
            .into_iter()
            .map(|((user_id, schedule_id), count)| {
                let id = utf8_percent_encode(schedule_id, SEGMENT);
                let about = format!("{} that schedule {schedule_id:?} started", count_of_sessions(count));
                (count, Self { about, path: format!("/schedule/{id}/sessions"), user_id: user_id.to_owned() })
            })
            .collect();
        runs.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        runs.truncate(MAX_EXAMPLES);
        examples.into_iter().chain(runs).map(|(_, example)| example).collect()
    }

    /// The command line that sends the request, past the proxy if there is one, since that cannot
    /// reach this machine.
    pub(crate) fn curl(&self, base_url: &str, has_proxy: bool) -> String {
        let no_proxy = if has_proxy { " --noproxy '*'" } else { "" };
        let quote = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        format!(
            "curl -s{no_proxy} {} -H {}",
            quote(&format!("{base_url}{}", self.path)),
            quote(&format!("x-user-id: {}", self.user_id))
        )
    }
}

fn count_of_sessions(count: usize) -> String {
    if count == 1 { "1 session".to_owned() } else { format!("{count} sessions") }
}

/// The characters that are escaped in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The ids of records, each with the id of its owner.
fn ids(records: &[&serde_json::value::RawValue]) -> HashSet<(String, String)> {
    let records = records.iter().filter_map(|record| serde_json::from_str::<RecordId>(record.get()).ok());
    records.map(|RecordId { user_id, id }| (user_id, id)).collect()
}
