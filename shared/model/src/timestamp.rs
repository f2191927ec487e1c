//! Times of records, in the spelling of AgentScope.

use std::fmt;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Zoned};
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use speedate::{DateTimeConfig, MicrosecondsPrecisionOverflowBehavior, Time, TimeConfig};

/// A `created_at` or `updated_at`, as AgentScope prints it.
///
/// A naive time has no suffix, UTC has `Z`, and other offsets stay (`+08:00`). Microseconds have
/// six digits and are omitted if they are zero. Further digits are dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Timestamp {
    text: String,
    instant: String,
}

impl Timestamp {
    /// Parses a date and time, a date, or a number of seconds or milliseconds since 1970, with
    /// Pydantic's own parser. `None` if the text is none of these, or outside the years 1 to 9999.
    pub fn new(text: &str) -> Option<Self> {
        if let Ok(parsed) = speedate::DateTime::parse_str_with_config(text, &config()) {
            return Self::from_parsed(parsed);
        }
        let date = speedate::Date::parse_str_rfc3339(text).ok()?;
        let midnight = Time { hour: 0, minute: 0, second: 0, microsecond: 0, tz_offset: None };
        Self::from_parsed(speedate::DateTime { date, time: midnight })
    }

    /// Parses a JSON value: a string as by [`new`](Self::new), or a number of seconds or
    /// milliseconds since 1970.
    pub fn from_json(json: &str) -> Option<Self> {
        match json.as_bytes().first()? {
            b'"' => Self::new(&serde_json::from_str::<String>(json).ok()?),
            b'-' | b'0'..=b'9' if json.contains(['.', 'e', 'E']) => {
                let number: f64 = json.parse().ok()?;
                Self::from_parsed(speedate::DateTime::from_float_with_config(number, &config()).ok()?)
            }
            b'-' | b'0'..=b'9' => {
                let number: i64 = json.parse().ok()?;
                Self::from_parsed(speedate::DateTime::from_timestamp_with_config(number, 0, &config()).ok()?)
            }
            _ => None,
        }
    }

    fn from_parsed(parsed: speedate::DateTime) -> Option<Self> {
        let speedate::DateTime { date, time } = parsed;
        if date.year < 1 {
            return None;
        }
        let civil = DateTime::new(
            date.year.try_into().ok()?,
            date.month.try_into().ok()?,
            date.day.try_into().ok()?,
            time.hour.try_into().ok()?,
            time.minute.try_into().ok()?,
            time.second.try_into().ok()?,
            i32::try_from(time.microsecond).ok()? * 1000,
        )
        .ok()?;
        Some(Self { text: printed(civil, time.tz_offset), instant: fixed_width(civil, time.tz_offset.unwrap_or(0)) })
    }

    /// The current time as a naive local time, as AgentScope writes it.
    pub fn now() -> Self {
        let civil = truncated(Zoned::now().datetime());
        Self { text: printed(civil, None), instant: fixed_width(civil, 0) }
    }

    /// The text as AgentScope prints it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The instant in UTC with a fixed number of characters, so that text order is time order.
    /// Naive times count as UTC.
    ///
    /// The last hours of the year 9999 west of Greenwich are in the UTC year 10000. It is written
    /// `A000`, which sorts after `9999`.
    pub fn instant(&self) -> &str {
        &self.instant
    }
}

/// Numbers are times in UTC. Digits beyond microseconds are dropped.
fn config() -> DateTimeConfig {
    let time_config = TimeConfig {
        microseconds_precision_overflow_behavior: MicrosecondsPrecisionOverflowBehavior::Truncate,
        unix_timestamp_offset: Some(0),
    };
    DateTimeConfig { time_config, ..DateTimeConfig::default() }
}

fn truncated(civil: DateTime) -> DateTime {
    let whole_micros = civil.subsec_nanosecond() / 1000 * 1000;
    civil.with().subsec_nanosecond(whole_micros).build().unwrap_or(civil)
}

