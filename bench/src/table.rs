//! The results as tables in Markdown.

use std::fmt::Write;

use agentscope_tests::runtime_api::RESPONSE_LIMIT;

use crate::results::{ColdStart, Cpu, Measured, Outcome, Results};
use crate::size::Size;
use crate::stats::Times;

impl Results {
    /// What is printed of a run.
    pub(crate) fn tables(&self) -> String {
        let machine = &self.machine;
        let mut text = format!(
            "{} cores of {}, Linux {}, {}, commit {}, {}; store: {}, seed {}{}\n",
            machine.cores,
            machine.processor,
            machine.kernel,
            machine.rustc.as_deref().unwrap_or("unknown compiler"),
            machine.commit.as_deref().unwrap_or("unknown"),
            machine.date,
            self.settings.store,
            self.settings.seed,
            if self.settings.quick { "; a quick look, not a measurement" } else { "" },
        );
        if machine.load.is_some_and(|load| load > 0.5) {
            let _ = writeln!(text, "The machine was busy when the run began; compare ratios, not times.");
        }
        if !self.scenarios.is_empty() {
            section(&mut text, "Time of a call, in turns with the baseline", &times(&self.scenarios));
            for scenario in &self.scenarios {
                if let Some(why) = &scenario.not_measured {
                    let _ = writeln!(text, "\n{} was not measured: {why}.", scenario.name);
                }
            }
            section(&mut text, "What a call costs", &costs(&self.scenarios));
        }
        let compared: Vec<_> = self.scenarios.iter().filter_map(reference).collect();
        if !compared.is_empty() {
            let head =
                ["scenario", "p50", "requests (depth)", "reference p50", "its commands, in sequence", "times as fast"];
            section(
                &mut text,
                "Beside AgentScope's own service (its figures were given, not measured here)",
                &table(&head, &compared),
            );
        }
        if !self.cold_starts.is_empty() {
            section(
                &mut text,
                "Cold start, from the spawn, in turns with a bare client",
                &cold_starts(&self.cold_starts),
            );
        }
        if !self.sizes.is_empty() {
            section(&mut text, "Size", &sizes(&self.sizes));
        }
        text
    }
}

fn section(text: &mut String, title: &str, table: &str) {
    let _ = write!(text, "\n### {title}\n\n{table}");
}

fn times(scenarios: &[Measured]) -> String {
    let head = [
        "scenario",
        "sessions",
        "query",
        "calls",
        "p50",
        "p99",
        "baseline p50",
        "baseline p99",
        "ratio",
        "call by call",
    ];
    let rows = scenarios.iter().map(|scenario| {
        let mut row = vec![scenario.name.clone(), scenario.sessions.to_string(), scenario.query.clone()];
        match &scenario.outcome {
            Some(Outcome { route, baseline, ratio, paired_ratio, .. }) => {
                row.push(route.count.to_string());
                row.extend([route.p50, route.p99, baseline.p50, baseline.p99].map(millis));
                row.extend([ratio, paired_ratio].map(|ratio| format!("{ratio:.2}")));
            }
            None => row.push("n/a".to_owned()),
        }
        row
    });
    table(&head, &rows.collect::<Vec<_>>())
}

fn costs(scenarios: &[Measured]) -> String {
    let head = [
        "scenario",
        "status",
        "requests",
        "depth",
        "waves",
        "read units",
        "body",
        "encoding",
        "posted",
        "peak memory",
        "CPU user + system",
        "baseline's CPU",
    ];
    let row = |scenario: &Measured| {
        let outcome = scenario.outcome.as_ref()?;
        let over = if outcome.posted_bytes > RESPONSE_LIMIT { " (over Lambda's limit)" } else { "" };
        Some(vec![
            scenario.name.clone(),
            outcome.status.to_string(),
            outcome.requests.to_string(),
            outcome.waves.len().to_string(),
            outcome.waves.iter().map(usize::to_string).collect::<Vec<_>>().join(" + "),
            outcome.read_units.map_or("unknown".to_owned(), |units| format!("{units:.1}")),
            kilobytes(outcome.body_bytes as u64),
            outcome.content_encoding.clone().unwrap_or_default(),
            kilobytes(outcome.posted_bytes as u64) + over,
            format!("{:.1} MB", outcome.peak_memory as f64 / 1e6),
            cpu(&outcome.route_cpu),
            cpu(&outcome.baseline_cpu),
        ])
    };
    table(&head, &scenarios.iter().filter_map(row).collect::<Vec<_>>())
}

