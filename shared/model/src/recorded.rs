//! Compares conversions with AgentScope's own results for unusual values, which
//! `tests/contract/values.py` has recorded in `values.json`.

use serde::Deserialize;

use crate::non_finite::with_overflowing_numbers;

#[derive(Deserialize)]
struct Recorded {
    /// The type of a field, a value, and the value as AgentScope prints it.
    cases: Vec<(String, String, Option<String>)>,
}

/// Compares a conversion with every value that was recorded for a type.
pub(crate) fn compare(kind: &str, converted: impl Fn(&str) -> Option<String>) {
    compare_except(kind, converted, &[]);
}

/// Like [`compare`], except for values that only AgentScope accepts.
pub(crate) fn compare_except(kind: &str, converted: impl Fn(&str) -> Option<String>, refused: &[&str]) {
    let recorded: Recorded = serde_json::from_str(include_str!("../../../tests/contract/values.json")).unwrap();
    let cases: Vec<_> = recorded.cases.into_iter().filter(|(recorded, ..)| recorded == kind).collect();
    assert!(cases.len() > 50, "{kind}");
    let differing: Vec<_> = cases
        .into_iter()
        .map(|(_, value, printed)| (converted(&with_overflowing_numbers(&value)), value, printed))
        .filter(|(converted, value, printed)| {
            let is_refused = refused.contains(&value.as_str());
            if is_refused { converted.is_some() || printed.is_none() } else { converted != printed }
        })
        .collect();
    assert!(differing.is_empty(), "{kind}: {differing:#?}");
}
