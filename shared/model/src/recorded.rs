//! How the reference reads and prints odd values: `tests/contract/values.json`, which `values.py`
//! beside it records.

use serde::Deserialize;

use crate::non_finite::with_overflowing_numbers;

#[derive(Deserialize)]
struct Recorded {
    /// The place of a value in a record, the value, and how it is printed there.
    cases: Vec<(String, String, Option<String>)>,
}

/// Holds a conversion to every value that was recorded in a place.
pub(crate) fn compare(place: &str, converted: impl Fn(&str) -> Option<String>) {
    compare_but(place, converted, &[]);
}

/// As [`compare`], but for values that we refuse and the reference does not.
pub(crate) fn compare_but(place: &str, converted: impl Fn(&str) -> Option<String>, refused: &[&str]) {
    let recorded: Recorded = serde_json::from_str(include_str!("../../../tests/contract/values.json")).unwrap();
    let cases: Vec<_> = recorded.cases.into_iter().filter(|(at, ..)| at == place).collect();
    assert!(cases.len() > 50, "{place}");
    let differing: Vec<_> = cases
        .into_iter()
        .map(|(_, value, printed)| (converted(&with_overflowing_numbers(&value)), value, printed))
        .filter(|(converted, value, printed)| {
            let is_refused = refused.contains(&value.as_str());
            if is_refused { converted.is_some() || printed.is_none() } else { converted != printed }
        })
        .collect();
    assert!(differing.is_empty(), "{place}: {differing:#?}");
}
