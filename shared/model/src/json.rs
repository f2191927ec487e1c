//! JSON as text: compact, with its strings unescaped, and with all the digits of its numbers.

use std::borrow::Cow;

/// Removes blanks, and unescapes strings as far as JSON allows. `None` if the text is compact.
///
/// Numbers keep their spelling (`1.0`, `-0.0`, `1e300`, integers of any length), and keys keep
/// their order. The text must be valid JSON.
///
/// # Errors
///
/// A string has half of a surrogate pair, which UTF-8 cannot represent.
pub(crate) fn compact(text: &str) -> Result<Option<String>, serde_json::Error> {
    let is_compact = |text: &str| !text.bytes().any(|byte| matches!(byte, b'\\' | b' ' | b'\t' | b'\n' | b'\r'));
    if is_compact(text) {
        return Ok(None);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        let (before, from_quote) = rest.split_at(start);
        push_without_blanks(&mut out, before);
        let mut strings = serde_json::Deserializer::from_str(from_quote).into_iter::<String>();
        let Some(string) = strings.next().transpose()? else { break };
        let end = strings.byte_offset();
        serde_json::to_writer(&mut out, &string)?;
        rest = &from_quote[end..];
    }
    push_without_blanks(&mut out, rest);
    String::from_utf8(out).map(Some).map_err(serde::de::Error::custom)
}

fn push_without_blanks(out: &mut Vec<u8>, text: &str) {
    out.extend(text.bytes().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')));
}

/// The result of [`compact`], or the text itself if it fails.
pub(crate) fn compact_text(text: &str) -> Cow<'_, str> {
    compact(text).ok().flatten().map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The JSON type of a value, for messages that must not quote it.
pub(crate) fn kind_of(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ if text.contains(['.', 'e', 'E']) => "a float",
        _ => "an integer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_form_values_keep_their_digits_and_lose_their_blanks() {
        assert_eq!(
            compact_text(
                "{ \"b\" : [ 1.0 , -0.0,1e300, 123456789012345678901234567890 ] ,\n\t\"a\": \"x \\u4e2d\\/\\n\" }"
            ),
            "{\"b\":[1.0,-0.0,1e300,123456789012345678901234567890],\"a\":\"x 中/\\n\"}"
        );
    }

    #[test]
    fn half_a_surrogate_pair_is_refused() {
        assert!(compact(r#"["\ud800"]"#).is_err());
        assert_eq!(compact_text(r#"["\ud83e\udd8a"]"#), "[\"🦊\"]");
    }
}
