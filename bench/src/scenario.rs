//! What is measured.

use agentscope_api::ResponseMode;
use agentscope_model::Release;
use agentscope_tests::events::HttpRequest;
use axum::body::Bytes;

use crate::data::{AGENT, Dataset, SCHEDULE, States};
use crate::results::Reference;

/// A request that is sent again and again.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// Its name in tables and for `--only`.
    pub(crate) name: String,
    /// Scenarios of a group take turns, so that they can be compared with each other.
    pub(crate) group: &'static str,
    /// The data that is requested.
    pub(crate) data: Dataset,
    /// Further query parameters, as `limit=20`.
    pub(crate) query: &'static str,
    /// What the client takes, as `zstd`.
    pub(crate) accept_encoding: Option<&'static str>,
    /// Whether the request is conditional on the entity tag of the response before.
    pub(crate) is_conditional: bool,
    /// How the function returns the response. A stream goes to a REST API, others to an HTTP API.
    pub(crate) response_mode: ResponseMode,
    /// What the reference took for such data.
    pub(crate) reference: Option<Reference>,
    /// Whether it is a point of the plot.
    pub(crate) is_plotted: bool,
}

/// The functions.
pub(crate) const LIST_SESSIONS: &str = "list-sessions";
pub(crate) const LIST_SCHEDULE_SESSIONS: &str = "list-schedule-sessions";

/// A page, and a whole list, without the states' bulk.
pub(crate) const PAGE: &str = "limit=20&view=summary";
pub(crate) const SUMMARY: &str = "view=summary";

impl Dataset {
    /// 300 sessions with states of mixed size; 12 of them lead a team of five.
    pub(crate) const LARGE: Self = Self {
        user_id: "large",
        sessions: 300,
        teams: 12,
        states: States::Mixed { percent: 79 },
        scheduled: false,
        release: Release::OLDEST,
    };
    /// The same of the newest release, whose lists are trimmed.
    const NEWEST_LARGE: Self = Self { user_id: "newest-large", release: Release::NEWEST, ..Self::LARGE };
    /// 30 sessions, one of which leads a team.
    pub(crate) const SMALL: Self =
        Self { user_id: "small", sessions: 30, teams: 1, states: States::Mixed { percent: 111 }, ..Self::LARGE };
    /// The same of the newest release.
    const NEWEST_SMALL: Self = Self { user_id: "newest-small", release: Release::NEWEST, ..Self::SMALL };
    /// 300 runs of a schedule.
    const SCHEDULE: Self = Self { user_id: "schedule", teams: 0, scheduled: true, ..Self::LARGE };
    /// 100 sessions with small states, and 10,000.
    const HUNDRED: Self = Self { user_id: "hundred", sessions: 100, teams: 0, states: States::Small, ..Self::LARGE };
    const MANY: Self = Self { user_id: "many", sessions: 10_000, ..Self::HUNDRED };

    /// Data of the plot: this many sessions.
    const fn plotted(user_id: &'static str, sessions: usize) -> Self {
        Self { user_id, sessions, ..Self::HUNDRED }
    }
}

/// The points of the plot.
const PLOTTED: [Dataset; 5] = [
    Dataset::plotted("plot-10", 10),
    Dataset::plotted("plot-30", 30),
    Dataset::plotted("plot-100", 100),
    Dataset::plotted("plot-300", 300),
    Dataset::plotted("plot-1000", 1000),
];