fn printed(civil: DateTime, offset: Option<i32>) -> String {
    let mut text = civil.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    if civil.subsec_nanosecond() != 0 {
        text += &format!(".{:06}", civil.subsec_nanosecond() / 1000);
    }
    match offset {
        None => {}
        Some(0) => text.push('Z'),
        Some(seconds) => {
            let sign = if seconds < 0 { '-' } else { '+' };
            let minutes = seconds.unsigned_abs() / 60;
            text += &format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        }
    }
    text
}

fn fixed_width(civil: DateTime, offset: i32) -> String {
    let shift = SignedDuration::from_secs(i64::from(offset));
    let day = SignedDuration::from_hours(24);
    let (prefix, utc) = match civil.checked_sub(shift) {
        Ok(utc) => (utc.strftime("%Y-%m-%d").to_string(), utc),
        // The result is past the last day of the calendar, so it is the first day of the year
        // 10000.
        Err(_) => ("A000-01-01".to_owned(), civil.saturating_sub(day).saturating_sub(shift)),
    };
    format!("{prefix}T{}.{:06}Z", utc.strftime("%H:%M:%S"), utc.subsec_nanosecond() / 1000)
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_json(json.get()).ok_or_else(|| match serde_json::from_str::<String>(json.get()) {
            Ok(text) => D::Error::invalid_value(Unexpected::Str(&text), &"a date and time in ISO 8601"),
            Err(_) => D::Error::invalid_type(Unexpected::Other("no text"), &"a date and time in ISO 8601"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded;

    #[test]
    fn times_are_those_of_agentscope() {
        recorded::compare("time", |json| {
            Timestamp::from_json(json).map(|time| format!("{time:?}")).map(|text| format!("\"{text}\""))
        });
    }

    fn printed(text: &str) -> String {
        Timestamp::new(text).unwrap().as_str().to_owned()
    }

    #[test]
    fn prints_as_agentscope_does() {
        assert_eq!(printed("2026-01-01T00:00:00"), "2026-01-01T00:00:00");
        assert_eq!(printed("2026-01-01 00:00:00.5"), "2026-01-01T00:00:00.500000");
        assert_eq!(printed("2026-01-01T00:00:00.000000Z"), "2026-01-01T00:00:00Z");
        assert_eq!(printed("2026-01-01T00:00:00+00:00"), "2026-01-01T00:00:00Z");
        assert_eq!(printed("2026-01-01T00:00:00-00:00"), "2026-01-01T00:00:00Z");
        assert_eq!(printed("2026-01-01T00:00:00.1234569+08:00"), "2026-01-01T00:00:00.123456+08:00");
        assert_eq!(printed("2026-01-01T00:00:00-05:30"), "2026-01-01T00:00:00-05:30");
        assert_eq!(printed("2026-01-01"), "2026-01-01T00:00:00");
        assert_eq!(printed("0999-01-01T00:00:00"), "0999-01-01T00:00:00");
        for bad in ["", "now", "2026-13-01T00:00:00", "2026-01-01T00:00:00[Europe/Berlin]", "-000001-01-01T00:00:00"] {
            assert_eq!(Timestamp::new(bad), None, "{bad}");
        }
    }

    #[test]
    fn instants_sort_as_text() {
        let instants: Vec<_> = [
            "0001-01-01T00:00:00+14:00",
            "0001-01-01T00:00:00Z",
            "2026-01-01T08:00:00+08:00",
            "2026-01-01T00:00:00.000001",
            "2025-12-31T19:00:01-05:00",
            "9999-12-31T23:59:59.999999Z",
            "9999-12-31T20:00:00-08:00",
            "9999-12-31T23:59:59-14:00",
        ]
        .map(|text| Timestamp::new(text).unwrap().instant().to_owned())
        .into();
        assert!(instants.is_sorted(), "{instants:?}");
        assert!(instants.iter().all(|instant| instant.len() == 27), "{instants:?}");
        assert_eq!(instants[2], "2026-01-01T00:00:00.000000Z");
        assert_eq!(instants[6], "A000-01-01T04:00:00.000000Z");
    }
}
