//! Metrics: one line for each event in CloudWatch's embedded metric format, on standard output, as
//! the functions of the lists write them.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use metrique_writer::format::Format;
use metrique_writer::unit::AsCount;
use metrique_writer::{Entry, EntryWriter};
use metrique_writer_format_emf::Emf;

use crate::handler::Outcome;

/// Writes the metrics of the authorizer.
pub struct Metrics {
    emf: Emf,
    is_cold: bool,
}

/// An event whose result is ready.
#[derive(Debug)]
pub struct CompletedEvent<'a> {
    /// When it arrived.
    pub received: SystemTime,
    /// The time until its result was ready.
    pub latency: Duration,
    /// What came of it.
    pub outcome: Outcome,
    /// The attempts to fetch the issuer's keys.
    pub key_fetches: u64,
    /// Lambda's id of the invocation.
    pub request_id: &'a str,
}

impl Metrics {
    /// Metrics in a namespace of CloudWatch.
    pub fn new(namespace: &str) -> Self {
        let dimensions: [&[&str]; 2] = [&["Route"], &["Route", "Outcome"]];
        let dimensions = dimensions.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        Self { emf: Emf::builder(namespace.to_owned(), dimensions.into()).build(), is_cold: true }
    }

    /// Writes the line of an event.
    pub fn write(&mut self, event: &CompletedEvent<'_>) {
        let is_cold = std::mem::take(&mut self.is_cold);
        let mut line = Vec::new();
        match self.emf.format(&Line { is_cold, event }, &mut line) {
            // A closed standard output must not fail the request.
            Ok(()) => drop(io::stdout().lock().write_all(&line)),
            Err(error) => tracing::error!(%error, "cannot write the metrics of the request"),
        }
    }
}

struct Line<'a> {
    /// Whether this is the process's first event.
    is_cold: bool,
    event: &'a CompletedEvent<'a>,
}

impl Entry for Line<'_> {
    fn write<'a>(&'a self, line: &mut impl EntryWriter<'a>) {
        let CompletedEvent { received, latency, outcome, key_fetches, request_id } = self.event;
        line.timestamp(*received);
        line.value("Route", env!("CARGO_PKG_NAME"));
        line.value("Outcome", name(*outcome));
        line.value("Requests", &AsCount::from(1_u64));
        line.value("ServerErrors", &AsCount::from(*outcome == Outcome::Failed));
        line.value("Latency", latency);
        line.value("ColdStarts", &AsCount::from(self.is_cold));
        line.value("KeyFetches", &AsCount::from(*key_fetches));
        line.value("request_id", *request_id);
    }
}

/// The value of the dimension `Outcome`.
fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "allowed",
        Outcome::Denied => "denied",
        Outcome::Unauthorized => "unauthorized",
        Outcome::Failed => "failed",
    }
}
