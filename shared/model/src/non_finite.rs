//! The numbers `NaN`, `Infinity` and `-Infinity`, which Python's `json` module writes and JSON
//! lacks.

use std::borrow::Cow;

use memchr::{memchr2, memchr3};

/// Replaces `Infinity`, `-Infinity` and `NaN` by numbers beyond the range of floats.
///
/// Such a number is parsed as infinite, so that bounds apply, and printed as `null`, like
/// `1e400`. `NaN` becomes the negative one, because every lower bound excludes it. Strings stay
/// as they are, and so does text that is not JSON.
pub fn with_overflowing_numbers(text: &str) -> Cow<'_, str> {
    const NAMES: [(&str, &str); 3] = [("-Infinity", "-1e999"), ("Infinity", "1e999"), ("NaN", "-1e999")];
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    // Most texts have neither name, and a search is faster than parsing strings.
    if memchr::memmem::find(bytes, b"NaN").is_none() && memchr::memmem::find(bytes, b"Infinity").is_none() {
        return Cow::Borrowed(text);
    }
    while let Some(found) = memchr3(b'"', b'N', b'I', &bytes[at..]).map(|offset| at + offset) {
        if bytes[found] == b'"' {
            at = end_of_string(bytes, found);
            continue;
        }
        let start = if found > at && bytes[found] == b'I' && bytes[found - 1] == b'-' { found - 1 } else { found };
        match NAMES.iter().find(|(name, _)| text[start..].starts_with(name)) {
            Some((name, number)) if is_token(bytes, start, start + name.len()) => {
                out.push_str(&text[copied..start]);
                out.push_str(number);
                at = start + name.len();
                copied = at;
            }
            _ => at = found + 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The number of numbers in a JSON text that are beyond the range of floats, which are printed as
/// `null`.
///
/// Integers without an exponent do not count: they keep their digits, except in fields of floats.
pub fn count(json: &str) -> usize {
    let bytes = json.as_bytes();
    let mut count = 0;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = end_of_string(bytes, at),
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let length = bytes[at..].iter().take_while(|byte| is_part(byte)).count();
                let number = &json[at..at + length];
                let is_float = number.contains(['.', 'e', 'E']);
                count += usize::from(is_float && number.parse().is_ok_and(f64::is_infinite));
                at += length;
            }
            _ => at += 1,
        }
    }
    count
}

/// The end of the string that begins at this quote; the end of the text if the string is not
/// closed.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)).map(|offset| at + offset) {
        if bytes[found] == b'"' {
            return found + 1;
        }
        at = found + 2;
    }
    bytes.len()
}

/// Whether this part of the text is a token of its own.
fn is_token(bytes: &[u8], start: usize, end: usize) -> bool {
    let is_apart = |byte: Option<&u8>| {
        byte.is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'[' | b']' | b'{' | b'}'))
    };
    is_apart(start.checked_sub(1).and_then(|before| bytes.get(before))) && is_apart(bytes.get(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_numbers_outside_of_strings() {
        for (text, expected) in [
            ("NaN", "-1e999"),
            ("Infinity", "1e999"),
            (" -Infinity\n", " -1e999\n"),
            ("[NaN,Infinity,-Infinity]", "[-1e999,1e999,-1e999]"),
            (r#"{"a":NaN,"NaN":"Infinity","b\"NaN":[ NaN ]}"#, r#"{"a":-1e999,"NaN":"Infinity","b\"NaN":[ -1e999 ]}"#),
            (r#"{"ä🦊":NaN,"\\":NaN}"#, r#"{"ä🦊":-1e999,"\\":-1e999}"#),
        ] {
            assert_eq!(with_overflowing_numbers(text), expected, "{text}");
        }
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            "",
            "null",
            r#""NaN""#,
            r#""\"NaN""#,
            r#"["-Infinity"]"#,
            "-NaN",
            "NaNs",
            "1NaN",
            "--Infinity",
            "InfinityNaN",
            "nan",
            r#""open NaN"#,
            r#""NaN\"#,
            "Na",
            "I",
            "-",
            "ÄNaN",
        ] {
            assert!(matches!(with_overflowing_numbers(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn numbers_beyond_floats_are_counted() {
        assert_eq!(count(r#"{"1e400":"1e400","a":[1e400,-1e999,1e308,-0.0,1e-400],"b\"":12,"c":"\\"}"#), 2);
        let long = "1".repeat(400);
        assert_eq!((count(&long), count(&format!("[{long}.0]")), count("")), (0, 1, 0));
        assert_eq!(count(r#""open 1e400"#), 0);
    }
}
