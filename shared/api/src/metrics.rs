//! The metrics: a line a request in CloudWatch's embedded metric format, on standard output, of which CloudWatch makes
//! metrics by route, and by route and outcome.
//!
//! The names of metrics and dimensions are what dashboards and alarms go by. A line holds counts, what Lambda calls the
//! request, and its status; never anything that a caller sent. The level of the logs does not concern it.

use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime};

use agentscope_store::Usage;
use lambda_http::http::StatusCode;
use metrique_writer::format::Format;
use metrique_writer::unit::{AsBytes, AsCount};
use metrique_writer::{Entry, EntryWriter};
use metrique_writer_format_emf::{Emf, NoMetric};

use crate::RESPONSE_LIMIT;
use crate::body::GatewayResponse;
use crate::response::BodyStats;

/// How often items of another release are logged.
const OTHER_RELEASE_EVERY: Duration = Duration::from_secs(60);

/// Writes the lines of a function.
pub(crate) struct Metrics {
    route: &'static str,
    emf: Emf,
    is_cold: bool,
    /// When items of another release were last logged.
    other_release_logged: Option<Instant>,
    /// The memory of one line is kept for the next.
    line: Vec<u8>,
}

/// A request that has been answered.
pub(crate) struct Handled<'a> {
    /// When it came.
    pub(crate) at: SystemTime,
    /// How long it took until there was an response to hand over.
    pub(crate) latency: Duration,
    pub(crate) response: &'a GatewayResponse,
    pub(crate) usage: Usage,
    /// What Lambda calls it.
    pub(crate) request_id: &'a str,
    pub(crate) trace_id: Option<&'a str>,
}

impl Metrics {
    /// The metrics of a route in a namespace of CloudWatch's.
    pub(crate) fn new(route: &'static str, namespace: &str) -> Self {
        let dimensions: [&[&str]; 2] = [&["Route"], &["Route", "Outcome"]];
        let dimensions = dimensions.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let emf = Emf::builder(namespace.to_owned(), dimensions.into()).build();
        Self { route, emf, is_cold: true, other_release_logged: None, line: Vec::new() }
    }

    /// Writes the line of a request.
    pub(crate) fn write(&mut self, answered: &Handled<'_>) {
        self.log_other_releases(answered.usage.other_releases);
        let is_cold = std::mem::take(&mut self.is_cold);
        self.line.clear();
        let line = Line { route: self.route, is_cold, answered };
        match self.emf.format(&line, &mut self.line) {
            // A function whose output nobody takes responses all the same.
            Ok(()) => drop(io::stdout().lock().write_all(&self.line)),
            Err(error) => tracing::error!(%error, "the metrics of the request cannot be written"),
        }
    }
}

impl Metrics {
    /// Says that items are in the shape of another release than the function's, at most once in
    /// [`OTHER_RELEASE_EVERY`].
    fn log_other_releases(&mut self, items: u64) {
        let is_due = self.other_release_logged.is_none_or(|logged| logged.elapsed() >= OTHER_RELEASE_EVERY);
        if items > 0 && is_due {
            self.other_release_logged = Some(Instant::now());
            tracing::warn!(
                items,
                "read items of another AgentScope release than AGENTSCOPE_RELEASE: responses show them in that shape"
            );
        }
    }
}

struct Line<'a> {
    route: &'static str,
    /// Whether this is the process's first request.
    is_cold: bool,
    answered: &'a Handled<'a>,
}

impl Entry for Line<'_> {
    fn write<'a>(&'a self, line: &mut impl EntryWriter<'a>) {
        let Handled { at, latency, response, usage, request_id, trace_id } = self.answered;
        let status = response.response.status();
        let weight = response.response.extensions().get::<BodyStats>();
        let bytes = response.size();
        let is_near_limit = status == StatusCode::PAYLOAD_TOO_LARGE || bytes * 5 > RESPONSE_LIMIT * 4;

        line.timestamp(*at);
        line.value("Route", self.route);
        line.value("Outcome", outcome(status));
        line.value("Requests", &AsCount::from(1_u64));
        line.value("ServerErrors", &AsCount::from(status.is_server_error()));
        line.value("Latency", latency);
        line.value("ColdStarts", &AsCount::from(self.is_cold));
        line.value("Sessions", &AsCount::from(weight.map_or(0, |weight| weight.sessions)));
        line.value("ResponseBytes", &AsBytes::from(bytes));
        line.value("NearLimit", &AsCount::from(is_near_limit));
        line.value("DynamoDbRequests", &AsCount::from(usage.requests));
        line.value("ReadUnits", &AsCount::from(usage.read_units));
        line.value("Retries", &AsCount::from(usage.retries));
        line.value("Throttles", &AsCount::from(usage.throttles));
        line.value("OtherReleases", &AsCount::from(usage.other_releases));
        line.value("status", &NoMetric::from(status.as_u16()));
        line.value("request_id", *request_id);
        line.value("trace_id", trace_id);
    }
}

/// What became of a request, as a dimension says it.
fn outcome(status: StatusCode) -> &'static str {
    match status.as_u16() {
        304 => "not-modified",
        500.. => "server-error",
        400.. => "client-error",
        _ => "ok",
    }
}
