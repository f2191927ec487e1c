//! The data that is listed, made by a seed.

use std::time::Duration;

use agentscope_model::{AgentRecord, Release, ScheduleRecord, SessionRecord, TeamRecord, parse};
use agentscope_store::{Store, StoredRecord};
use agentscope_tests::records;
use anyhow::{Context, Result};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};

use crate::text::TextGenerator;

/// How many writes are under way at once.
const IN_FLIGHT: usize = 16;

/// How long sessions count as running that do: longer than any run of the benchmark.
const LEASE: Duration = Duration::from_secs(24 * 3600);

/// How many sessions of a list run at the most.
const RUNNING: usize = 3;

/// The agent, and the schedule, whose sessions are listed.
pub(crate) const AGENT: &str = "release-captain";
pub(crate) const SCHEDULE: &str = "nightly-triage";

/// The data of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dataset {
    /// The user's name.
    pub(crate) user_id: &'static str,
    /// The sessions of the agent that is listed.
    pub(crate) sessions: usize,
    /// The teams that such sessions lead, each with five members that are agents with sessions of
    /// their own.
    pub(crate) teams: usize,
    /// How large the sessions' states are.
    pub(crate) states: States,
    /// Whether a schedule started the sessions.
    pub(crate) scheduled: bool,
    /// The release of AgentScope that wrote the records, and whose responses are measured.
    pub(crate) release: Release,
}

/// How large states are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum States {
    /// Mixed: most have one to ten kilobytes, some twenty, some of them so large that they do not
    /// fit a head.
    Mixed {
        /// How large most of them are, in percent of [`MIXED`]: responses are to be as large as
        /// those that the reference's figures are for.
        percent: usize,
    },
    /// Some two kilobytes each.
    Small,
}

/// The members of a team.
const MEMBERS: usize = 5;

/// Conversations in bytes, from the smallest to the largest, before the last bytes are drawn.
const MIXED: [usize; 20] = [
    600, 800, 1000, 1200, 1500, 1800, 2200, 2600, 3000, 3500, 4000, 4500, 5000, 6000, 7000, 8000, 9500, 11_000, 14_000,
    19_000,
];

/// The conversations that do not fit a head, one session in so many, in bytes.
const LARGE_EVERY: usize = 60;
const LARGE: usize = 64_000;

const SMALL: usize = 1200;

impl Dataset {
    /// Makes the records and writes them.
    pub(crate) async fn load(&self, store: &Store, seed: u64) -> Result<()> {
        let release = self.release;
        let mut generator = TextGenerator::new(seed ^ self.sessions as u64);
        let mut agents = vec![self.agent(&mut generator, AGENT)?];
        let mut sessions = Vec::new();
        for number in 0..self.sessions {
            let (id, created_at) = (generator.id(), time(number));
            let session = if self.scheduled {
                records::run(self.user_id, AGENT, SCHEDULE, &id, &created_at)
            } else {
                records::session(self.user_id, AGENT, &id, &created_at)
            };
            let length = self.conversation(number, &mut generator);
            sessions.push(with_state(&mut generator, session, AGENT, length));
        }
        for team in 0..self.teams {
            let team_id = generator.id();
            // The teams are spread over the list.
            let leader = &mut sessions[team * self.sessions / self.teams];
            leader["team_id"] = json!(team_id);
            let leading = leader["id"].as_str().unwrap_or_default().to_owned();
            let members: Vec<String> = (0..MEMBERS).map(|_| generator.id()).collect();
            let mut roster = Vec::new();
            for member in &members {
                agents.push(self.agent(&mut generator, member)?);
                for number in 0..generator.number(1..4) {
                    let id = generator.id();
                    if number == 0 {
                        roster.push(json!({
                            "owner_id": self.user_id, "agent_id": member, "session_id": id, "role": "created",
                        }));
                    }
                    let mut session = records::session(self.user_id, member, &id, &time(number as usize));
                    session["team_id"] = json!(team_id);
                    sessions.push(with_state(&mut generator, session, member, SMALL));
                }
            }
            let members: Vec<&str> = members.iter().map(String::as_str).collect();
            let mut record = records::team(self.user_id, &team_id, &leading, &members);
            record["data"]["description"] = json!(generator.prose(200));
            if release.has_leader_ids() {
                record["data"]["members"] = json!(roster);
                record["leader_agent_id"] = json!(AGENT);
            }
            parse::<TeamRecord>(&record.to_string(), release)?.put(store).await?;
        }
        if self.scheduled {
            let record = records::schedule(self.user_id, SCHEDULE).to_string();
            parse::<ScheduleRecord>(&record, release)?.put(store).await?;
        }
        stream::iter(agents)
            .map(|agent| async move { agent.put(store).await })
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<Vec<()>>()
            .await?;
        // Of each list a few run, however long it is: all that run for a user are read with every
        // list.
        for session in sessions.iter().take(self.sessions).step_by(100).take(RUNNING) {
            let id = session["id"].as_str().unwrap_or_default();
            store.acquire_lease(self.user_id, id, "bench", LEASE).await?.ok().context("a lease is held")?;
        }
        stream::iter(sessions)
            .map(|session| async move {
                let session: SessionRecord = parse(&session.to_string(), release)?;
                session.put(store).await?;
                anyhow::Ok(())
            })
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }

    fn agent(&self, generator: &mut TextGenerator, id: &str) -> Result<AgentRecord> {
        let mut agent = records::agent(self.user_id, id);
        agent["data"]["name"] = json!(generator.title());
        agent["data"]["system_prompt"] = json!(generator.prose(300));
        Ok(parse(&agent.to_string(), self.release)?)
    }

    /// The length of a session's conversation.
    fn conversation(&self, number: usize, generator: &mut TextGenerator) -> usize {
        match self.states {
            States::Small => SMALL,
            States::Mixed { .. } if number % LARGE_EVERY == LARGE_EVERY / 2 && self.sessions > LARGE_EVERY => LARGE,
            // Neither sorted nor drawn: so many of each length.
            States::Mixed { percent } => {
                MIXED[number * 7 % MIXED.len()] * percent / 100 + generator.number(0..200) as usize
            }
        }
    }
}

fn with_state(generator: &mut TextGenerator, mut session: Value, agent: &str, length: usize) -> Value {
    session["config"] = json!({
        "workspace_id": generator.id(), "name": generator.title(),
        "chat_model_config": {
            "type": "dashscope", "credential_id": generator.id(), "model": "qwen3-max", "parameters": {"temperature": 0.7},
        },
    });
    session["state"]["reply_id"] = json!(generator.id());
    session["state"]["cur_iter"] = json!(generator.number(0..20));
    session["state"]["context"] = generator.conversation(agent, length);
    session
}

/// When a session was created: one an hour.
fn time(number: usize) -> String {
    let hours = i64::try_from(number).unwrap_or_default();
    let begin = jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(490_896);
    (begin + jiff::SignedDuration::from_hours(hours) + jiff::SignedDuration::from_micros(104_382)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_created_one_after_the_other() {
        assert_eq!(time(0), "2026-01-01T00:00:00.104382Z");
        assert_eq!(time(25), "2026-01-02T01:00:00.104382Z");
    }
}
