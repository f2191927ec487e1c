//! Progress bars, for a terminal only.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for a known number of records.
pub(super) fn bar(records: usize) -> ProgressBar {
    styled(ProgressBar::new(records as u64), "{bar:40} {pos}/{len} {msg} {eta}")
}

/// A spinner for an unknown number of records.
pub(super) fn spinner() -> ProgressBar {
    styled(ProgressBar::new_spinner(), "{spinner} {pos} {msg} ({elapsed})")
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
