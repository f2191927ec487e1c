//! Numbers in the spelling of AgentScope.
//!
//! The rules are Pydantic's: which strings and booleans it converts to numbers, and how its
//! serializer prints floats.

use indexmap::IndexMap;
use serde_json::value::RawValue;

/// The maximum number of digits of an integer that Pydantic parses.
const MAX_DIGITS: usize = 4300;

/// The maximum depth of nested objects and arrays that Pydantic parses.
const MAX_DEPTH: usize = 200;

/// How AgentScope prints this JSON value in a field of floats; `None` if AgentScope refuses it.
///
/// An infinite number becomes `null`. Bounds of the field apply to [`float_value`].
pub fn float(json: &str) -> Option<String> {
    float_value(json).map(printed)
}

/// The float that AgentScope parses from this JSON value; `None` if AgentScope refuses it. It may
/// be infinite or NaN.
pub fn float_value(json: &str) -> Option<f64> {
    match json {
        "true" => Some(1.0),
        "false" => Some(0.0),
        _ if json.starts_with('"') => float_from_text(&string(json)?),
        _ if !is_number(json) || is_too_long(json) => None,
        _ if is_integer(json) => Some(signless_zero(json).parse().ok()?),
        _ => json.parse().ok(),
    }
}

/// How AgentScope prints this JSON value in a field of integers; `None` if AgentScope refuses it.
pub fn integer(json: &str) -> Option<String> {
    match json {
        "true" => Some("1".to_owned()),
        "false" => Some("0".to_owned()),
        _ if json.starts_with('"') => integer_from_text(&string(json)?),
        _ if !is_number(json) || is_too_long(json) => None,
        _ if is_integer(json) => Some(signless_zero(json).to_owned()),
        _ => integer_from_float(json.parse().ok()?),
    }
}

/// How AgentScope prints this JSON value in a field of any type; `None` if AgentScope refuses it.
///
/// The text is compact, and its strings are unescaped. Integers keep their digits. Floats are
/// printed as by [`float`]. A repeated key has the last value, at the position of the first.
pub fn free_form(json: &str) -> Option<String> {
    with_floats(json, float)
}

/// Like [`free_form`], but floats are printed as by [`float_as_spelled`].
pub fn free_form_as_spelled(json: &str) -> Option<String> {
    with_floats(json, float_as_spelled)
}

/// Like [`float`], but a float in the spelling of Python's `json` module keeps it. That module
/// writes exports, and the responses of services whose FastAPI does not serialize with Pydantic.
pub fn float_as_spelled(json: &str) -> Option<String> {
    let value = float_value(json)?;
    if value.is_finite() && python_spelling(value) == json { Some(json.to_owned()) } else { float(json) }
}

/// How Python prints a float: the shortest digits that parse to the same number. Below 1e-4 and
/// from 1e16 on, they have an exponent with a sign and at least two digits.
fn python_spelling(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..16).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => format!("{value:?}"),
    }
}

fn with_floats(json: &str, float: fn(&str) -> Option<String>) -> Option<String> {
    let mut out = Vec::with_capacity(json.len());
    write(serde_json::from_str(json).ok()?, &mut out, 0, float)?;
    String::from_utf8(out).ok()
}

fn write(value: &RawValue, out: &mut Vec<u8>, depth: usize, float: fn(&str) -> Option<String>) -> Option<()> {
    let text = value.get();
    match text.as_bytes().first()? {
        b'{' | b'[' if depth == MAX_DEPTH => return None,
        b'{' => {
            let members: IndexMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            let mut separator = b'{';
            for (key, value) in members {
                out.push(std::mem::replace(&mut separator, b','));
                serde_json::to_writer(&mut *out, &key).ok()?;
                out.push(b':');
                write(value, out, depth + 1, float)?;
            }
            out.extend(if separator == b'{' { &b"{}"[..] } else { b"}" });
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let mut separator = b'[';
            for item in items {
                out.push(std::mem::replace(&mut separator, b','));
                write(item, out, depth + 1, float)?;
            }
            out.extend(if separator == b'[' { &b"[]"[..] } else { b"]" });
        }
        b'"' => serde_json::to_writer(out, &string(text)?).ok()?,
        b't' | b'f' | b'n' => out.extend(text.as_bytes()),
        _ if is_integer(text) => out.extend(integer(text)?.as_bytes()),
        _ => out.extend(float(text)?.as_bytes()),
    }
    Some(())
}

fn is_number(json: &str) -> bool {
    json.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && serde_json::from_str::<&RawValue>(json).is_ok()
}

fn is_integer(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}

/// Whether a number is an integer with more digits than Pydantic parses.
fn is_too_long(number: &str) -> bool {
    is_integer(number) && number.trim_start_matches('-').len() > MAX_DIGITS
}

/// Removes the sign of an integer `-0`.
fn signless_zero(integer: &str) -> &str {
    if integer == "-0" { "0" } else { integer }
}

fn string(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

/// Prints a float as Pydantic does, with serde_json: numbers from `1e+16` on and below `0.00001`
/// have an exponent.
fn printed(value: f64) -> String {
    if value.is_finite() { serde_json::to_string(&value).unwrap_or_default() } else { "null".to_owned() }
}

/// Ignores blanks around the text and single underscores in it.
fn float_from_text(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_misplaced = text.starts_with('_') || text.ends_with('_') || text.contains("__");
    if is_misplaced { None } else { text.replace('_', "").parse().ok() }
}

/// Converts whole floats within 64 bits.
fn integer_from_float(value: f64) -> Option<String> {
    let is_within = (i64::MIN as f64) < value && value < (i64::MAX as f64);
    (is_within && value.fract() == 0.0).then(|| (value as i64).to_string())
}

/// Accepts blanks around the text, a sign, leading zeros, single underscores between digits, and a
/// fraction of zeros.
///
/// Pydantic misreads what follows leading zeros (`0-5` as -5, `0__5` as 5). Those are refused
/// here.
fn integer_from_text(text: &str) -> Option<String> {
    let text = text.trim();
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => ("-", text),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits.split('_').all(is_digits) || fraction.is_empty() || fraction.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let digits = digits.replace('_', "");
    match digits.trim_start_matches('0') {
        "" => Some("0".to_owned()),
        digits if digits.len() > MAX_DIGITS => None,
        digits => Some(format!("{sign}{digits}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded;

    #[test]
    fn floats_are_those_of_agentscope() {
        recorded::compare("float", float);
        // The bound applies to the value, before an infinite number becomes null.
        recorded::compare("float over 10000", |json| float_value(json).filter(|value| *value > 10_000.0).map(printed));
    }

    #[test]
    fn integers_are_those_of_agentscope() {
        recorded::compare_except("integer", integer, &[r#""0-5""#, r#""0__5""#]);
    }

    #[test]
    fn free_form_values_are_those_of_agentscope() {
        recorded::compare("free-form", free_form);
    }

    #[test]
    fn free_form_values_of_any_depth_end() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(free_form(&nested(200)), Some(nested(200)));
        assert_eq!(free_form(&nested(201)), None);
        assert_eq!(free_form(&nested(100_000)), None);
    }
}
