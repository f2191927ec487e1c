//! The addresses of data blocks.

use ::url::Url;

/// The URL as the reference prints it; `None` if it refuses it.
///
/// Pydantic's `AnyUrl` is any absolute URL of the WHATWG's standard: with a scheme, in lower case,
/// hosts of web addresses in Punycode, without default ports, with a path. It uses the same
/// parser.
pub fn normalized(text: &str) -> Option<String> {
    Url::parse(text).ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded;

    #[test]
    fn urls_are_those_of_the_reference() {
        recorded::compare("url", |json| {
            let text: String = serde_json::from_str(json).ok()?;
            normalized(&text).and_then(|url| serde_json::to_string(&url).ok())
        });
    }

    #[test]
    fn data_of_any_length_is_taken() {
        let data = format!("data:image/png;base64,{}", "A".repeat(1_000_000));
        assert_eq!(normalized(&data), Some(data));
    }
}
