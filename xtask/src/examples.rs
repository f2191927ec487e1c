//! Requests that are worth trying over a data set.

use std::collections::{BTreeMap, HashSet};

use agentscope_sync::export::Export;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

/// How many agents and schedules are shown.
const SHOWN: usize = 4;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    /// What it shows.
    pub(crate) about: String,
    /// The path with its query.
    pub(crate) path: String,
    /// The caller.
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
struct Owned {
    user_id: String,
    id: String,
}

impl Example {
    /// The agents and schedules with the most to see, agents first.
    pub(crate) fn of(export: &Export<'_>) -> Vec<Self> {
        let sessions: Vec<Session> =
            export.sessions.iter().filter_map(|session| serde_json::from_str(session.get()).ok()).collect();
        let agents = owned(&export.agents);
        let schedules = owned(&export.schedules);
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
                let mut about = format!("{} of agent {agent_id:?}", sessions_in_words(count));
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
        examples.truncate(SHOWN);

        let mut runs: Vec<(usize, Self)> = by_schedule
            .into_iter()
            .map(|((user_id, schedule_id), count)| {
                let id = utf8_percent_encode(schedule_id, SEGMENT);
                let about = format!("{} that schedule {schedule_id:?} started", sessions_in_words(count));
                (count, Self { about, path: format!("/schedule/{id}/sessions"), user_id: user_id.to_owned() })
            })
            .collect();
        runs.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        runs.truncate(SHOWN);
        examples.into_iter().chain(runs).map(|(_, example)| example).collect()
    }

    /// The command line that sends it. Where there is a proxy, it does not go through that, which
    /// cannot reach this machine.
    pub(crate) fn curl(&self, base_url: &str, has_proxy: bool) -> String {
        let directly = if has_proxy { " --noproxy '*'" } else { "" };
        let quote = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        format!(
            "curl -s{directly} {} -H {}",
            quote(&format!("{base_url}{}", self.path)),
            quote(&format!("x-user-id: {}", self.user_id))
        )
    }
}

fn sessions_in_words(count: usize) -> String {
    if count == 1 { "1 session".to_owned() } else { format!("{count} sessions") }
}

/// What is escaped in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn owned(records: &[&serde_json::value::RawValue]) -> HashSet<(String, String)> {
    let owned = records.iter().filter_map(|record| serde_json::from_str::<Owned>(record.get()).ok());
    owned.map(|Owned { user_id, id }| (user_id, id)).collect()
}