impl Scenario {
    /// All that are measured; fewer, and over fewer data, for a quick look.
    pub(crate) fn all(quick: bool) -> Vec<Self> {
        let new = |name: &str, group, data| Self {
            name: name.to_owned(),
            group,
            data,
            query: "",
            accept_encoding: None,
            is_conditional: false,
            response_mode: ResponseMode::Buffered,
            reference: None,
            is_plotted: false,
        };
        let encoded = |encoding| Self {
            accept_encoding: Some(encoding),
            ..new(&format!("large-{encoding}"), "encodings", Dataset::LARGE)
        };
        let many = if quick { Dataset { sessions: 1000, ..Dataset::MANY } } else { Dataset::MANY };
        let mut scenarios = vec![
            Self {
                reference: Some(Reference { p50_ms: 416.0, commands: Some(818) }),
                ..new("large", "large", Dataset::LARGE)
            },
            Self { response_mode: ResponseMode::Streaming, ..new("large-streamed", "large", Dataset::LARGE) },
            Self {
                reference: Some(Reference { p50_ms: 32.0, commands: Some(80) }),
                ..new("small", "small", Dataset::SMALL)
            },
            Self {
                reference: Some(Reference { p50_ms: 451.0, commands: None }),
                ..new("newest-large", "newest", Dataset::NEWEST_LARGE)
            },
            Self { is_conditional: true, ..new("newest-large-again", "newest", Dataset::NEWEST_LARGE) },
            Self { query: "limit=20", ..new("newest-large-page", "newest", Dataset::NEWEST_LARGE) },
            Self { query: SUMMARY, ..new("large-summary", "newest", Dataset::LARGE) },
            Self {
                reference: Some(Reference { p50_ms: 26.0, commands: None }),
                ..new("newest-small", "newest-small", Dataset::NEWEST_SMALL)
            },
            new("schedule", "schedule", Dataset::SCHEDULE),
            Self { query: PAGE, ..new("hundred-page", "pages", Dataset::HUNDRED) },
            Self { query: PAGE, ..new("many-page", "pages", many) },
            Self { query: "limit=20", ..new("many-page-full", "pages", many) },
            encoded("zstd"),
            encoded("br"),
            encoded("gzip"),
            Self { is_conditional: true, ..new("large-again", "again", Dataset::LARGE) },
        ];
        let plotted = if quick { &PLOTTED[..2] } else { &PLOTTED[..] };
        for data in plotted {
            let full = Self { is_plotted: true, ..new(data.user_id, "plot", *data) };
            let other = |name, query| Self { name: format!("{}-{name}", data.user_id), query, ..full.clone() };
            scenarios.extend([full.clone(), other("summary", SUMMARY), other("page", PAGE)]);
        }
        scenarios
    }

    /// The function of the route.
    pub(crate) fn function(&self) -> &'static str {
        if self.data.scheduled { LIST_SCHEDULE_SESSIONS } else { LIST_SESSIONS }
    }

    /// The event that the gateway makes of the request. `etag` is that of the response that the
    /// client has.
    pub(crate) fn event(&self, etag: Option<&str>) -> Bytes {
        let mut request = if self.data.scheduled {
            HttpRequest::schedule_sessions(self.data.user_id, SCHEDULE)
        } else {
            HttpRequest::sessions(self.data.user_id, AGENT)
        };
        if !self.query.is_empty() {
            let separator = if request.query.is_empty() { "" } else { "&" };
            request.query = format!("{}{separator}{}", request.query, self.query);
        }
        let encoding = self.accept_encoding.map(|encoding| ("accept-encoding", encoding));
        for (name, value) in encoding.into_iter().chain(etag.map(|etag| ("if-none-match", etag))) {
            request.headers.push((name.to_owned(), value.to_owned()));
        }
        let event = match self.response_mode {
            ResponseMode::Buffered => request.http_api(),
            ResponseMode::Streaming => request.rest_api(),
        };
        event.to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn names_are_distinct_and_users_have_one_set_of_data() {
        for quick in [false, true] {
            let all = Scenario::all(quick);
            assert_eq!(all.iter().map(|scenario| &scenario.name).collect::<HashSet<_>>().len(), all.len());
            let mut data = HashMap::new();
            for scenario in &all {
                assert_eq!(*data.entry(scenario.data.user_id).or_insert(scenario.data), scenario.data);
            }
        }
    }

    #[test]
    fn a_request_is_an_event() {
        let scenario = Scenario::all(false).into_iter().find(|scenario| scenario.name == "many-page").unwrap();
        let event: serde_json::Value = serde_json::from_slice(&scenario.event(Some("\"e\""))).unwrap();
        assert_eq!(event["rawQueryString"], "agent_id=release-captain&limit=20&view=summary");
        assert_eq!(event["headers"]["x-user-id"], "many");
        assert_eq!(event["headers"]["if-none-match"], "\"e\"");
    }
}