fn reference(scenario: &Measured) -> Option<Vec<String>> {
    let (outcome, reference) = (scenario.outcome.as_ref()?, scenario.reference?);
    Some(vec![
        scenario.name.clone(),
        millis(outcome.route.p50),
        format!("{} ({})", outcome.requests, outcome.waves.len()),
        format!("{:.0} ms", reference.p50_ms),
        reference.commands.map_or("unknown".to_owned(), |commands| commands.to_string()),
        format!("{:.1}", reference.p50_ms * 1e3 / outcome.route.p50),
    ])
}

fn cold_starts(starts: &[ColdStart]) -> String {
    let head = ["function", "spawns", "until", "p50", "p99", "bare p50", "bare p99", "ratio"];
    let row = |start: &ColdStart, until: &str, times: &Times, baseline: &Times| {
        let mut row = vec![start.function.clone(), times.count.to_string(), until.to_owned()];
        row.extend([times.p50, times.p99, baseline.p50, baseline.p99].map(millis));
        row.push(format!("{:.2}", times.p50 / baseline.p50));
        row
    };
    let rows = starts.iter().flat_map(|start| {
        [
            row(start, "first request for an event", &start.next, &start.baseline_next),
            row(start, "first response", &start.response, &start.baseline_response),
        ]
    });
    table(&head, &rows.collect::<Vec<_>>())
}

fn sizes(sizes: &[Size]) -> String {
    let rows = sizes.iter().map(|size| vec![size.function.clone(), kilobytes(size.binary), kilobytes(size.zip)]);
    table(&["function", "stripped binary", "zip"], &rows.collect::<Vec<_>>())
}

fn millis(micros: f64) -> String {
    format!("{:.2} ms", micros / 1e3)
}

fn kilobytes(bytes: u64) -> String {
    format!("{:.1} kB", bytes as f64 / 1e3)
}

fn cpu(cpu: &Cpu) -> String {
    format!("{:.2} + {:.2} ms", cpu.user / 1e3, cpu.system / 1e3)
}

/// A table whose columns stand in line: the first to the left, the others to the right. Rows may
/// end early.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
    let head: Vec<String> = head.iter().map(|title| (*title).to_owned()).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let width = |row: &[String]| cell(row, column).chars().count();
            rows.iter().map(|row| width(row)).chain([width(&head), 3]).max().unwrap_or_default()
        })
        .collect();
    let line = |row: &[String]| {
        let cells = widths.iter().enumerate().map(|(column, width)| match column {
            0 => format!("| {:<width$} ", cell(row, column)),
            _ => format!("| {:>width$} ", cell(row, column)),
        });
        cells.collect::<String>() + "|\n"
    };
    let rules = widths.iter().enumerate().map(|(column, width)| match column {
        0 => format!("|{}", "-".repeat(width + 2)),
        _ => format!("|{}:", "-".repeat(width + 1)),
    });
    let rule = rules.collect::<String>() + "|\n";
    line(&head) + &rule + &rows.iter().map(|row| line(row)).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_line() {
        let rows = [vec!["a".to_owned(), "10".to_owned()], vec!["longer".to_owned()]];
        assert_eq!(
            table(&["x", "number"], &rows),
            "| x      | number |\n|--------|-------:|\n| a      |     10 |\n| longer |        |\n"
        );
    }
}
