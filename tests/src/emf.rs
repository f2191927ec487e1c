//! CloudWatch's embedded metric format, as its specification has it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// CloudWatch's units of metrics that are no rates.
const UNITS: [&str; 16] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "None",
];

/// The lines of a function's output that CloudWatch makes metrics of.
///
/// # Panics
///
/// A line is no JSON object.
pub fn lines(output: &str) -> Vec<Value> {
    let lines = output.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    lines.filter(|line| line.as_object().expect("an object").contains_key("_aws")).collect()
}

/// Checks that CloudWatch extracts all that a line says of metrics: structure, lengths and limits,
/// and that every metric and dimension that is named is there.
///
/// # Errors
///
/// Why it does not.
pub fn check(line: &Value) -> Result<(), String> {
    let ensure = |is_so: bool, what: &str| if is_so { Ok(()) } else { Err(format!("{what}: {line}")) };
    ensure(line.to_string().len() <= 256 * 1024, "at most 256 KB")?;
    let timestamp = line["_aws"]["Timestamp"].as_i64();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?.as_millis() as i64;
    // Metrics of the last two weeks, and of two hours ahead, are taken.
    const HOUR: i64 = 3_600_000;
    ensure(
        timestamp.is_some_and(|time| (now - 336 * HOUR..now + 2 * HOUR).contains(&time)),
        "_aws.Timestamp is an integer of milliseconds, and not long ago",
    )?;
    let directives = line["_aws"]["CloudWatchMetrics"].as_array();
    let directives = directives.filter(|all| !all.is_empty()).ok_or(format!("_aws.CloudWatchMetrics: {line}"))?;
    for directive in directives {
        ensure(is_text(&directive["Namespace"], 1024), "a namespace")?;
        let sets = directive["Dimensions"].as_array().filter(|sets| !sets.is_empty());
        for set in sets.ok_or(format!("no set of dimensions: {line}"))? {
            let set = set.as_array().ok_or(format!("a set of dimensions is an array: {line}"))?;
            ensure(set.len() <= 30, "at most 30 dimensions")?;
            for name in set {
                ensure(is_text(name, 250), "a dimension's name")?;
                ensure(is_text(&line[name.as_str().unwrap_or_default()], 1024), "a dimension's value is a text")?;
            }
        }
        let metrics = directive["Metrics"].as_array().filter(|metrics| (1..=100).contains(&metrics.len()));
        for metric in metrics.ok_or(format!("1 to 100 metrics: {line}"))? {
            ensure(is_text(&metric["Name"], 1024), "a metric's name")?;
            let unit = &metric["Unit"];
            ensure(unit.is_null() || UNITS.iter().any(|known| unit == known), "a unit that is known")?;
            let resolution = &metric["StorageResolution"];
            ensure(resolution.is_null() || resolution == 1 || resolution == 60, "a resolution of 1 or 60")?;
            let target = &line[metric["Name"].as_str().unwrap_or_default()];
            let is_numbers = target.as_array().is_some_and(|all| all.len() <= 100 && all.iter().all(Value::is_number));
            ensure(target.is_number() || is_numbers, "a metric is a number")?;
        }
    }
    Ok(())
}

fn is_text(value: &Value, longest: usize) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty() && text.chars().count() <= longest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        json!({
            "_aws": {
                "Timestamp": now,
                "CloudWatchMetrics": [{
                    "Namespace": "N",
                    "Dimensions": [["D"], []],
                    "Metrics": [{ "Name": "M", "Unit": "Count" }, { "Name": "Many" }],
                }],
            },
            "D": "d", "M": 1.5, "Many": [1, 2], "other": { "is": "ignored" },
        })
    }

    #[test]
    fn what_cloudwatch_ignores_is_found() {
        assert_eq!(check(&good()), Ok(()));
        let directive = "/_aws/CloudWatchMetrics/0";
        for (pointer, value) in [
            ("/_aws/Timestamp".to_owned(), json!(1)),
            ("/_aws/Timestamp".to_owned(), json!("2026-01-01")),
            ("/_aws/Timestamp".to_owned(), json!(good()["_aws"]["Timestamp"].as_f64().unwrap() + 0.5)),
            ("/_aws/CloudWatchMetrics".to_owned(), json!([])),
            ("/_aws/CloudWatchMetrics".to_owned(), json!({})),
            (format!("{directive}/Namespace"), json!("")),
            (format!("{directive}/Dimensions"), json!([])),
            (format!("{directive}/Dimensions"), json!(["D"])),
            (format!("{directive}/Dimensions/0/0"), json!("E")),
            (format!("{directive}/Metrics"), json!([])),
            (format!("{directive}/Metrics/0/Name"), json!("D")),
            (format!("{directive}/Metrics/0/Name"), json!("X")),
            (format!("{directive}/Metrics/0/Unit"), json!("milliseconds")),
            ("/D".to_owned(), json!(1)),
            ("/D".to_owned(), json!("")),
            ("/M".to_owned(), json!("1")),
            ("/Many".to_owned(), json!([1, "2"])),
        ] {
            let mut line = good();
            *line.pointer_mut(&pointer).unwrap() = value;
            assert!(check(&line).is_err(), "{line}");
        }
    }
}
