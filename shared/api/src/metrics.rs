//! Metrics: one line for each request in CloudWatch's embedded metric format, on standard output.
//!
//! CloudWatch derives metrics by route, and by route and outcome. Dashboards and alarms depend on
//! the names of metrics and dimensions. A line has counts, the request id, the trace id, the status
//! and a pseudonym of the caller, never anything that a caller sent. The log level does not apply
//! to it.

use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime};

use agentscope_store::Usage;
use lambda_http::http::StatusCode;
use metrique_writer::format::Format;
use metrique_writer::unit::{AsBytes, AsCount};
use metrique_writer::{Entry, EntryWriter};
use metrique_writer_format_emf::{Emf, NoMetric};

use crate::body::BodyStats;
use crate::gateway_response::GatewayResponse;

/// The minimum interval between warnings about the tables of the same kind.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// Writes the metrics of a function.
pub(crate) struct Metrics {
    route: &'static str,
    emf: Emf,
    is_cold: bool,
    /// When items of another release were last logged.
    other_release_logged: Option<Instant>,
    /// When rows of an index of an earlier version were last logged.
    unprojected_logged: Option<Instant>,
    /// A buffer that is reused for each line.
    line: Vec<u8>,
}

/// A request whose response is ready.
pub(crate) struct CompletedRequest<'a> {
    /// When its event arrived.
    pub(crate) received: SystemTime,
    /// The time from its event to its response.
    pub(crate) latency: Duration,
    pub(crate) response: &'a GatewayResponse,
    pub(crate) usage: Usage,
    /// Lambda's id of the invocation.
    pub(crate) request_id: &'a str,
    pub(crate) trace_id: Option<&'a str>,
    /// The pseudonym of the caller, if the request names one.
    pub(crate) caller: Option<&'a str>,
}

impl Metrics {
    /// Metrics of a route in a namespace of CloudWatch.
    pub(crate) fn new(route: &'static str, namespace: &str) -> Self {
        let dimensions: [&[&str]; 2] = [&["Route"], &["Route", "Outcome"]];
        let dimensions = dimensions.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let emf = Emf::builder(namespace.to_owned(), dimensions.into()).build();
        Self { route, emf, is_cold: true, other_release_logged: None, unprojected_logged: None, line: Vec::new() }
    }

    /// Writes the line of a request.
    pub(crate) fn write(&mut self, request: &CompletedRequest<'_>) {
        self.log_warnings(&request.usage);
        let is_cold = std::mem::take(&mut self.is_cold);
        self.line.clear();
        let line = Line { route: self.route, is_cold, request };
        match self.emf.format(&line, &mut self.line) {
            // A closed standard output must not fail the request.
            Ok(()) => drop(io::stdout().lock().write_all(&self.line)),
            Err(error) => tracing::error!(%error, "cannot write the metrics of the request"),
        }
    }

    /// Logs that the tables are not as this version writes them, each at most once in
    /// [`WARNING_INTERVAL`].
    fn log_warnings(&mut self, usage: &Usage) {
        let is_due = |logged: &mut Option<Instant>, items: u64| {
            let is_due = items > 0 && logged.is_none_or(|logged| logged.elapsed() >= WARNING_INTERVAL);
            if is_due {
                *logged = Some(Instant::now());
            }
            is_due
        };
        if is_due(&mut self.other_release_logged, usage.other_releases) {
            tracing::warn!(
                items = usage.other_releases,
                "read items of another AgentScope release than AGENTSCOPE_RELEASE: responses show them in that shape"
            );
        }
        if is_due(&mut self.unprojected_logged, usage.unprojected_rows) {
            tracing::warn!(
                rows = usage.unprojected_rows,
                "an index of the sessions table was created by an earlier version and does not project what lists \
                 show: lists are complete, but read each session's item; see \"Upgrade the tables\" in \
                 docs/OPERATIONS.md"
            );
        }
    }
}

struct Line<'a> {
    route: &'static str,
    /// Whether this is the process's first request.
    is_cold: bool,
    request: &'a CompletedRequest<'a>,
}

impl Entry for Line<'_> {
    fn write<'a>(&'a self, line: &mut impl EntryWriter<'a>) {
        let CompletedRequest { received, latency, response, usage, request_id, trace_id, caller } = self.request;
        let status = response.response.status();
        let stats = response.response.extensions().get::<BodyStats>();
        let bytes = response.size();
        let is_near_limit = status == StatusCode::PAYLOAD_TOO_LARGE || bytes * 5 > response.delivery.limits.result * 4;

        line.timestamp(*received);
        line.value("Route", self.route);
        line.value("Outcome", outcome(status));
        line.value("Requests", &AsCount::from(1_u64));
        line.value("ServerErrors", &AsCount::from(status.is_server_error()));
        line.value("Latency", latency);
        line.value("ColdStarts", &AsCount::from(self.is_cold));
        line.value("Sessions", &AsCount::from(stats.map_or(0, |stats| stats.sessions)));
        line.value("ResponseBytes", &AsBytes::from(bytes));
        line.value("NearLimit", &AsCount::from(is_near_limit));
        line.value("DynamoDbRequests", &AsCount::from(usage.requests));
        line.value("ReadUnits", &AsCount::from(usage.read_units));
        line.value("Retries", &AsCount::from(usage.retries));
        line.value("Throttles", &AsCount::from(usage.throttles));
        line.value("OtherReleases", &AsCount::from(usage.other_releases));
        line.value("UnprojectedRows", &AsCount::from(usage.unprojected_rows));
        line.value("status", &NoMetric::from(status.as_u16()));
        line.value("request_id", *request_id);
        line.value("trace_id", trace_id);
        line.value("caller", caller);
    }
}

/// The value of the dimension `Outcome`.
fn outcome(status: StatusCode) -> &'static str {
    match status.as_u16() {
        304 => "not-modified",
        500.. => "server-error",
        400.. => "client-error",
        _ => "ok",
    }
}
